"""Zarr, versions 2 and 3: a folder or zip of chunks; chunks that are missing are no data."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_file
from unbraid.responses._formats._foreign import check_claim, need, reading
from unbraid.responses._formats._named import Entry, Wanted, responses_of
from unbraid.responses._responses import Responses


def read(path: Path, **options: Any) -> Responses:
    """Read responses from the named arrays of a zarr group, or from one array."""
    if path.is_dir():
        files = [p for p in path.rglob("*") if p.is_file()]
        size = sum(p.stat().st_size for p in files)
        if any(p.is_symlink() for p in files):
            raise InputError(f"{path} holds symbolic links, which are not followed.")
        _refuse_pickles(path, files)
    else:
        size = check_file(path)
    zarr = need("zarr", "brain", ".zarr")
    with reading(path, "zarr"):
        opened = zarr.open(str(path), mode="r")
        if isinstance(opened, zarr.Array):
            arrays = {"values": opened}
        else:
            arrays = {str(name): array for name, array in opened.arrays()}
        entries = {
            name: Entry(
                _dtype(array), tuple(array.shape), partial(_values, path, name, array, size)
            )
            for name, array in arrays.items()
        }
    return responses_of(path, entries, wanted=Wanted(**options))


def _refuse_pickles(path: Path, files: list[Path]) -> None:
    for file in files:
        named = file.name in (".zarray", "zarr.json", ".zmetadata")
        if named and b'"pickle"' in file.read_bytes()[: 2**24]:
            raise InputError(f"{path} holds pickled objects, which are never opened.")


def _dtype(array: Any) -> np.dtype:
    """Return the type of the numbers; text of any length counts as text."""
    dtype = np.dtype(array.dtype)
    return np.dtype("U1") if dtype.kind in "TU" or "str" in str(array.dtype).lower() else dtype


def _values(path: Path, name: str, array: Any, size: int) -> np.ndarray:
    where = f"{path}: {name}"
    if np.dtype(array.dtype).kind == "O":
        raise InputError(f"{where} holds objects, expected numbers or text.")
    claimed = int(np.prod([int(side) for side in array.shape], dtype=object))
    check_claim(claimed * np.dtype(array.dtype).itemsize, size, where)
    with reading(path, "zarr"):
        return np.asarray(array[...])
