"""Responses from a file or folder, whatever its format; the format is told by the suffix."""

from __future__ import annotations

import difflib
from importlib import import_module
from pathlib import Path
from typing import Any

from unbraid.errors import InputError
from unbraid.responses._files import as_path, check_file
from unbraid.responses._responses import Responses
from unbraid.responses._store import MANIFEST, open_store

READERS = {
    ".npy": "npy",
    ".npz": "npz",
    ".safetensors": "safetensors",
}
"""Suffix -> module of ``_formats`` that has ``read(path)``."""

WRITERS = (".npy", ".npz", ".safetensors")
_PICKLES = {".pkl", ".pickle", ".pt", ".pth", ".th", ".joblib", ".ckpt", ".p", ".jbl"}


def load(path: Any) -> Responses:
    """Responses held by a file.

    Parameters
    ----------
    path : str or Path
        ``.npy`` (a matrix; stimulus ids from ``NAME.stimuli.txt`` beside it, one a line), ``.npz``
        or ``.safetensors`` (arrays ``values``, ``stimuli``, ``units``, ``repeats``; or the parts
        ``data``, ``indices``, ``indptr``, ``shape`` of CSR codes); or a folder that ``record_to``
        wrote (``open_store`` opens one that does not fit in memory).

    Returns
    -------
    Responses
        A file of 64 MiB or more is memory-mapped, not read (except for one pass that looks for
        NaN), where its format allows.

    Raises
    ------
    InputError
        One line that names the file: missing, unreadable, empty, truncated, of unknown format,
        not a matrix of finite real numbers, ids that are not unique or too few.

    Notes
    -----
    Nothing is ever unpickled. Sizes that a header claims are checked against the file before
    memory is allocated.

    Examples
    --------
    >>> import tempfile, pathlib, numpy as np
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.npz"
    >>> save(Responses(np.eye(3), stimuli=["cat", "dog", "owl"]), path)
    >>> load(path)
    Responses(3 stimuli x 3 units)
    """
    path = as_path(path)
    if (path / MANIFEST).is_file() or (path.is_dir() and path.suffix not in READERS):
        return open_store(path).read()
    module = import_module(f"unbraid.responses._formats.{_format(path)}")
    return module.read(path)


def save(responses: Any, path: Any) -> None:
    """Write responses to a file that is whole or absent, never half written.

    Parameters
    ----------
    responses : Responses, array of shape (n, p), CSR matrix or Codes
    path : str or Path
        ``.npz`` and ``.safetensors`` keep everything; ``.npy`` keeps values and stimulus ids (in
        ``NAME.stimuli.txt`` beside it) and refuses repeats, unit ids and sparse values;
        provenance is lost in it.

    Raises
    ------
    InputError
        Unknown suffix; a folder that cannot be written; what the format cannot hold.
    """
    from unbraid.responses._responses import as_responses

    path = as_path(path)
    if path.suffix.lower() not in WRITERS:
        raise InputError(f"{path} must end in one of {', '.join(WRITERS)} to be written.")
    module = import_module(f"unbraid.responses._formats.{READERS[path.suffix.lower()]}")
    module.write(as_responses(responses, "responses"), path)


def _format(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix in READERS:
        return READERS[suffix]
    if suffix in _PICKLES:
        raise InputError(
            f"{path} is a pickle, which could run any program and is never opened. "
            "Save the responses as .safetensors or .npz."
        )
    check_file(path)
    close = difflib.get_close_matches(suffix, READERS, n=1, cutoff=0.75)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise InputError(
        f"{path} has no known suffix, got {suffix or 'none'!r}; known: {', '.join(READERS)}.{hint}"
    )
