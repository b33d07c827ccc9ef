"""MATLAB's format 5 (versions 5 to 7) in checked steps: SciPy's reader crashes on damaged files."""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from unbraid.errors import InputError
from unbraid.responses._files import check_memory
from unbraid.responses._formats._damaged import Damaged
from unbraid.responses._formats._foreign import check_claim
from unbraid.responses._formats.arrays._cells import gather
from unbraid.responses._formats.arrays._utf16 import text_of

_TYPES = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
    16: "u1", 17: "u2", 18: "u4",
}  # fmt: skip
_MATRIX, _COMPRESSED, _UTF8 = 14, 15, 16  # types of elements, by the format
# Classes of arrays, by the format; 17 is MATLAB's own
CELL, STRUCT, CHAR, SPARSE, OPAQUE = 1, 2, 4, 5, 17
_CLASSES = {
    6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8",
}  # fmt: skip
_LOGICAL, _COMPLEX, _UNKNOWN = 0x200, 0x800, 0xF100  # bits of the flags; 0x400 is "global"
_TEXT_CLASSES = ("string", "categorical", "datetime", "duration")
_HEAD = 4096  # bytes that hold any variable's flags, size and name
_MOST_STRUCTS = 4096  # elements of an array of structures that are listed one by one
_DEEPEST_STRUCT = 4  # structs and cells within each other; deeper ones hold no responses
_MATLAB_STEP = 2**24  # bytes inflated at a time, counted before the next


@dataclass(frozen=True)
class Variable:
    """A named array of the file; a structure's field is ``structure/field``."""

    name: str
    kind: int
    shape: tuple[int, ...]
    body: memoryview
    compressed: bool
    text: bool = False
    """Whether its first cell is text."""
    opaque: str = ""
    """Its class, if it is an object that does not say its size."""

    @property
    def dtype(self) -> np.dtype:
        """Type of the numbers; text for characters and cells of them; objects for the rest."""
        if self.kind == CHAR or self.text:
            return np.dtype("U1")
        return np.dtype(_CLASSES.get(self.kind, "f8" if self.kind == SPARSE else "O"))


def variables(path: Path, content: memoryview) -> tuple[list[Variable], str]:
    """Return the variables of a file and its byte order, reading no numbers."""
    if len(content) < 128 or bytes(content[126:128]) not in (b"IM", b"MI"):
        raise Damaged("no MATLAB header")
    order = "<" if bytes(content[126:128]) == b"IM" else ">"
    found: list[Variable] = []
    at = 128
    while at + 8 <= len(content):
        kind, start, stop, after = _tag(content, at, order)
        body, compressed = content[start:stop], kind == _COMPRESSED
        if compressed:
            inner = memoryview(zlib.decompressobj().decompress(body, _HEAD))
            kind, first, _, _ = _tag(inner, 0, order, whole=False)
            after = stop  # compressed elements are not padded
        else:
            inner, first = body[:_HEAD], 0
        if kind == _MATRIX:
            head = _describe(inner, first, order)
            if head.kind == STRUCT and 0 < head.size <= _MOST_STRUCTS:
                whole = _inflated(body, order, f"{path}: {head.name}") if compressed else body
                found += _fields(whole, order, head.name, 0)
            elif head.name:  # what has none is MATLAB's own
                found.append(_variable(head, head.name, inner, order, body, compressed))
        at = after
    return found, order


def _variable(
    head: Head, name: str, inner: memoryview, order: str, body: memoryview, compressed: bool
) -> Variable:
    """Return a variable or field; ``inner`` holds at least the beginning of its array."""
    text = False
    if head.kind == CELL and head.size:
        try:
            _, start, stop, _ = _tag(inner, head.at, order, whole=False)
            text = stop > start and _describe(inner, start, order).kind == CHAR
        except (Damaged, ValueError, struct.error):  # beyond what was checked
            text = False
    return Variable(name, head.kind, head.shape, body, compressed, text, head.opaque)


