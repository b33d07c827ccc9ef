"""MATLAB's format 5 (versions 5 to 7) in checked steps: SciPy's reader crashes on damaged files."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from unbraid.errors import InputError
from unbraid.responses._files import check_memory
from unbraid.responses._formats._damaged import Damaged
from unbraid.responses._formats._foreign import check_claim
from unbraid.responses._formats.arrays._cells import gather
from unbraid.responses._formats.arrays._mat5_elements import (
    CELL,
    CHAR,
    CLASSES,
    COMPRESSED,
    MATRIX,
    SPARSE,
    STRUCT,
    UTF8,
    Head,
    describe,
    numbers_at,
    tag_at,
)
from unbraid.responses._formats.arrays._utf16 import text_of

_HEAD = 4096  # bytes that hold any variable's flags, size and name
MOST_STRUCTS = 4096  # elements of an array of structures that are listed one by one
_DEEPEST_STRUCT = 4  # structs and cells within each other; deeper ones hold no responses
_MATLAB_STEP = 2**24  # bytes inflated at a time, counted before the next


@dataclass(frozen=True)
class Variable:
    """A named array of the file; a structure's field is ``structure/field``, a cell ``name{2}``."""

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
        return np.dtype(CLASSES.get(self.kind, "f8" if self.kind == SPARSE else "O"))


def variables(
    path: Path, content: memoryview, opened: Collection[str] = ()
) -> tuple[list[Variable], str]:
    """Return the variables of a file and its byte order, reading no numbers.

    Fields of structures are listed one by one, as are the cells of cell arrays that hold
    structures, and of those ``opened`` by name.
    """
    if len(content) < 128 or bytes(content[126:128]) not in (b"IM", b"MI"):
        raise Damaged("no MATLAB header")
    order = "<" if bytes(content[126:128]) == b"IM" else ">"
    found: list[Variable] = []
    at = 128
    while at + 8 <= len(content):
        kind, start, stop, after = tag_at(content, at, order)
        body, compressed = content[start:stop], kind == COMPRESSED
        if compressed:
            inner = memoryview(zlib.decompressobj().decompress(body, _HEAD))
            kind, first, _, _ = tag_at(inner, 0, order, whole=False)
            after = stop  # compressed elements are not padded
        else:
            inner, first = body[:_HEAD], 0
        if kind == MATRIX:
            head = describe(inner, first, order)
            if _opens(head, head.name, inner, order, opened):
                whole = _inflated(body, order, f"{path}: {head.name}") if compressed else body
                found += _parts(whole, order, head.name, 0, opened)
            elif head.name:  # what has none is MATLAB's own
                found.append(_variable(head, head.name, inner, order, body, compressed))
        at = after
    return found, order


def _variable(
    head: Head, name: str, inner: memoryview, order: str, body: memoryview, compressed: bool
) -> Variable:
    """Return a variable or field; ``inner`` holds at least the beginning of its array."""
    text = _first_cell(head, inner, order) == CHAR
    return Variable(name, head.kind, head.shape, body, compressed, text, head.opaque)


def _first_cell(head: Head, inner: memoryview, order: str) -> int:
    """Return the class of what stands in the first cell of a cell array; 0 if this is not seen."""
    if head.kind != CELL or not head.size:
        return 0
    try:
        _, start, stop, _ = tag_at(inner, head.at, order, whole=False)
        return describe(inner, start, order).kind if stop > start else 0
    except (Damaged, ValueError, struct.error):  # beyond what was checked
        return 0


def _opens(head: Head, name: str, inner: memoryview, order: str, opened: Collection[str]) -> bool:
    """Return whether the parts of an array are listed in its place."""
    if not 0 < head.size <= MOST_STRUCTS:
        return False
    cells = head.kind == CELL and (name in opened or _first_cell(head, inner, order) == STRUCT)
    return head.kind == STRUCT or cells


