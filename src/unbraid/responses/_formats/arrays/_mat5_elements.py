"""Elements of MATLAB's format 5: their tags, the heads of arrays, and plain numbers."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np

from unbraid.responses._formats._damaged import Damaged

_TYPES = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
    16: "u1", 17: "u2", 18: "u4",
}  # fmt: skip
MATRIX, COMPRESSED, UTF8 = 14, 15, 16  # types of elements, by the format
# Classes of arrays, by the format; 17 is MATLAB's own
CELL, STRUCT, CHAR, SPARSE, OPAQUE = 1, 2, 4, 5, 17
CLASSES = {
    6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8",
}  # fmt: skip
_LOGICAL, _COMPLEX, _UNKNOWN = 0x200, 0x800, 0xF100  # bits of the flags; 0x400 is "global"
_TEXT_CLASSES = ("string", "categorical", "datetime", "duration")


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


def describe(body: memoryview, at: int, order: str) -> Head:
    """Return an array's class, shape and name, and where its content begins."""
    flags, at = numbers_at(body, at, order)
    if flags.size == 2 and int(flags[0]) & 0xFF == OPAQUE:  # strings, tables: no size is told
        texts = []
        for _ in range(3):  # name, system, class
            text, at = numbers_at(body, at, order)
            texts.append(text.tobytes().decode("latin1"))
        kind = "" if texts[2] in _TEXT_CLASSES else f"a {texts[2][:40]}"
        return Head(OPAQUE, (), texts[0], at, opaque=kind)
    shape, at = numbers_at(body, at, order)
    name, at = numbers_at(body, at, order)
    if flags.size != 2 or not 2 <= shape.size <= 32 or shape.dtype.kind != "i" or shape.min() < 0:
        raise Damaged("no array where one should be")
    word, sides = int(flags[0]), tuple(int(side) for side in shape)
    known = not word & (_COMPLEX | _UNKNOWN)
    kind = word & 0xFF if known else 0
    return Head(kind, sides, name.tobytes().decode("latin1"), at, bool(word & _LOGICAL))


def numbers_at(body: memoryview, at: int, order: str) -> tuple[np.ndarray, int]:
    kind, start, stop, after = tag_at(body, at, order)
    if kind not in _TYPES:
        raise Damaged(f"numbers of an unknown type {kind}")
    dtype = np.dtype(order + _TYPES[kind])
    if (stop - start) % dtype.itemsize:
        raise Damaged("a broken number")
    return np.frombuffer(body[start:stop], dtype), after


def tag_at(body: memoryview, at: int, order: str, whole: bool = True) -> tuple[int, int, int, int]:
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
