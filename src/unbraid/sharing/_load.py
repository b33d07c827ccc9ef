"""A saved joint dictionary, read."""

from __future__ import annotations

from pathlib import Path

from unbraid._answers import kind_of, unpacked
from unbraid.errors import InputError
from unbraid.sharing._joint import Joint
from unbraid.sharing._saved import KIND, LAYOUT


def load_joint(folder: str | Path) -> Joint:
    """Return the joint dictionary that ``Joint.save`` wrote; see ``load_run``.

    Parameters
    ----------
    folder : str or Path
        What ``Joint.save`` wrote.

    Returns
    -------
    Joint
        As it was, bit for bit.

    Raises
    ------
    InputError
        A folder that is no run of ``joint``, is not whole, or was written by a newer Unbraid.

    Examples
    --------
    >>> load_joint("no-run")
    Traceback (most recent call last):
    ...
    unbraid.errors.InputError: no-run is no folder: give the folder that a run was saved to.
    """
    path = Path(folder).expanduser()
    if kind_of(path) != KIND:
        raise InputError(f"{path} holds another kind of result; it is none of unbraid.joint.")
    answer: Joint = unpacked(Joint, path, LAYOUT, "join again")
    return answer
