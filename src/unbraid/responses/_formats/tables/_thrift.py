"""Thrift's compact protocol, in which Parquet writes its headers: structures of numbered fields."""

from __future__ import annotations

from typing import Any

from unbraid.responses._formats._damaged import Damaged

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = (
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12,
)  # fmt: skip
_DEEPEST = 16  # structures within each other: a page's header has three


def structure(raw: bytes, at: int = 0, depth: int = 0) -> tuple[dict[int, Any], int]:
    """Return a structure's fields by number, and where it ends."""
    fields: dict[int, Any] = {}
    number = 0
    while True:
        head, at = _byte(raw, at)
        if not head:
            return fields, at
        step = head >> 4
        if step:
            number += step
        else:
            number, at = _zigzag(raw, at)
        fields[number], at = _value(raw, at, head & 15, depth)


def _value(raw: bytes, at: int, kind: int, depth: int) -> tuple[Any, int]:
    if depth > _DEEPEST:
        raise Damaged("structures that are too deep")
    if kind in (_TRUE, _FALSE):
        return kind == _TRUE, at
    if kind in (_I16, _I32, _I64):
        return _zigzag(raw, at)
    if kind == _BYTE:
        return _byte(raw, at)
    if kind == _DOUBLE:
        return None, at + 8
    if kind == _BINARY:
        length, at = _varint(raw, at)
        if at + length > len(raw):
            raise Damaged("truncated")
        return raw[at : at + length], at + length
    if kind == _STRUCT:
        return structure(raw, at, depth + 1)
    if kind in (_LIST, _SET):
        return _list(raw, at, depth)
    raise Damaged("a field of an unknown kind")


def _list(raw: bytes, at: int, depth: int) -> tuple[list[Any], int]:
    head, at = _byte(raw, at)
    count, kind = head >> 4, head & 15
    if count == 15:
        count, at = _varint(raw, at)
    if count > len(raw) - at:  # each item takes a byte at least
        raise Damaged("truncated")
    found = []
    for _ in range(count):
        boolean = kind in (_TRUE, _FALSE)
        item, at = _byte(raw, at) if boolean else _value(raw, at, kind, depth + 1)
        found.append(item)
    return found, at


def _byte(raw: bytes, at: int) -> tuple[int, int]:
    if at >= len(raw):
        raise Damaged("truncated")
    return raw[at], at + 1


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    found = 0
    for shift in range(0, 70, 7):
        byte, at = _byte(raw, at)
        found |= (byte & 127) << shift
        if byte < 128:
            return found, at
    raise Damaged("a number that does not end")


def _zigzag(raw: bytes, at: int) -> tuple[int, int]:
    found, at = _varint(raw, at)
    return found >> 1 ^ -(found & 1), at