def _fields(body: memoryview, order: str, prefix: str, depth: int) -> list[Variable]:
    """Return the fields of a structure, and of those in it; of several as ``name(2)/field``."""
    whole = _describe(body, 0, order)
    at = whole.at
    width, at = _numbers(body, at, order)
    packed, at = _numbers(body, at, order)
    if width.size != 1 or width[0] < 1 or packed.nbytes % int(width[0]):
        raise Damaged("a structure without fields")
    texts = packed.tobytes()
    found = []
    fields = [
        texts[first : first + int(width[0])].split(b"\0")[0].decode("latin1")
        for first in range(0, len(texts), int(width[0]))
    ]
    each = [prefix] if whole.size == 1 else [f"{prefix}({at})" for at in _places(whole.shape)]
    for owner, field in ((owner, field) for owner in each for field in fields):
        kind, start, stop, at = _tag(body, at, order)
        if kind != _MATRIX:
            raise Damaged("a field is not an array")
        if stop == start:
            continue  # MATLAB's short form of nothing
        name, inner = f"{owner}/{field}", body[start:stop]
        head = _describe(inner, 0, order)
        if head.kind == STRUCT and 0 < head.size <= _MOST_STRUCTS and depth < _DEEPEST_STRUCT:
            found += _fields(inner, order, name, depth + 1)
        else:
            found.append(_variable(head, name, inner, order, inner, False))
    return found


def _places(shape: tuple[int, ...]) -> list[str]:
    """Return the indices of an array's elements as MATLAB writes them; of a row or column one."""
    if sum(side > 1 for side in shape) < 2:
        return [str(i + 1) for i in range(math.prod(shape))]
    indices = np.indices(shape).reshape(len(shape), -1, order="F") + 1
    return [",".join(map(str, one)) for one in indices.T]


def values(path: Path, variable: Variable, order: str) -> np.ndarray:
    """Return one variable's numbers, or text, in MATLAB's own axes."""
    where = f"{path}: {variable.name}"
    claimed = math.prod(variable.shape) * max(variable.dtype.itemsize, 1)
    if variable.kind != SPARSE:
        check_claim(claimed, len(variable.body), where)
    compressed, body = variable.compressed, variable.body
    return _array(_inflated(body, order, where) if compressed else body, order, where, 0)


def _inflated(packed: memoryview, order: str, where: str) -> memoryview:
    """Return the array that a compressed element holds, within the memory there is."""
    inflate, body, left = zlib.decompressobj(), bytearray(), bytes(packed)
    while not inflate.eof:
        check_memory(2 * (len(body) + _MATLAB_STEP), where)
        piece = inflate.decompress(left, _MATLAB_STEP)
        left = inflate.unconsumed_tail
        if not piece and not left:
            raise Damaged("truncated")
        body += piece
    _, start, stop, _ = _tag(memoryview(body), 0, order)
    return memoryview(body)[start:stop]


def _array(body: memoryview, order: str, where: str, depth: int) -> np.ndarray:
    head = _describe(body, 0, order)
    kind, shape, at = head.kind, head.shape, head.at
    count = head.size
    if kind == CELL and depth < _DEEPEST_STRUCT:
        if count * 8 > len(body):
            raise Damaged("more cells than bytes")
        cells = []
        for _ in range(count):
            inner_kind, start, stop, at = _tag(body, at, order)
            if inner_kind != _MATRIX:
                raise Damaged("a cell is not an array")
            inner = body[start:stop]
            empty = not len(inner)
            cells.append(np.empty((0, 0)) if empty else _array(inner, order, where, depth + 1))
        return gather(cells, shape, where)
    if kind == SPARSE:
        rows, at = _numbers(body, at, order)
        columns, at = _numbers(body, at, order)
        data = _sparse_data(body, at, order, len(columns) and int(columns[-1]), head.logical)
        n = len(data)
        check_claim(count * 8, 8 * max(n, 2**20), where)
        if (
            len(shape) != 2
            or len(columns) != shape[1] + 1
            or not _fits(columns, rows[:n], n, shape[0])
        ):
            raise Damaged("sparse indices out of range")
        csc = sp.csc_array((data.astype(float), rows[:n], columns), shape=shape)
        return csc.toarray()
    if kind == CHAR:
        letters = _letters(body, at, order)
        if letters.size != count:
            raise Damaged("text of another length")
        lines = letters.reshape(shape, order="F").reshape(shape[0], -1)
        return np.array([text_of(line).strip() for line in lines])
    if kind not in _CLASSES:
        raise InputError(
            f"{where} is a structure, an object or complex, or has unknown flags, expected a "
            "matrix of numbers or ids. Save strings as cellstr(ids)."
        )
    numbers, _ = _numbers(body, at, order)
    if numbers.size != count:
        raise Damaged(f"{numbers.size} numbers for shape {shape}")
    return numbers.reshape(shape, order="F").astype(_CLASSES[kind])


