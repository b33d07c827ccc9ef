"""MATLAB 7.3, which is HDF5: axes are reversed, text is numbers, cells are references."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._formats._foreign import check_claim, reading
from unbraid.responses._formats.arrays import hdf5
from unbraid.responses._formats.arrays._cells import gather, warn_of_times
from unbraid.responses._formats.arrays._utf16 import text_of
from unbraid.responses._formats.arrays.mat5 import MOST_STRUCTS, places_in
from unbraid.responses._formats.meaning._entry import Entry, parent_of, plain

DTYPES = {
    "double": "f8",
    "single": "f4",
    "logical": "?",
    "char": "U1",
    "cell": "U1",  # of strings: ids
    **{f"int{bits}": f"i{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"u{bits // 8}" for bits in (8, 16, 32, 64)},
}
"""MATLAB's name of a class -> what its numbers are here."""
_KNOWN = {
    "MATLAB_class", "MATLAB_empty", "MATLAB_int_decode", "MATLAB_fields", "MATLAB_global",
}  # fmt: skip
_MOST_NESTED = 8  # structs and cells within each other; deeper ones hold no responses
_MOST_PARTS = 20_000  # parts that are listed; structs that contain themselves end here
_OWN = ("#refs#", "#subsystem#")  # what MATLAB keeps there is named by references only


def entries_of(
    path: Path, file: Any, opened: Collection[str] = ()
) -> tuple[dict[str, Entry], Mapping[str, Mapping[str, Any]]]:
    """Return every array by its name in MATLAB, and the attributes of all groups.

    A field of several structures is ``name(2)/field``. Cells of cell arrays that hold structures,
    or that are ``opened`` by name, are ``name{2}``.
    """
    held = hdf5.contents(path, file)
    below: dict[str, list[str]] = {}
    for full in (*held.entries, *held.groups):
        if full:
            below.setdefault(parent_of(full), []).append(full)
    found: dict[str, Entry] = {}
    steps = 0

    def visit(own: str, at: str, depth: int) -> None:
        nonlocal steps
        steps += 1
        if steps > _MOST_PARTS or depth > _MOST_NESTED:
            raise InputError(f"{path} holds too many or too deep structures.")
        if at in held.groups:
            for inner in below.get(at, []):
                name = inner.rpartition("/")[2]
                if _is_field(held, at, inner):
                    for place, target in _pointed(path, file, inner):
                        visit(f"{own}({place})/{name}", target, depth + 1)
                else:
                    visit(f"{own}/{name}", inner, depth + 1)
        elif at in held.entries:
            entry = held.entries[at]
            if not entry.opaque and _opens(path, file, held, at, own in opened):
                for place, target in _pointed(path, file, at):
                    visit(f"{own}{{{place}}}", target, depth + 1)
            else:
                found[own] = entry if entry.opaque else _entry(path, file, own, at, entry)

    for name in below.get("", []):
        if not name.startswith(_OWN):
            visit(name, name, 0)
    return found, held.groups


def _is_field(held: hdf5.Contents, owner: str, at: str) -> bool:
    """Return whether references are one field of several structures: they have no class."""
    entry = held.entries.get(at)
    kind = plain(held.groups[owner].get("MATLAB_class", ""))
    references = entry is not None and not entry.opaque and entry.dtype.kind == "O"
    return kind == "struct" and references and "MATLAB_class" not in held.entries[at].attrs()


def _opens(path: Path, file: Any, held: hdf5.Contents, at: str, asked: bool) -> bool:
    """Return whether the cells of an array are listed: those asked for, and those of structures."""
    entry = held.entries[at]
    with reading(path, "MATLAB 7.3"):
        if entry.dtype.kind != "O" or plain(entry.attrs().get("MATLAB_class", "")) != "cell":
            return False
    if asked:
        return True
    data = file[at]
    with reading(path, "MATLAB 7.3"):
        first = file[data[(0,) * data.ndim]] if data.size and data.ndim else None
        return first is not None and not hasattr(first, "dtype")


