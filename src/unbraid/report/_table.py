"""Tables: declared columns, rows of cells, and a reason for every value that is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from unbraid._documented import documented_choice
from unbraid.errors import InputError
from unbraid.report import _checks as checks
from unbraid.report._values import KINDS, Cell, Estimate, Missing

Format = Literal["text", "kind", "number", "integer", "percent", "p", "estimate"]
FORMATS: tuple[str, ...] = ("text", "kind", "number", "integer", "percent", "p", "estimate")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: its name, how its cells are written, and what it means."""

    name: str
    """Its heading."""
    format: Format = "text"
    """How its cells are written; ``kind`` shows a role in its colour."""
    digits: int = 2
    """Decimals that are written."""
    help: str = ""
    """What it means, shown on demand."""
    missing: str = "not computed"
    """Why a None or NaN of this column is missing (a `Missing` cell says its own reason)."""

    def __post_init__(self) -> None:
        checks.check_text(self.name, "name of a column")
        checks.check_text(self.help, "help of a column", may_be_empty=True)
        checks.check_text(self.missing, "missing of a column")
        checks.check_choice(self.format, FORMATS, "format of a column")
        checks.check_count(self.digits, "digits of a column")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of cells under declared columns; sortable, and filtered when long."""

    title: str
    """Its title."""
    columns: Sequence[Column]
    """In this order."""
    rows: Sequence[Sequence[Cell]]
    """One cell for each column."""
    note: str = ""
    """A sentence below; empty for none."""

    def __post_init__(self) -> None:
        checks.check_text(self.title, "title of a table")
        checks.check_text(self.note, "note of a table", may_be_empty=True)
        columns = checks.as_tuple(self, "columns")
        checks.check_members(columns, Column, "Table.columns")
        rows = tuple(tuple(row) for row in checks.as_tuple(self, "rows"))
        for index, row in enumerate(rows):
            if len(row) != len(columns):
                raise InputError(
                    f"Row {index} of table {self.title!r} must have {len(columns)} cells, one a "
                    f"column, got {len(row)}."
                )
            for column, cell in zip(columns, row, strict=True):
                _check_cell(column, cell, index)
        object.__setattr__(self, "rows", rows)


def _check_cell(column: Column, cell: Cell, index: int) -> None:
    where = f"Cell {column.name!r} of row {index}"
    if cell is None or isinstance(cell, Missing):
        return
    if column.format in ("text", "kind"):
        if not isinstance(cell, str):
            raise InputError(f"{where} must be a string, got {cell!r}.")
        if column.format == "kind":
            checks.check_choice(cell, KINDS, where)
    elif isinstance(cell, Estimate):
        if column.format != "estimate":
            raise InputError(f"{where} is an Estimate; its column needs format='estimate'.")
    elif isinstance(cell, str):
        raise InputError(f"{where} must be a number, got {cell!r}.")
    else:
        checks.check_number(cell, where)
