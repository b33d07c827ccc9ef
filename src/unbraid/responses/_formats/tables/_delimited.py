"""Text tables: where they begin, what separates cells, which line names the columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from unbraid.errors import InputError
from unbraid.responses._formats._foreign import reading
from unbraid.responses._formats.tables._header import (
    has_header,
    is_missing,
    is_number,
    is_padded,
    names_of,
)
from unbraid.responses._formats.tables._unpacked import begins_with, kind_of, open_text
from unbraid.responses._said import Said

_MAYBE_PADDED = re.compile(r'(?:^|[,;\t"])\s*[+-]?0\d')
_NUMBER = r"(?:^|;)\s*\"?([+-]?\d+{}\d+(?:[eE][+-]?\d+)?)\s*\"?(?=;|\s*$)"
_COMMA, _POINT = (re.compile(_NUMBER.format(mark)) for mark in (",", r"\."))
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
_SEPARATOR = re.compile('"?sep=.?"?')  # Excel's own first line
_STATED = re.compile(r"\s*([A-Za-z][\w .-]{0,40}?)\s*[:=]\s*(\S.{0,80}?)\s*$")
_MOST_COMMENTS = 100  # lines that are read for what they state
_LOOKED_AT = 1000  # lines with a number padded with zeros: further lines add nothing about a column
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_delimited(
    path: Path,
    is_id: Callable[[str], bool],
    header: bool | None = None,
    decimal: str | None = None,
) -> tuple[Any, list[str]]:
    """Return a pandas table, whose first column without a name is its index, and what is unread.

    Lines that begin with ``#`` before the table are comments; the last of them is the header if it
    has a name for each column of numbers (as NumPy's ``savetxt`` writes it). A comment ``name:
    value`` that could change the numbers is refused, others are unread. Columns of which
    ``is_id(name)`` is true, those without a name, and those with a number padded with zeros
    stay text, as it is written.
    """
    import pandas

    encoding = "utf-16" if begins_with(path, _UTF16) else "utf-8-sig"
    with _as_text(path), open_text(path, encoding) as stream:
        skipped, comments, first = _begin(stream)
        second = next((line for line in stream if line.strip()), "")
        promised = _promised(first, second)
        if promised:  # fastText's first line
            skipped, comments, first = skipped + 1, [], second
            second = next((line for line in stream if line.strip()), "")
        separator = _separator(first, kind_of(path))
        looks = _looks(chain((second,), stream), separator, decimal)
        european = looks.european or (decimal is None and separator == ";" and "," in first)
    if "\0" in first:
        raise InputError(f"{path} is not text.")
    cells, below = (_cells(line, separator) for line in (first, second))
    plain = [[c.replace(",", ".") for c in row] if european else row for row in (cells, below)]
    above, names = _cells(comments[-1] if comments else "", separator), None
    if not (len(above) == len(cells) > 1 and all(map(is_number, plain[0]))):
        above = []
    if header is None:
        header = not above and has_header(path, plain[0], plain[1], is_id)
    if header:
        quoted = first.lstrip()[:1] == second.lstrip()[:1] == '"'
        names = names_of(path, cells, plain[1], quoted, is_id)
    elif above:
        names = above
    labels = [i for i, name in enumerate(names or []) if not name or is_id(name)]
    labels += [i for i in looks.padded if i < len(cells) + 1]
    labels += [i for i, cell in enumerate(plain[int(header)]) if not _may_be_a_number(cell)]
    _check_marks(path, looks, labels, decimal)
    with _as_text(path):
        table = pandas.read_csv(
            path,
            sep=r"\s+" if separator == " " else separator,
            quoting=csv.QUOTE_NONE if separator == " " else csv.QUOTE_MINIMAL,
            header=None,
            skiprows=skipped + 1 if header else skipped,
            encoding=encoding,
            keep_default_na=False,
            skipinitialspace=True,
            decimal="," if european else ".",
            dtype=dict.fromkeys(labels, str),  # 007 stays 007
            low_memory=False,  # in pieces a wide table takes twice as long
        )
    if promised and len(table) != promised:
        raise InputError(f"{path} begins by promising {promised} rows, got {len(table)}.")
    table = table if names is None else _named(path, table, names)
    return table, _unread(path, comments[:-1] if above else comments)


def _unread(path: Path, comments: list[str]) -> list[str]:
    """Refuse a comment that could change the numbers; return the first words of the others."""
    stated, plain = {}, []
    for line in comments:
        if found := _STATED.match(line):
            stated[found.group(1)] = found.group(2)
        else:
            plain.append(f"# {line.strip()[:40]}")
    return plain + [f"# {n}" for n in Said(f"{path}: its head", stated).settle(kind="comment")]


def _promised(first: str, second: str) -> int:
    """Return the rows that a first line promises, as fastText writes it: rows, then units; or 0."""
    told, below = first.split(), second.split()
    counts = len(told) == 2 and all(cell.isdecimal() for cell in told)
    return int(told[0]) if counts and len(below) == int(told[1]) + 1 > 3 else 0


@dataclass
class _Looks:
    """What the rows of a table look like."""

    european: bool
    """Numbers have a comma for a point."""
    padded: set[int] = field(default_factory=set)
    """Cells of a line that hold numbers such as 007."""
    comma: str = ""
    """A number with a comma, if any."""
    fraction: str = ""
    """One whose comma cannot be for thousands."""
    points: dict[int, str] = field(default_factory=dict)
    """Cells of a line that hold a number with a point, and one such number."""


def _looks(lines: Iterable[str], separator: str, decimal: str | None) -> _Looks:
    """Return how the rows write numbers; marks are looked for between semicolons alone."""
    found, left = _Looks(decimal == ","), _LOOKED_AT
    for line in lines:
        if separator == ";" and decimal != ".":
            found.european = found.european or "," in line
            for cell in _COMMA.findall(line) if not found.fraction else ():
                found.comma = cell
                found.fraction = "" if _THOUSANDS.fullmatch(cell) else cell
            if _POINT.search(line):
                cells = enumerate(_cells(line, separator))
                found.points |= {i: cell for i, cell in cells if _POINT.fullmatch(cell)}
        if left and _MAYBE_PADDED.search(line):
            left -= 1
            found.padded |= {i for i, cell in enumerate(_cells(line, separator)) if is_padded(cell)}
    return found


def _check_marks(path: Path, looks: _Looks, labels: list[int], decimal: str | None) -> None:
    """Refuse numbers whose commas or points may be for thousands."""
    point = next((cell for place, cell in looks.points.items() if place not in labels), "")
    if looks.comma and point:
        raise InputError(
            f"{path} has numbers such as {looks.comma} and {point}: which mark is for fractions, "
            "and which for thousands? Write a point for fractions and none for thousands."
        )
    if looks.comma and not looks.fraction and decimal is None:
        raise InputError(
            f"{path} has numbers such as {looks.comma}: is the comma for thousands or for "
            "fractions? Write no mark for thousands, or say decimal=',' if it is for fractions."
        )


def _may_be_a_number(cell: str) -> bool:
    return is_number(cell) or is_missing(cell) or cell.lower() in ("true", "false")


def _begin(stream: TextIO) -> tuple[int, list[str], str]:
    """Return how many lines come before the table, the comments there, and the first line."""
    comments: list[str] = []
    for skipped, line in enumerate(stream):
        if line.startswith("#"):
            comments.append(line.lstrip("# "))
        elif line.strip() and not _SEPARATOR.fullmatch(line.strip()):
            return skipped, comments[-_MOST_COMMENTS:], line
    return 0, comments, ""


def _separator(first: str, kind: str) -> str:
    """Return what separates the cells: a comma, unless the first line has what says otherwise."""
    apart = first.split()
    if len(apart) > 2 and all(map(is_number, apart[1:])):  # also of word vectors: ", 0.1 0.2"
        return " "
    likely = ("\t", ";", ",") if kind == ".tsv" else (";", "\t", ",")
    found = next((mark for mark in likely if mark in first), None)
    return found or (" " if len(apart) > 1 and kind not in (".csv", ".tsv") else ",")


def _cells(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.split()
    found = next(csv.reader([line.rstrip("\r\n")], delimiter=separator, skipinitialspace=True), [])
    return [cell.strip() for cell in found]


def _named(path: Path, table: Any, names: list[str]) -> Any:
    """Name the columns; empty ones without a name are left out."""
    empty = [not name and (table.iloc[:, i] == "").all() for i, name in enumerate(names)]
    if any(not (name or nothing) for name, nothing in list(zip(names, empty, strict=True))[1:]):
        raise InputError(f"{path}: rows have more cells than the header has names.")
    table.columns = names
    table = table.loc[:, [not nothing for nothing in empty]]
    return table if names[0] else table.set_index(table.columns[0])


@contextmanager
def _as_text(path: Path) -> Iterator[None]:
    """Explain what a file should be that is no UTF-8 text, or no table."""
    with reading(path, "CSV"):
        try:
            yield
        except UnicodeError:
            raise InputError(
                f"{path} is not text in UTF-8 or UTF-16; save it as CSV UTF-8."
            ) from None
