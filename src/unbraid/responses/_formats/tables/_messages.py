"""Arrow's messages, checked before the library inflates them: what their buffers claim."""

from __future__ import annotations

import struct
from typing import Any

from unbraid.responses._formats._damaged import Damaged
from unbraid.responses._formats._foreign import check_claim

_DICTIONARY, _BATCH = 2, 3  # kinds of messages that carry buffers
_MOST_BUFFERS = 2**20  # of a message: three for each of 300,000 columns


def check_messages(pyarrow: Any, source: Any, size: int, where: str) -> None:
    """Refuse a stream whose compressed buffers would inflate to more than their file can hold."""
    claimed = 0
    for message in pyarrow.ipc.MessageReader.open_stream(source):
        if message.type in ("record batch", "dictionary") and message.body is not None:
            claimed += _claims(memoryview(message.metadata), memoryview(message.body))
            check_claim(claimed, size, where)


def _claims(about: memoryview, body: memoryview) -> int:
    """Return the bytes that the buffers of one message claim."""
    root = _u32(about, 0)
    kind, batch = about[_field(about, root, 1)], _follow(about, root, 2)
    if kind == _DICTIONARY:
        batch = _follow(about, batch, 1)
    elif kind != _BATCH:
        return 0
    compressed = bool(_field(about, batch, 3, needed=False))
    at = _follow(about, batch, 2)
    count = _u32(about, at)
    if count > _MOST_BUFFERS:
        raise Damaged("too many buffers")
    total = 0
    for i in range(count):
        offset, length = struct.unpack_from("<qq", about, at + 4 + 16 * i)
        if offset < 0 or length < 0 or offset + length > len(body):
            raise Damaged("a buffer outside its message")
        if compressed and length >= 8:
            told = struct.unpack_from("<q", body, offset)[0]
            length = told if told >= 0 else length
        total += length
    return total


def _field(about: memoryview, table: int, number: int, *, needed: bool = True) -> int:
    """Return where a table's field stands; 0 if it has none and needs none."""
    numbers = table - struct.unpack_from("<i", about, table)[0]
    if numbers < 0:
        raise Damaged("a table outside its message")
    at = 4 + 2 * number
    found = (
        struct.unpack_from("<H", about, numbers + at)[0]
        if at < struct.unpack_from("<H", about, numbers)[0]
        else 0
    )
    if not found and needed:
        raise Damaged("a message without buffers")
    return table + found if found else 0


def _follow(about: memoryview, table: int, number: int) -> int:
    at = _field(about, table, number)
    return at + _u32(about, at)


def _u32(about: memoryview, at: int) -> int:
    return int(struct.unpack_from("<I", about, at)[0])
