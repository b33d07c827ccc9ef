"""Parquet's footer and pages, read before the library trusts them: sizes, counts, encodings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from unbraid.errors import InputError
from unbraid.responses._formats._damaged import Damaged
from unbraid.responses._formats._foreign import check_claim
from unbraid.responses._formats.tables._thrift import structure

_DATA, _DICTIONARY, _DATA_2 = 0, 2, 3  # kinds of pages, by the format
_DETAILS = {_DATA: 5, _DICTIONARY: 7, _DATA_2: 8}  # field of a page's header that says more
_ENCODING = {_DATA: 2, _DICTIONARY: 2, _DATA_2: 4}  # field of these that names the encoding
_ENCODINGS = {0: "PLAIN", 2: "PLAIN_DICTIONARY", 3: "RLE", 4: "BIT_PACKED", 8: "RLE_DICTIONARY",
              9: "BYTE_STREAM_SPLIT"}  # fmt: skip
_WIDTHS = {0: 0, 1: 4, 2: 8, 3: 12, 4: 4, 5: 8, 6: 4, 7: 1}  # least bytes of a value, by its type
_TEXT = (6, 7)  # types of values whose length varies, by the format
_HEADER, _LONGEST_PAGE_HEADER = 2**12, 2**20  # bytes of a page's header, as a rule and at most


@dataclass(frozen=True)
class ColumnPages:
    """A column of one group of rows."""

    name: str
    kind: int
    count: int
    first: int
    """Where its pages begin."""
    stored: int
    flat: bool
    """Whether it stands in no list or structure."""

    @property
    def is_text(self) -> bool:
        """Whether its values are bytes of any length."""
        return self.kind in _TEXT


def check_parquet(path: Path, size: int) -> list[ColumnPages]:
    """Return the columns of a file whose sizes, counts and encodings can be trusted.

    The library would abort on some of what a damaged footer says, and allocates what pages claim.
    """
    with path.open("rb") as stream:
        columns = _columns(_footer(stream, size))
        check_claim(8 * sum(column.count for column in columns), size, str(path))
        for column in columns:
            _check_pages(path, stream, size, column)
    return columns


def _footer(stream: BinaryIO, size: int) -> dict[int, Any]:
    stream.seek(max(0, size - 8))
    end = stream.read(8)
    length = int.from_bytes(end[:4], "little")
    if end[4:] != b"PAR1" or length > size - 8:
        raise Damaged("no footer")
    stream.seek(size - 8 - length)
    return structure(stream.read(length))[0]


def _columns(footer: Mapping[int, Any]) -> list[ColumnPages]:
    found = []
    for group in footer.get(4) or ():
        for chunk in group.get(1) or ():
            if 1 in chunk:
                raise InputError("its columns are stored in other files, which are not followed")
            about = chunk.get(3)
            if not isinstance(about, dict) or not isinstance(about.get(3), list):
                raise Damaged("a column without a description")
            name = b".".join(about[3]).decode("utf-8", "replace")
            data, dictionary = _whole(about, 9), about.get(11) or 0
            first = dictionary if 0 < dictionary < data else data
            flat = len(about[3]) == 1
            column = ColumnPages(
                name, _whole(about, 1), _whole(about, 5), first, _whole(about, 7), flat
            )
            if min(column.count, column.stored, column.first) < 0 or column.kind not in _WIDTHS:
                raise Damaged("a column of an unknown kind")
            found.append(column)
    if _whole(footer, 3) < 0:
        raise Damaged("a negative number of rows")
    return found


def _check_pages(path: Path, stream: BinaryIO, size: int, column: ColumnPages) -> None:
    where = f"{path}: column {column.name[:60]!r}"
    at, stop, left, inflated = column.first, column.first + column.stored, column.count, 0
    if left and (at < 4 or stop > size):
        raise Damaged("a column outside the file")
    while left > 0:
        header, length = _header(stream, at, stop)
        kind, opened, stored = (_whole(header, field) for field in (1, 2, 3))
        details = header.get(_DETAILS.get(kind, -1))
        if not isinstance(details, dict) or min(opened, stored) < 0:
            raise Damaged("a page of an unknown kind")
        at += length + stored
        count, encoding = _whole(details, 1), _whole(details, _ENCODING[kind])
        if at > stop or count < 0 or (kind != _DICTIONARY and count > left):
            raise Damaged("a page of more values than its column")
        if encoding not in _ENCODINGS:
            raise InputError(
                f"{where} has the encoding {encoding}, which is not read. Write it with one of "
                f"{', '.join(_ENCODINGS.values())}."
            )
        inflated += opened
        check_claim(inflated, size, where)
        if kind != _DICTIONARY:
            left -= count
        elif count * _WIDTHS[column.kind] > opened:
            raise Damaged("a dictionary of more values than bytes")
        elif column.is_text and not column.flat:  # each value may be the longest
            check_claim(column.count * opened, size, where)


def _header(stream: BinaryIO, at: int, stop: int) -> tuple[dict[int, Any], int]:
    stream.seek(at)
    raw = stream.read(max(0, min(_HEADER, stop - at)))
    try:
        return structure(raw)
    except Damaged:
        return structure(raw + stream.read(max(0, min(_LONGEST_PAGE_HEADER, stop - at - len(raw)))))


def _whole(fields: Mapping[int, Any], number: int) -> int:
    value = fields.get(number)
    if type(value) is not int:
        raise Damaged("a size that is not given")
    return value
