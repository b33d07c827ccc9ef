"""MATLAB's .mat: versions 4, 5 to 7, and 7.3, which is HDF5 with its axes turned."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_file, check_memory
from unbraid.responses._formats._foreign import check_claim, reading
from unbraid.responses._formats.arrays import _matlab73 as version_73
from unbraid.responses._formats.arrays import hdf5, mat5
from unbraid.responses._formats.arrays._cells import warn_of_times
from unbraid.responses._formats.arrays._mat5_elements import CELL
from unbraid.responses._formats.meaning._entry import Entry, last_of
from unbraid.responses._formats.meaning._named import STIMULI, UNITS, responses_of
from unbraid.responses._formats.meaning._wanted import Wanted
from unbraid.responses.labelled._responses import Responses

_WIDTHS_4 = (8, 4, 4, 2, 2, 1)  # bytes of a number, by its type
_HDF5 = b"\x89HDF\r\n\x1a\n"


def read(path: Path, **options: Any) -> Responses:
    """Read responses from the named variables of a .mat file."""
    size = check_file(path)
    for name in ("values", "stimuli", "units"):
        if isinstance(options.get(name), str):  # RDMs(2).RDM, as MATLAB writes it
            options[name] = options[name].replace(".", "/")
    opened = {
        name[: brace.start()]
        for name in (options.get(key) for key in ("values", "stimuli", "units"))
        for brace in re.finditer(r"\{", name if isinstance(name, str) else "")
        if isinstance(name, str)
    }  # data{2}/rates: the cells of data are listed
    with path.open("rb") as stream:
        head = stream.read(520)
    if head.startswith(_HDF5) or head[512:520] == _HDF5:
        return _read_hdf5(path, Wanted(**options), opened)
    if head[126:128] not in (b"IM", b"MI"):
        return _read_version_4(path, size, Wanted(**options))
    check_memory(size, str(path))
    content = memoryview(path.read_bytes())
    with reading(path, "MATLAB .mat"):
        listed, order = mat5.variables(path, content, opened)
    entries = {
        v.name: Entry(v.dtype, v.shape, partial(_variable, path, v, order), opaque=v.opaque)
        for v in listed
    }
    return _responses(path, entries, Wanted(**options))


def _variable(path: Path, variable: mat5.Variable, order: str) -> np.ndarray:
    with reading(path, "MATLAB .mat"):
        found = mat5.values(path, variable, order)
    if variable.kind == CELL:
        warn_of_times(found, f"{path}: {variable.name}")
    return found


def _responses(
    path: Path,
    entries: dict[str, Entry],
    wanted: Wanted,
    groups: Mapping[str, Mapping[str, Any]] | None = None,
) -> Responses:
    """Return responses; ids are one row or one column, and never bytes."""
    for name, entry in list(entries.items()):
        asked = {name, last_of(name)} & {wanted.stimuli, wanted.units}
        known = last_of(name) in (*STIMULI, *UNITS)
        vector = entry.dtype.kind in "OUS" or sum(side > 1 for side in entry.shape) < 2
        if (asked or known) and vector and not entry.opaque:
            text = entry.dtype.kind == "O"  # its kind is reported when it is read
            dtype = np.dtype("U1") if text else entry.dtype
            entries[name] = replace(entry, dtype=dtype, read=partial(_flat, entry))
    return responses_of(path, entries, wanted=wanted, groups=groups)


def _flat(entry: Entry) -> np.ndarray:
    return entry.read().ravel()


def _read_version_4(path: Path, size: int, wanted: Wanted) -> Responses:
    """Read version 4 by SciPy, whose reader of it is plain Python."""
    from scipy.io.matlab._mio4 import MatFile4Reader

    _check_version_4(path, size)

    def values(name: str, shape: tuple[int, ...]) -> np.ndarray:
        check_claim(math.prod(shape), size, f"{path}: {name}")
        with reading(path, "MATLAB .mat"), path.open("rb") as stream:
            return np.asarray(MatFile4Reader(stream).get_variables([name])[name])

    with reading(path, "MATLAB .mat"), path.open("rb") as stream:
        listed = MatFile4Reader(stream).list_variables()
    entries = {
        name: Entry(
            np.dtype(version_73.DTYPES.get(kind, "O")), tuple(shape), partial(values, name, shape)
        )
        for name, shape, kind in listed
    }
    return _responses(path, entries, wanted)


def _check_version_4(path: Path, size: int) -> None:
    """Refuse variables of obsolete machines and of unknown kinds; SciPy only warns."""
    at = 0
    with path.open("rb") as stream:
        while at + 20 <= size:
            stream.seek(at)
            head = stream.read(20)
            order = "<" if 0 <= struct.unpack("<i", head[:4])[0] <= 5000 else ">"
            kind, rows, columns, imaginary, length = struct.unpack(f"{order}5i", head)
            machine, zero, width, role = kind // 1000, kind // 100 % 10, kind // 10 % 10, kind % 10
            if machine not in (0, 1) or zero or width >= len(_WIDTHS_4) or role not in (0, 1):
                raise InputError(
                    f"{path} is of a machine or a kind that is not read (type {kind} of version "
                    "4). Save it as version 7, sparse matrices as full(x)."
                )
            if min(rows, columns, length) < 0 or imaginary not in (0, 1):
                raise InputError(f"{path} is not a whole MATLAB .mat file.")
            at += 20 + length + rows * columns * _WIDTHS_4[width] * (1 + imaginary)


def _read_hdf5(path: Path, wanted: Wanted, opened: Collection[str]) -> Responses:
    with hdf5.open_file(path) as file:
        entries, groups = version_73.entries_of(path, file, opened)
        return _responses(path, entries, wanted, groups)
