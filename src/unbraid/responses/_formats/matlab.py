"""MATLAB's .mat: versions 4 to 7 by SciPy, 7.3 as the HDF5 that it is (axes turned)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_file
from unbraid.responses._formats import hdf5
from unbraid.responses._formats._foreign import check_claim, reading
from unbraid.responses._formats._named import Entry, Wanted, responses_of
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
    import scipy.io

    with reading(path, "MATLAB .mat"):
        listed = scipy.io.whosmat(path)
    entries = {}
    for name, shape, kind in listed:
        dtype = np.dtype(_DTYPES.get(kind, "O"))
        entries[name] = Entry(
            dtype, tuple(shape), partial(_variable, path, name, shape, dtype, size)
        )
    return responses_of(path, entries, wanted=Wanted(**options))


def _variable(path: Path, name: str, shape: Any, dtype: np.dtype, size: int) -> np.ndarray:
    import scipy.io
    import scipy.sparse

    where = f"{path}: {name}"
    if dtype.kind == "O":
        raise InputError(f"{where} is a structure, expected a matrix of numbers or ids.")
    claimed = int(np.prod([int(side) for side in shape], dtype=object)) * dtype.itemsize
    check_claim(claimed, size, where)
    with reading(path, "MATLAB .mat"):
        value = scipy.io.loadmat(path, variable_names=[name])[name]
    if scipy.sparse.issparse(value):
        return value.toarray()
    if value.dtype.kind == "O":
        value = np.array([_text(cell, where) for cell in value.ravel()])
    if value.dtype.kind == "U":
        return np.char.strip(value.ravel())
    return value.ravel() if name in ("stimuli", "units", "ids") else value


def _text(cell: Any, where: str) -> str:
    cell = np.asarray(cell)
    if cell.size != 1 or cell.dtype.kind not in "Uiuf":
        raise InputError(f"{where} must be a cell array of strings or numbers.")
    value = cell.item()
    return str(int(value)) if cell.dtype.kind == "f" and value == int(value) else str(value)


def _read_hdf5(path: Path, wanted: Wanted) -> Responses:
    """Read version 7.3: axes are reversed, text is numbers, cells are references."""
    with hdf5.open_file(path) as file:
        plain = {k: v for k, v in hdf5.entries_of(path, file).items() if not k.startswith("#refs#")}
        entries = {}
        for name in plain:
            data = file.get(name)
            if data is None or not hasattr(data, "dtype"):
                continue
            kind = data.attrs.get("MATLAB_class", b"double")
            kind = kind.decode() if isinstance(kind, bytes) else str(kind)
            dtype = np.dtype(_DTYPES.get(kind, "O"))
            shape = tuple(reversed(data.shape or ()))
            entries[name] = Entry(dtype, shape, partial(_turned, path, file, name, kind))
        return responses_of(path, entries, wanted=wanted)


def _turned(path: Path, file: Any, name: str, kind: str) -> np.ndarray:
    data = file[name]
    if kind == "cell":
        with reading(path, "MATLAB 7.3"):
            return np.array([_letters(file[cell][()]) for cell in data[()].ravel()])
    values = hdf5.read_dataset(path, name, data).T
    if kind == "char":
        return np.array(["".join(map(chr, row)).strip() for row in np.atleast_2d(values)])
    return values.ravel() if name in ("stimuli", "units", "ids") else values


def _letters(codes: np.ndarray) -> str:
    return "".join(map(chr, np.asarray(codes).ravel().astype(int)))