def _sparse_data(body: memoryview, at: int, order: str, count: int, logical: bool) -> np.ndarray:
    """Return the non-zeros; MATLAB tags those of logical matrices double, and writes bytes."""
    _, start, stop, _ = _tag(body, at, order)
    if logical and stop - start == count:
        return np.frombuffer(body[start:stop], np.uint8)
    return _numbers(body, at, order)[0]


def _letters(body: memoryview, at: int, order: str) -> np.ndarray:
    """Return the codes of an array's letters; in UTF-8 a letter can take several bytes."""
    kind, start, stop, _ = _tag(body, at, order)
    if kind == _UTF8:
        return np.array([ord(letter) for letter in bytes(body[start:stop]).decode("utf-8")], "u4")
    numbers, _ = _numbers(body, at, order)
    if numbers.dtype.itemsize > 4:
        raise Damaged("letters of more than 4 bytes")
    return numbers.astype("u4")


@dataclass(frozen=True)
class Head:
    """What stands before an array's content."""

    kind: int
    """Its class; 0 if it is complex or has flags that are not known: then it is not read."""
    shape: tuple[int, ...]
    name: str
    at: int
    """Where its content begins."""
    logical: bool = False
    opaque: str = ""

    @property
    def size(self) -> int:
        """Number of items."""
        return math.prod(self.shape)


def _describe(body: memoryview, at: int, order: str) -> Head:
    """Return an array's class, shape and name, and where its content begins."""
    flags, at = _numbers(body, at, order)
    if flags.size == 2 and int(flags[0]) & 0xFF == OPAQUE:  # strings, tables: no size is told
        texts = []
        for _ in range(3):  # name, system, class
            text, at = _numbers(body, at, order)
            texts.append(text.tobytes().decode("latin1"))
        kind = "" if texts[2] in _TEXT_CLASSES else f"a {texts[2][:40]}"
        return Head(OPAQUE, (), texts[0], at, opaque=kind)
    shape, at = _numbers(body, at, order)
    name, at = _numbers(body, at, order)
    if flags.size != 2 or not 2 <= shape.size <= 32 or shape.dtype.kind != "i" or shape.min() < 0:
        raise Damaged("no array where one should be")
    word, sides = int(flags[0]), tuple(int(side) for side in shape)
    known = not word & (_COMPLEX | _UNKNOWN)
    kind = word & 0xFF if known else 0
    return Head(kind, sides, name.tobytes().decode("latin1"), at, bool(word & _LOGICAL))


def _numbers(body: memoryview, at: int, order: str) -> tuple[np.ndarray, int]:
    kind, start, stop, after = _tag(body, at, order)
    if kind not in _TYPES:
        raise Damaged(f"numbers of an unknown type {kind}")
    dtype = np.dtype(order + _TYPES[kind])
    if (stop - start) % dtype.itemsize:
        raise Damaged("a broken number")
    return np.frombuffer(body[start:stop], dtype), after


def _tag(body: memoryview, at: int, order: str, whole: bool = True) -> tuple[int, int, int, int]:
    """Return an element's type, where its bytes begin and end, and where the next begins."""
    if at + 8 > len(body):
        raise Damaged("truncated")
    kind, n_bytes = struct.unpack_from(f"{order}II", body, at)
    if kind >> 16:  # a small element: size, type and up to 4 bytes in 8
        kind, n_bytes = kind & 0xFFFF, kind >> 16
        if n_bytes > 4:
            raise Damaged("a small element of more than 4 bytes")
        return kind, at + 4, at + 4 + n_bytes, at + 8
    stop = at + 8 + n_bytes
    if whole and stop > len(body):
        raise Damaged("truncated")
    return kind, at + 8, stop, stop + -n_bytes % 8


def _fits(columns: np.ndarray, rows: np.ndarray, n: int, height: int) -> bool:
    rises = columns[0] == 0 and columns[-1] == n and (np.diff(columns.astype("i8")) >= 0).all()
    inside = not n or (rows.min() >= 0 and rows.max() < height)
    return bool(rises and inside and len(rows) == n)
