"""Cells as they are written: a number with its interval, or a dash with its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from unbraid.report._bins import BarFigure
from unbraid.report._figures import BeforeAfterFigure, Figure, OverviewFigure
from unbraid.report._table import Column, Table
from unbraid.report._text import DASH, interval, number
from unbraid.report._values import Cell, Estimate, Missing
from unbraid.report.draw.dots import rows_of

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, kw_only=True)
class Written:
    """One cell: its text, what is written smaller after it, and what it sorts by."""

    text: str
    quiet: str = ""
    sort: str = ""
    reason: str = ""
    """Why it is missing; empty where it is not."""


@dataclass(frozen=True)
class Footnotes:
    """Reasons of the missing values of one table, each with its letter."""

    reasons: dict[str, str] = field(default_factory=dict)

    def letter(self, reason: str) -> str:
        """Return the letter of a reason, a new one when it is new."""
        if reason not in self.reasons:
            index = len(self.reasons)
            again = index // len(_LETTERS)
            self.reasons[reason] = _LETTERS[index % len(_LETTERS)] + (str(again) if again else "")
        return self.reasons[reason]


def written(cell: Cell, column: Column | None = None) -> Written:
    """Write a cell as its column declares; without one, as its type suggests."""
    if isinstance(cell, Missing):
        return Written(text=DASH, reason=cell.reason)
    value = cell.value if isinstance(cell, Estimate) else cell
    if value is None or (not isinstance(value, str) and not math.isfinite(value)):
        return Written(text=DASH, reason=column.missing if column else "not available")
    if isinstance(value, str):
        return Written(text=value, sort=value)
    if isinstance(value, bool):
        return Written(text="yes" if value else "no", sort=str(int(value)))
    style = column.format if column else _style_of(cell)
    digits = column.digits if column else 3
    ends = interval(cell.low, cell.high, digits) if isinstance(cell, Estimate) else ""
    return Written(text=_number(value, style, digits), quiet=ends, sort=repr(float(value)))


def figure_table(figure: Figure) -> Table | None:
    """Return the numbers behind a figure of scores or bars; None for the other figures."""
    if isinstance(figure, BeforeAfterFigure | OverviewFigure):
        digits = figure.digits + 1
        columns = [Column(name="metric"), Column(name="score"), Column(name="role", format="kind")]
        columns.append(Column(name="value", format="estimate", digits=digits))
        columns += [Column(name=n, format="number", digits=digits) for n in ("in-sample", "chance")]
        rows: list[tuple[Cell, ...]] = [
            (
                g.title,
                r.label,
                r.kind,
                _estimate(r.value, r.low, r.high, r.missing),
                r.in_sample,
                r.null,
            )
            for g, r in rows_of(figure)
        ]
        return Table(title=f"Numbers of “{figure.title}”", columns=columns, rows=rows)
    if isinstance(figure, BarFigure):
        columns = [Column(name="category")]
        columns += [
            Column(name=s.name, format="estimate", digits=figure.digits + 1) for s in figure.series
        ]
        bars: list[tuple[Cell, ...]] = [
            (category, *(s.values[index] for s in figure.series))
            for index, category in enumerate(figure.categories)
        ]
        return Table(title=f"Numbers of “{figure.title}”", columns=columns, rows=bars)
    return None


def _estimate(value: float, low: float, high: float, missing: str) -> Estimate | Missing:
    return Estimate(value=value, low=low, high=high) if math.isfinite(value) else Missing(missing)


def _style_of(cell: Cell) -> str:
    return "integer" if isinstance(cell, int) or float(cell).is_integer() else "number"  # type: ignore[arg-type]


def _number(value: float, style: str, digits: int) -> str:
    if style == "integer":
        return number(value, 0)
    if style == "percent":
        return f"{number(100 * value, max(digits - 1, 0))} %"
    if style == "p" and value < 10.0**-digits:
        return f"< {number(10.0**-digits, digits)}"
    return number(value, digits)
