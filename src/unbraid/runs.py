"""Saved runs: which main job wrote a folder, and the answer that it held."""

from __future__ import annotations

import difflib
from importlib import import_module
from pathlib import Path
from typing import Any

from unbraid import _folders
from unbraid._answers import RESULT, kind_of
from unbraid.errors import InputError

KINDS: dict[str, tuple[str, str]] = {
    "comparison": ("unbraid.comparison", "load_comparison"),
    "joint": ("unbraid.sharing", "load_joint"),
}
"""Kind of a run, as its ``result.json`` says -> the room and the function that read it."""


def load_run(folder: str | Path) -> Any:
    """Return the answer that a main job saved, as it was; nothing is computed.

    Parameters
    ----------
    folder : str or Path
        What ``save`` or ``-o`` wrote.

    Returns
    -------
    Comparison or Joint
        The answer of ``compare``, bit for bit: scores, changes, verdict, table, codes, dictionaries
        and matches. The codes of controls are not kept (``lifted[...].controls`` is empty), their
        scores are. Of ``joint`` in the same way; what ``evaluate`` saved cannot be loaded.

    Raises
    ------
    InputError
        A folder that is no run, is not whole, was written by a newer Unbraid, or before runs could
        be loaded.

    Examples
    --------
    >>> load_run("no-run")
    Traceback (most recent call last):
    ...
    unbraid.errors.InputError: no-run is no folder: give the folder that a run was saved to.
    """
    path = Path(folder).expanduser()
    return _folders.steadily(path, lambda: _loaded(path))


def _loaded(folder: Path) -> Any:
    kind = _kind(folder)
    room, name = KINDS[kind]
    return getattr(import_module(room), name)(folder)


def _kind(folder: Path) -> str:
    path, kind = folder / RESULT, kind_of(folder)
    if kind is None:
        raise InputError(
            f"{path} does not say its kind: the run is a study, or older than runs that can be "
            f"loaded (kinds: {', '.join(KINDS)}). Its report.html shows it."
        )
    if not isinstance(kind, str) or kind not in KINDS:
        close = difflib.get_close_matches(str(kind), KINDS, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "; a newer one may."
        raise InputError(
            f"{path} is a run of kind {str(kind)[:60]!r}, which this Unbraid cannot load{hint}"
        )
    return str(kind)
