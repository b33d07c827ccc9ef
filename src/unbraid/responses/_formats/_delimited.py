"""Text tables: where they begin, what separates cells, which line names the columns."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from unbraid.errors import InputError
from unbraid.responses._formats._foreign import reading

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_delimited(path: Path, is_id: Callable[[str], bool]) -> Any:
    """Return a pandas table; a first column without a name is its index.

    Lines that begin with ``#`` before the table are skipped; the last of them is the header if it
    has a name for each column of numbers (as NumPy's ``savetxt`` writes it). Columns of which
    ``is_id(name)`` is true stay text.
    """
    import pandas

    with path.open("rb") as stream:
        encoding = "utf-16" if stream.read(2) in _UTF16 else "utf-8-sig"
    with _as_text(path):
        with path.open(encoding=encoding) as stream:
            skipped, comment, first = _begin(stream)
            second = next((line for line in stream if line.strip()), "")
            separator = _separator(first, path.suffix.lower() == ".tsv")
            lines = (first, second)
            european = separator == ";" and any("," in line for line in (*lines, *stream))
        if "\0" in first:
            raise InputError(f"{path} is not text.")
        cells, below = (_cells(line, separator) for line in lines)
        numbers = all(is_number(cell.replace(",", ".") if european else cell) for cell in cells)
        above = _cells(comment, separator)
        names = None if numbers else _names(path, cells, below)
        if numbers and len(above) == len(cells) > 1:
            names = above
        table = pandas.read_csv(
            path,
            sep=separator,
            header=None,
            skiprows=skipped if numbers else skipped + 1,
            encoding=encoding,
            keep_default_na=False,
            skipinitialspace=True,
            decimal="," if european else ".",
            dtype={i: str for i, name in enumerate(names or []) if is_id(name)},  # 007 stays 007
            low_memory=False,  # in pieces a wide table takes twice as long
        )
    return table if names is None else _named(table, names)


def _begin(stream: TextIO) -> tuple[int, str, str]:
    """Return how many lines come before the table, the last comment, and the first line."""
    comment = ""
    for skipped, line in enumerate(stream):
        if line.startswith("#"):
            comment = line.lstrip("# ")
        elif line.strip():
            return skipped, comment, line
    return 0, "", ""


def _separator(first: str, tabs: bool) -> str:
    """Return what separates the cells: a comma, unless the first line has what says otherwise."""
    likely = ("\t", ";", ",") if tabs else (";", "\t", ",")
    return next((mark for mark in likely if mark in first), ",")


def _cells(line: str, separator: str) -> list[str]:
    found = next(csv.reader([line.rstrip("\r\n")], delimiter=separator, skipinitialspace=True), [])
    return [cell.strip() for cell in found]


def _names(path: Path, cells: list[str], below: list[str]) -> list[str]:
    """Return a name for each cell of the rows; nothing names an index."""
    if not below:
        raise InputError(f"{path} must hold at least one stimulus, got a header alone.")
    names = ["" if cell.startswith("Unnamed: ") else cell for cell in cells]  # pandas' own word
    while len(names) > len(below) and not names[-1]:
        names.pop()
    extra = len(below) - len(names)
    if extra == 1:  # each row ends with a separator, or begins with its name, as in R
        names = [*names, ""] if not below[-1] else ["", *names]
    elif extra:
        which = "more" if extra > 0 else "fewer"
        raise InputError(f"{path}: rows have {which} cells than the header has names.")
    return names


def _named(table: Any, names: list[str]) -> Any:
    """Name the columns; empty ones without a name are left out."""
    table.columns = names
    nothing = [bool(name) or not (table.iloc[:, i] == "").all() for i, name in enumerate(names)]
    table = table.loc[:, nothing]
    return table if names[0] else table.set_index(table.columns[0])


def is_number(cell: Any) -> bool:
    """Return whether a cell reads as a number."""
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True


@contextmanager
def _as_text(path: Path) -> Iterator[None]:
    """Say of a file that is no UTF-8 text, or no table, what it should be."""
    with reading(path, "CSV"):
        try:
            yield
        except UnicodeError:
            raise InputError(
                f"{path} is not text in UTF-8 or UTF-16; save it as CSV UTF-8."
            ) from None
