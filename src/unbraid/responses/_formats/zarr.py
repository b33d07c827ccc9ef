"""Zarr, versions 2 and 3: a folder or zip of chunks; chunks that are missing are no data."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_file
from unbraid.responses._formats import netcdf
from unbraid.responses._formats._dimensions import names_stimuli
from unbraid.responses._formats._foreign import check_claim, need, reading
from unbraid.responses._formats._named import Entry, Wanted, responses_of, with_last_names
from unbraid.responses._responses import Responses

_METADATA = (".zarray", "zarr.json", ".zmetadata")
_MOST = 2**24  # bytes of metadata that are looked at
_DEEPEST = 8  # groups in groups


def read(path: Path, **options: Any) -> Responses:
    """Read responses from the named arrays of a zarr group, or from one array."""
    if path.is_dir():
        files = [p for p in path.rglob("*") if p.is_file()]
        size = sum(p.stat().st_size for p in files)
        if any(p.is_symlink() for p in files):
            raise InputError(f"{path} holds symbolic links, which are not followed.")
        about = [p.read_bytes()[:_MOST] for p in files if p.name in _METADATA]
    else:
        size = check_file(path)
        with reading(path, "zipped zarr"), zipfile.ZipFile(path) as archive:
            inside = [m for m in archive.infolist() if m.filename.rsplit("/", 1)[-1] in _METADATA]
            about = [archive.open(member).read(_MOST) for member in inside]
    if any(b'"pickle"' in text for text in about):
        raise InputError(f"{path} holds pickled objects, which are never opened.")
    zarr = need("zarr", "brain", ".zarr")
    with reading(path, "zarr"):
        store = str(path) if path.is_dir() else zarr.storage.ZipStore(path, mode="r")
        opened = zarr.open(store, mode="r")
        if isinstance(opened, zarr.Array):
            arrays = {"values": opened}
        else:
            found = opened.members(max_depth=_DEEPEST)
            arrays = {str(name): a for name, a in found if isinstance(a, zarr.Array)}
        if any(map(names_stimuli, _dimensions(arrays.values()))):
            xarray = need("xarray", "brain", ".zarr")  # which scales and masks as it says there
            with xarray.open_zarr(opened.store, consolidated=False, decode_times=False) as data:
                return netcdf.of_dataset(path, data, size, Wanted(**options))
        entries = {
            name: Entry(
                _dtype(array), tuple(array.shape), partial(_values, path, name, array, size)
            )
            for name, array in arrays.items()
        }
    return responses_of(path, with_last_names(entries), wanted=Wanted(**options))


def _dimensions(arrays: Iterable[Any]) -> list[str]:
    """Return the names of dimensions, as zarr 3 keeps them, or xarray in version 2."""
    found = [a.metadata.to_dict().get("dimension_names") or a.attrs.get("_ARRAY_DIMENSIONS") or ()
             for a in arrays]  # fmt: skip
    return [str(name) for names in found for name in names]


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
