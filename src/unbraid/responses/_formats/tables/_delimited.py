"""Text tables: where they begin, what separates cells, which line names the columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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

_MAYBE_PADDED = re.compile(r'(?:^|[,;\t"])\s*[+-]?0\d')
_LOOKED_AT = 1000  # lines with a number padded with zeros: further lines add nothing about a column
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_delimited(path: Path, is_id: Callable[[str], bool], header: bool | None = None) -> Any:
    """Return a pandas table; a first column without a name is its index.

    Lines that begin with ``#`` before the table are skipped; the last of them is the header if it
    has a name for each column of numbers (as NumPy's ``savetxt`` writes it). Columns of which
    ``is_id(name)`` is true, those without a name, and those with a number padded with zeros
    stay text, as it is written.
    """
    import pandas

    encoding = "utf-16" if begins_with(path, _UTF16) else "utf-8-sig"
    with _as_text(path), open_text(path, encoding) as stream:
        skipped, comment, first = _begin(stream)
        second = next((line for line in stream if line.strip()), "")
        promised = _promised(first, second)
        if promised:  # fastText's first line
            skipped, comment, first = skipped + 1, "", second
            second = next((line for line in stream if line.strip()), "")
        separator = _separator(first, kind_of(path))
        european, padded = _looks(chain((second,), stream), separator)
        european = european or (separator == ";" and "," in first)
    if "\0" in first:
        raise InputError(f"{path} is not text.")
    cells, below = (_cells(line, separator) for line in (first, second))
    plain = [[c.replace(",", ".") for c in row] if european else row for row in (cells, below)]
    above, names = _cells(comment, separator), None
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
    labels += [i for i in padded if i < len(cells) + 1]
    labels += [i for i, cell in enumerate(plain[int(header)]) if not _may_be_a_number(cell)]
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
    return table if names is None else _named(path, table, names)


def _promised(first: str, second: str) -> int:
    """Return the rows that a first line promises, as fastText writes it: rows, then units; or 0."""
    told, below = first.split(), second.split()
    counts = len(told) == 2 and all(cell.isdecimal() for cell in told)
    return int(told[0]) if counts and len(below) == int(told[1]) + 1 > 3 else 0


def _looks(lines: Iterable[str], separator: str) -> tuple[bool, set[int]]:
    """Return whether numbers have a comma for a point, and which cells of a line hold 007."""
    european, padded, left = False, set[int](), _LOOKED_AT
    for line in lines:
        european = european or (separator == ";" and "," in line)
        if left and _MAYBE_PADDED.search(line):
            left -= 1
            padded |= {i for i, cell in enumerate(_cells(line, separator)) if is_padded(cell)}
    return european, padded


def _may_be_a_number(cell: str) -> bool:
    return is_number(cell) or is_missing(cell) or cell.lower() in ("true", "false")


def _begin(stream: TextIO) -> tuple[int, str, str]:
    """Return how many lines come before the table, the last comment, and the first line."""
    comment = ""
    for skipped, line in enumerate(stream):
        if line.startswith("#"):
            comment = line.lstrip("# ")
        elif line.strip():
            return skipped, comment, line
    return 0, "", ""


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