def _pointed(path: Path, file: Any, at: str) -> Iterator[tuple[str, str]]:
    """Return the place of each reference in MATLAB's order, and the path that it points to."""
    data = file[at]
    hdf5.check_inside(f"{path}: {at}", data)
    check_claim(data.size * data.dtype.itemsize, data.id.get_storage_size(), f"{path}: {at}")
    if data.size > MOST_STRUCTS:
        raise InputError(f"{path}: {at} has {data.size} parts; at most {MOST_STRUCTS} are listed.")
    with reading(path, "MATLAB 7.3"):
        targets = [str(file[one].name).strip("/") for one in data[()].ravel()]
        places = places_in(tuple(reversed(data.shape)))
    return zip(places, targets, strict=True)


def _entry(path: Path, file: Any, name: str, at: str, entry: Entry) -> Entry:
    """Return an array of version 7.3 as MATLAB means it."""
    attrs = entry.attrs()
    with reading(path, "MATLAB 7.3"):
        kind = plain(attrs.get("MATLAB_class", b"double"))
        if isinstance(attrs.get("MATLAB_class"), bytes):
            attrs["MATLAB_class"].decode()
    unknown = set(attrs) - _KNOWN
    unknown = {name for name in unknown if name.startswith("MATLAB_")}
    if unknown or (kind != "cell" and entry.dtype.kind == "O"):
        kind = "structure or an object"
    dtype, shape = np.dtype(DTYPES.get(kind, "O")), tuple(reversed(entry.shape))
    if kind == "cell":
        dtype = _dtype_of_cells(path, file, at)
    read = partial(_turned, path, file, name, at, kind)
    return Entry(dtype, shape, read, entry.attrs)


def _dtype_of_cells(path: Path, file: Any, at: str) -> np.dtype:
    """Return text where the first cell is text, or objects."""
    with reading(path, "MATLAB 7.3"):
        data = file[at]
        if data.dtype.kind != "O" or not data.size or not data.ndim:
            return np.dtype("O")
        first = file[data[(0,) * data.ndim]]
        return np.dtype("U1" if first.attrs.get("MATLAB_class") in (b"char", "char") else "O")


def _turned(path: Path, file: Any, name: str, at: str, kind: str) -> np.ndarray:
    """Return an array that lies at a path of the file, with MATLAB's axes."""
    data = file[at]
    if kind not in DTYPES:
        raise InputError(
            f"{path}: {name} is a {kind}, expected a matrix of numbers or ids. Save strings as "
            "cellstr(ids)."
        )
    if data.ndim and data.dtype.names is not None:
        raise InputError(f"{path}: {name} is complex, expected a matrix of real numbers.")
    if kind == "cell":
        hdf5.check_inside(f"{path}: {name}", data)
        stored = data.id.get_storage_size()
        check_claim(data.size * data.dtype.itemsize, stored, f"{path}: {name}")
        with reading(path, "MATLAB 7.3"):
            cells = [_cell(path, name, file[cell]) for cell in data[()].ravel()]
            found = gather(cells, tuple(reversed(data.shape)), f"{path}: {name}")
        warn_of_times(found, f"{path}: {name}")
        return found
    values = hdf5.read_dataset(path, name, data).T
    with reading(path, "MATLAB 7.3"):
        empty = data.attrs.get("MATLAB_empty")
    if empty:  # its numbers are the sides
        raise InputError(f"{path}: {name} is empty, {' x '.join(map(str, values.ravel()))}.")
    if kind == "char":
        with reading(path, "MATLAB 7.3"):
            return np.array([text_of(row).strip() for row in np.atleast_2d(values)])
    return values


def _cell(path: Path, name: str, data: Any) -> np.ndarray:
    if not hasattr(data, "dtype"):
        raise InputError(f"{path}: {name} must be a cell array of strings or of numbers.")
    if data.attrs.get("MATLAB_empty"):
        return np.empty((0, 0))
    values = hdf5.read_dataset(path, name, data).T
    text = data.attrs.get("MATLAB_class") in (b"char", "char")
    return np.array([text_of(values.ravel().astype(int))]) if text else values
