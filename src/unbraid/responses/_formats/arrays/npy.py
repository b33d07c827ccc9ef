"""NumPy's .npy: the header is checked against the file before anything is allocated."""

from __future__ import annotations

import ast
import math
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from unbraid._folders import replacing
from unbraid.errors import InputError
from unbraid.responses._files import check_file, check_shape
from unbraid.responses._formats.meaning._arrange import arrange
from unbraid.responses._formats.meaning._texts import rows_of
from unbraid.responses._looks import check_name
from unbraid.responses.labelled._responses import Responses

MAP_FROM = 64 * 2**20  # bytes; smaller files are read, larger ones mapped
_MAGIC = b"\x93NUMPY"
_LONGEST_NPY_HEADER = 10_000  # bytes, as in NumPy: a longer one is hostile
_RECORD = np.dtype("V8")  # stands for any record type: refused when read


@dataclass(frozen=True)
class Header:
    """What a .npy header says."""

    dtype: np.dtype
    shape: tuple[int, ...]
    order: str

    @property
    def n_bytes(self) -> int:
        """Bytes of numbers that must follow the header."""
        return math.prod(self.shape) * self.dtype.itemsize


def read(
    path: Path, axes: str | None = None, time: str | None = None, trials: bool = False
) -> Responses:
    """Read responses from a .npy file; ids from ``NAME.stimuli.txt`` or ``file_names.txt``."""
    check_name(path, "", (), axes)
    values = read_array(path)
    return arrange(
        values,
        axes,
        str(path),
        stimuli=read_ids(path, rows_of(values.shape, axes)),
        time=time,
        trials=trials,
    )


def read_array(path: Path) -> np.ndarray:
    """Read one plain array of any rank, its header checked against the file; large ones mapped."""
    size = check_file(path)
    with path.open("rb") as stream:
        header = read_header(stream, str(path))
        check_plain(header, str(path))
        start = stream.tell()
        if header.n_bytes != size - start:
            raise InputError(
                f"{path} must hold {header.n_bytes} bytes of numbers for shape {header.shape} "
                f"{header.dtype}, got {size - start}. The file is "
                + ("truncated." if header.n_bytes > size - start else "damaged or not a .npy.")
            )
        return _values(path, stream, header, start)


def write(responses: Responses, path: Path) -> None:
    """Write dense values, and ids as ``NAME.stimuli.txt``; refuse what the format cannot hold."""
    kept = {"repeats": responses.repeats, "units": responses.units}
    lost = [name for name, value in kept.items() if value is not None]
    lost += ["sparse values"] if responses.is_sparse else []
    if lost:
        raise InputError(f"{path}: .npy cannot hold {', '.join(lost)}; use .npz or .safetensors.")
    ids = responses.stimuli
    if ids is not None and any(not n or {*"\r\n"} & {*n} or n != n.strip() for n in ids):
        raise InputError(f"{path}: an id has a line break or outer blanks; use .npz instead.")
    beside = ids_path(path)
    if os.path.lexists(beside) and not path.exists():  # then no save wrote it
        raise InputError(
            f"{beside} exists and would give the rows of {path} other names; remove it, or choose "
            "another name."
        )
    with replacing(path) as temporary:
        with temporary.open("wb") as stream:
            np.lib.format.write_array(stream, np.asarray(responses.values), allow_pickle=False)
        beside.unlink(missing_ok=True)  # a kill between the steps must not pair old ids
    if ids is not None:
        with replacing(beside) as temporary:
            temporary.write_text("\n".join(ids) + "\n", encoding="utf-8")


def ids_path(path: Path) -> Path:
    """Return where the stimulus ids of a .npy file stand, one per line."""
    return path.with_suffix(".stimuli.txt")


def read_ids(path: Path, rows: int | None = None) -> list[str] | None:
    """Return the ids beside a .npy file, or None.

    They stand in ``NAME.stimuli.txt``, or, if they are as many as the rows, in ``file_names.txt``
    (as THINGSvision writes it).
    """
    beside, others = ids_path(path), path.with_name("file_names.txt")
    if not beside.is_file():
        found = _lines(others) if rows is not None and others.is_file() else []
        if found and len(found) != rows:
            warnings.warn(
                f"{others} holds {len(found)} names, {path} {rows} rows: it is not used.",
                RuntimeWarning,
                stacklevel=4,
            )
        return found if found and len(found) == rows else None
    return _lines(beside)


def _lines(path: Path) -> list[str]:
    check_file(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise InputError(f"{path} must be UTF-8 text, one stimulus id a line.") from None
    while lines and not lines[-1].strip():
        lines.pop()
    return [line.strip() for line in lines]


def read_header(stream: BinaryIO, name: str) -> Header:
    """Read a .npy header of versions 1 to 3, evaluating literals only."""
    if stream.read(6) != _MAGIC:
        raise InputError(f"{name} is not a .npy file (its first bytes are not those of one).")
    version = stream.read(2)
    if len(version) < 2 or version[0] not in (1, 2, 3):
        raise InputError(f"{name} has an unknown .npy version.")
    width = 2 if version[0] == 1 else 4
    prefix = stream.read(width)
    length = int.from_bytes(prefix, "little")
    if len(prefix) < width or length > _LONGEST_NPY_HEADER:
        raise InputError(f"{name} is truncated or has a header of {length} bytes.")
    raw = stream.read(length)
    if len(raw) < length:
        raise InputError(f"{name} is truncated within its header.")
    return _parse(raw.decode("latin1" if version[0] < 3 else "utf-8", "replace"), name)


def _parse(text: str, name: str) -> Header:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fields = ast.literal_eval(text.strip())
            descr, shape = fields["descr"], fields["shape"]
            order = "F" if fields["fortran_order"] else "C"
            dtype = np.dtype(descr) if isinstance(descr, str) else _RECORD
            if not isinstance(fields["fortran_order"], bool) or len(fields) != 3:
                raise ValueError  # an item of unknown meaning
        sides = all(type(side) is int and 0 <= side < 2**63 for side in shape)
        if not sides or not isinstance(shape, tuple):
            raise ValueError
    except (ValueError, TypeError, KeyError, SyntaxError, MemoryError, RecursionError):
        raise InputError(f"{name} has a damaged .npy header.") from None
    check_shape(shape, dtype.itemsize, name)
    return Header(dtype, shape, order)


def check_plain(header: Header, name: str) -> None:
    """Refuse Python objects and records, whose bytes are not one plain array."""
    if header.dtype.hasobject:
        raise InputError(
            f"{name} holds Python objects, which are never unpickled. "
            "Save numbers: np.save(path, x.astype(float))."
        )
    if header.dtype.kind == "V" or not header.dtype.itemsize:
        raise InputError(f"{name} holds records or raw bytes; save one plain matrix.")


def mapped(
    path: Path, dtype: np.dtype, start: int, shape: tuple[int, ...], order: str = "C"
) -> np.ndarray:
    """Map an array of a file, or say in one line that there is no room for it."""
    try:
        return np.memmap(path, dtype, "r", start, shape, order)  # type: ignore[call-overload]
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be mapped into memory: {reason}.") from None


def _values(path: Path, stream: BinaryIO, header: Header, start: int) -> np.ndarray:
    if header.n_bytes >= MAP_FROM:
        return mapped(path, header.dtype, start, header.shape, header.order)
    numbers = np.frombuffer(bytearray(stream.read(header.n_bytes)), header.dtype)
    if numbers.nbytes != header.n_bytes:
        raise InputError(f"{path} is truncated.")
    return numbers.reshape(header.shape, order=header.order)  # type: ignore[call-overload]