def _parts(
    body: memoryview, order: str, prefix: str, depth: int, opened: Collection[str]
) -> list[Variable]:
    """Return fields of structures (``name(2)/field``), cells (``name{2}``), and what is in them."""
    whole = describe(body, 0, order)
    at, found = whole.at, []
    if whole.kind == CELL:
        names = [f"{prefix}{{{place}}}" for place in places_in(whole.shape)]
    else:
        fields, at = _field_names(body, at, order)
        each = [prefix] if whole.size == 1 else [f"{prefix}({i})" for i in places_in(whole.shape)]
        names = [f"{owner}/{field}" for owner in each for field in fields]
    for name in names:
        kind, start, stop, at = tag_at(body, at, order)
        if kind != MATRIX:
            raise Damaged("a field is not an array")
        if stop == start:
            continue  # MATLAB's short form of nothing
        inner = body[start:stop]
        head = describe(inner, 0, order)
        if depth < _DEEPEST_STRUCT and _opens(head, name, inner, order, opened):
            found += _parts(inner, order, name, depth + 1, opened)
        else:
            found.append(_variable(head, name, inner, order, inner, False))
    return found


def _field_names(body: memoryview, at: int, order: str) -> tuple[list[str], int]:
    width, at = numbers_at(body, at, order)
    packed, at = numbers_at(body, at, order)
    if width.size != 1 or width[0] < 1 or packed.nbytes % int(width[0]):
        raise Damaged("a structure without fields")
    texts, step = packed.tobytes(), int(width[0])
    each = [texts[first : first + step] for first in range(0, len(texts), step)]
    return [text.split(b"\0")[0].decode("latin1") for text in each], at


def places_in(shape: tuple[int, ...]) -> list[str]:
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
    _, start, stop, _ = tag_at(memoryview(body), 0, order)
    return memoryview(body)[start:stop]


def _array(body: memoryview, order: str, where: str, depth: int) -> np.ndarray:
    head = describe(body, 0, order)
    kind, shape, at = head.kind, head.shape, head.at
    count = head.size
    if kind == CELL and depth < _DEEPEST_STRUCT:
        if count * 8 > len(body):
            raise Damaged("more cells than bytes")
        cells = []
        for _ in range(count):
            inner_kind, start, stop, at = tag_at(body, at, order)
            if inner_kind != MATRIX:
                raise Damaged("a cell is not an array")
            inner = body[start:stop]
            empty = not len(inner)
            cells.append(np.empty((0, 0)) if empty else _array(inner, order, where, depth + 1))
        return gather(cells, shape, where)
    if kind == SPARSE:
        rows, at = numbers_at(body, at, order)
        columns, at = numbers_at(body, at, order)
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
    if kind not in CLASSES:
        raise InputError(
            f"{where} is a structure, an object or complex, or has unknown flags, expected a "
            "matrix of numbers or ids. Save strings as cellstr(ids)."
        )
    numbers, _ = numbers_at(body, at, order)
    if numbers.size != count:
        raise Damaged(f"{numbers.size} numbers for shape {shape}")
    return numbers.reshape(shape, order="F").astype(CLASSES[kind])


def _sparse_data(body: memoryview, at: int, order: str, count: int, logical: bool) -> np.ndarray:
    """Return the non-zeros; MATLAB tags those of logical matrices double, and writes bytes."""
    _, start, stop, _ = tag_at(body, at, order)
    if logical and stop - start == count:
        return np.frombuffer(body[start:stop], np.uint8)
    return numbers_at(body, at, order)[0]


def _letters(body: memoryview, at: int, order: str) -> np.ndarray:
    """Return the codes of an array's letters; in UTF-8 a letter can take several bytes."""
    kind, start, stop, _ = tag_at(body, at, order)
    if kind == UTF8:
        return np.array([ord(letter) for letter in bytes(body[start:stop]).decode("utf-8")], "u4")
    numbers, _ = numbers_at(body, at, order)
    if numbers.dtype.itemsize > 4:
        raise Damaged("letters of more than 4 bytes")
    return numbers.astype("u4")


def _fits(columns: np.ndarray, rows: np.ndarray, n: int, height: int) -> bool:
    rises = columns[0] == 0 and columns[-1] == n and (np.diff(columns.astype("i8")) >= 0).all()
    inside = not n or (rows.min() >= 0 and rows.max() < height)
    return bool(rises and inside and len(rows) == n)
