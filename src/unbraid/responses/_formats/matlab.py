"""MATLAB's .mat: versions 4, 5 to 7, and 7.3, which is HDF5 with its axes turned."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_file, check_memory
from unbraid.responses._formats import hdf5, mat5
from unbraid.responses._formats._cells import gather
from unbraid.responses._formats._foreign import check_claim, reading
from unbraid.responses._formats._named import (
    STIMULI,
    UNITS,
    Entry,
    Wanted,
    responses_of,
    with_last_names,
)
from unbraid.responses._responses import Responses

_DTYPES = {
    "double": "f8",
    "single": "f4",
    "logical": "?",
    "char": "U1",
    "cell": "U1",  # of strings: ids
    **{f"int{bits}": f"i{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"u{bits // 8}" for bits in (8, 16, 32, 64)},
}
_HDF5 = b"\x89HDF\r\n\x1a\n"


def read(path: Path, **options: Any) -> Responses:
    """Read responses from the named variables of a .mat file."""
    size = check_file(path)
    with path.open("rb") as stream:
        head = stream.read(520)
    if head.startswith(_HDF5) or head[512:520] == _HDF5:
        return _read_hdf5(path, Wanted(**options))
    if head[126:128] not in (b"IM", b"MI"):
        return _read_version_4(path, size, Wanted(**options))
    check_memory(size, str(path))
    content = memoryview(path.read_bytes())
    with reading(path, "MATLAB .mat"):
        listed, order = mat5.variables(path, content)
    entries = {v.name: Entry(v.dtype, v.shape, partial(_variable, path, v, order)) for v in listed}
    return _responses(path, entries, Wanted(**options))


def _variable(path: Path, variable: mat5.Variable, order: str) -> np.ndarray:
    with reading(path, "MATLAB .mat"):
        return mat5.values(path, variable, order)


def _responses(path: Path, entries: dict[str, Entry], wanted: Wanted) -> Responses:
    """Return responses; ids are one row or one column, and never bytes."""
    found = with_last_names(entries)
    ids = {*STIMULI, *UNITS, wanted.stimuli, wanted.units}
    for name in [name for name in found if name in ids]:
        entry = found[name]
        text = entry.dtype.kind == "O"  # what it is is said when it is read
        dtype = np.dtype("U1") if text else entry.dtype
        found[name] = replace(entry, dtype=dtype, read=partial(_flat, entry))
    return responses_of(path, found, wanted=wanted)


def _flat(entry: Entry) -> np.ndarray:
    return entry.read().ravel()


def _read_version_4(path: Path, size: int, wanted: Wanted) -> Responses:
    """Read version 4 by SciPy, whose reader of it is plain Python."""
    from scipy.io.matlab._mio4 import MatFile4Reader

    def values(name: str, shape: tuple[int, ...]) -> np.ndarray:
        check_claim(math.prod(shape), size, f"{path}: {name}")
        with reading(path, "MATLAB .mat"), path.open("rb") as stream:
            return np.asarray(MatFile4Reader(stream).get_variables([name])[name])

    with reading(path, "MATLAB .mat"), path.open("rb") as stream:
        listed = MatFile4Reader(stream).list_variables()
    entries = {
        name: Entry(np.dtype(_DTYPES.get(kind, "O")), tuple(shape), partial(values, name, shape))
        for name, shape, kind in listed
    }
    return _responses(path, entries, wanted)


def _read_hdf5(path: Path, wanted: Wanted) -> Responses:
    """Read version 7.3: axes are reversed, text is numbers, cells are references."""
    with hdf5.open_file(path) as file:
        plain = {k: v for k, v in hdf5.entries_of(path, file).items() if not k.startswith("#refs#")}
        entries = {}
        for name in plain:
            data = file.get(name)
            if data is None or not hasattr(data, "dtype"):
                continue
            with reading(path, "MATLAB 7.3"):
                kind = data.attrs.get("MATLAB_class", b"double")
                kind = kind.decode() if isinstance(kind, bytes) else str(kind)
            dtype = np.dtype(_DTYPES.get(kind, "O"))
            shape = tuple(reversed(data.shape or ()))
            entries[name] = Entry(dtype, shape, partial(_turned, path, file, name, kind))
        return _responses(path, entries, wanted)


def _turned(path: Path, file: Any, name: str, kind: str) -> np.ndarray:
    data = file[name]
    if kind not in _DTYPES:
        raise InputError(
            f"{path}: {name} is a {kind}, expected a matrix of numbers or ids. Save strings as "
            "cellstr(ids)."
        )
    if kind == "cell":
        stored = data.id.get_storage_size()
        check_claim(data.size * data.dtype.itemsize, stored, f"{path}: {name}")
        with reading(path, "MATLAB 7.3"):
            cells = [_cell(path, name, file[cell]) for cell in data[()].ravel()]
            return gather(cells, tuple(reversed(data.shape)), f"{path}: {name}")
    values = hdf5.read_dataset(path, name, data).T
    with reading(path, "MATLAB 7.3"):
        empty = data.attrs.get("MATLAB_empty")
    if empty:  # its numbers are the sides
        raise InputError(f"{path}: {name} is empty, {' x '.join(map(str, values.ravel()))}.")
    if kind == "char":
        with reading(path, "MATLAB 7.3"):
            return np.array([mat5.text_of(row).strip() for row in np.atleast_2d(values)])
    return values


def _cell(path: Path, name: str, data: Any) -> np.ndarray:
    if not hasattr(data, "dtype"):
        raise InputError(f"{path}: {name} must be a cell array of strings or of numbers.")
    if data.attrs.get("MATLAB_empty"):
        return np.empty((0, 0))
    values = hdf5.read_dataset(path, name, data).T
    text = data.attrs.get("MATLAB_class") in (b"char", "char")
    return np.array([mat5.text_of(values.ravel().astype(int))]) if text else values
