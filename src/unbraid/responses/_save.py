"""Responses and codes in a file that is whole or absent."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from unbraid._folders import check_makeable
from unbraid.errors import InputError
from unbraid.responses._files import as_path
from unbraid.responses._load import READERS, load
from unbraid.responses.labelled._responses import as_responses

WRITERS = (".npy", ".npz", ".safetensors")
_SPARSE_WRITERS = WRITERS[1:]  # the first cannot hold codes


def save(responses: Any, path: Any) -> None:
    """Write responses to a file that is whole or absent, never half written.

    Parameters
    ----------
    responses : Responses, array of shape (n, p), CSR matrix or Codes
        What is written.
    path : str or Path
        ``.npz`` and ``.safetensors`` keep everything; ``.npy`` keeps values and stimulus ids (in
        ``NAME.stimuli.txt`` beside it) and refuses repeats, unit ids and sparse values;
        provenance is lost in it.

    Raises
    ------
    InputError
        Unknown suffix; a folder that cannot be written; what the format cannot hold.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> path = tempfile.mkdtemp() + "/model.npz"
    >>> import unbraid as ub
    >>> save(ub.Responses(np.eye(2), stimuli=["cat", "dog"]), path)
    >>> ub.load(path).stimuli.tolist()
    ['cat', 'dog']
    """
    path = as_path(path)
    if path.suffix.lower() not in WRITERS:
        raise InputError(f"{path} must end in one of {', '.join(WRITERS)} to be written.")
    module = import_module(f"unbraid.responses._formats.{READERS[path.suffix.lower()]}")
    module.write(as_responses(responses, "responses"), path)


def check_codes_file(path: Any) -> None:
    """Refuse, before codes are computed, a name that they cannot be saved under.

    Parameters
    ----------
    path : str or Path
        Where codes are to be saved.

    Raises
    ------
    InputError
        A suffix of no format that holds sparse values; a folder, a link, or a file that holds
        anything but codes that Unbraid inferred; a place where nothing can be written.

    Examples
    --------
    >>> check_codes_file("codes.npz")
    >>> check_codes_file("codes.csv")
    Traceback (most recent call last):
    ...
    unbraid.errors.InputError: codes.csv must end in .npz or .safetensors to hold codes.
    """
    path = as_path(path)
    if path.suffix.lower() not in _SPARSE_WRITERS:
        raise InputError(f"{path} must end in {' or '.join(_SPARSE_WRITERS)} to hold codes.")
    if path.is_symlink():
        raise InputError(f"{path} exists and is a link; name the file that it leads to.")
    if path.is_dir():
        raise InputError(f"{path} exists and is a folder; name a file.")
    if path.exists():
        try:
            held = load(path)
            known = held.is_sparse and {"dictionary", "inference"} <= held.made_by.keys()
        except InputError:
            known = False
        if not known:
            raise InputError(f"{path} exists and holds no codes of Unbraid's; choose another name.")
    check_makeable(path.parent)
