"""Zarr, versions 2 and 3: a folder or zip of chunks; chunks that are missing are no data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_file
from unbraid.responses._formats._foreign import check_claim, need, reading
from unbraid.responses._formats.arrays import netcdf
from unbraid.responses._formats.arrays._codecs import check_codecs, files_of, metadata
from unbraid.responses._formats.arrays._shards import check_chunks, layout_of
from unbraid.responses._formats.meaning._dimensions import names_stimuli
from unbraid.responses._formats.meaning._entry import Entry
from unbraid.responses._formats.meaning._named import responses_of
from unbraid.responses._formats.meaning._wanted import Wanted
from unbraid.responses.labelled._responses import Responses

_DEEPEST_GROUP = 8  # groups in groups


def read(path: Path, **options: Any) -> Responses:
    """Read responses from the named arrays of a zarr group, or from one array."""
    size = 0 if path.is_dir() else check_file(path)
    with reading(path, "zarr"):
        about = metadata(path)
    check_codecs(path, about)
    size = size or sum(n_bytes for _, n_bytes, _ in files_of(path))
    zarr = need("zarr", "brain", ".zarr")
    with reading(path, "zarr"):
        store = str(path) if path.is_dir() else zarr.storage.ZipStore(path, mode="r")
        opened = zarr.open(store, mode="r")
        if isinstance(opened, zarr.Array):
            arrays, groups = {"": opened}, {}
        else:
            members = list(opened.members(max_depth=_DEEPEST_GROUP))
            arrays = {str(name): a for name, a in members if isinstance(a, zarr.Array)}
            groups = {str(n): dict(g.attrs) for n, g in members if n not in arrays}
            groups[""] = dict(opened.attrs)
        named = any(map(names_stimuli, _dimensions(arrays.values())))
        if named:
            xarray = need("xarray", "brain", ".zarr")  # which scales and masks as it says there
            for name, array in arrays.items():
                _check(path, name, array, size, about)
            with xarray.open_zarr(opened.store, consolidated=False, decode_times=False) as data:
                wanted = Wanted(**options)
                found, left = netcdf.variable_of(path, data, size, wanted.values)
                left += [name for name in arrays if "/" in name]
        entries = {
            name or "values": Entry(
                _dtype(array),
                tuple(array.shape),
                partial(_values, path, name, array, size, about),
                partial(_attributes, array),
            )
            for name, array in arrays.items()
        }
    if named:
        return netcdf.responses_of(path, found, wanted, left)
    return responses_of(path, entries, wanted=Wanted(**options), groups=groups)


def _dimensions(arrays: Iterable[Any]) -> list[str]:
    """Return the names of the arrays' dimensions."""
    return [str(name) for a in arrays for name in _attributes(a).get("_ARRAY_DIMENSIONS", ())]


def _attributes(array: Any) -> dict[str, Any]:
    """Return what is said of an array; dimensions' names as xarray keeps them in version 2."""
    attrs, names = dict(array.attrs), array.metadata.to_dict().get("dimension_names")
    if names and any(names):
        attrs["_ARRAY_DIMENSIONS"] = [name or "" for name in names]
    return attrs


def _dtype(array: Any) -> np.dtype:
    """Return the type of the numbers; text of any length counts as text."""
    dtype = np.dtype(array.dtype)
    return np.dtype("U1") if dtype.kind in "TU" or "str" in str(array.dtype).lower() else dtype


def _check(path: Path, name: str, array: Any, size: int, about: Mapping[str, Any]) -> None:
    """Check what an array and its chunks claim."""
    where, dtype = f"{path}: {name or 'its array'}", np.dtype(array.dtype)
    itemsize = max(dtype.itemsize, 8) if dtype.kind in "OT" else dtype.itemsize
    check_claim(math.prod(int(side) for side in array.shape) * itemsize, size, where)
    prefix = f"{name}/" if name else ""
    said = about.get(f"{prefix}zarr.json") or about.get(f"{prefix}.zarray")
    if said is None:
        raise InputError(f"{where} has no metadata of its own.")
    check_chunks(path, name, layout_of(where, said, itemsize), itemsize)


def _values(path: Path, name: str, array: Any, size: int, about: Mapping[str, Any]) -> np.ndarray:
    if np.dtype(array.dtype).kind == "O" and _dtype(array).kind != "U":
        raise InputError(f"{path}: {name} holds objects, expected numbers or text.")
    with reading(path, "zarr"):
        _check(path, name, array, size, about)
        return np.asarray(array[...])
