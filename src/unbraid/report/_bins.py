"""Figures of bins, cells and bars as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unbraid._documented import documented_choice
from unbraid.errors import InputError
from unbraid.report import _checks as checks
from unbraid.report._values import (
    KINDS,
    Caption,
    Estimate,
    Kind,
    Reference,
    check_domain,
    check_figure,
)


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many values fell in each bin of a histogram."""

    name: str
    """As the legend calls it."""
    counts: Sequence[float]
    """One for each bin, at least 0."""
    kind: Kind | None = None
    """Colour by role; None takes the next colour of the palette."""

    def __post_init__(self) -> None:
        checks.check_text(self.name, "name of the counts")
        if self.kind is not None:
            checks.check_choice(self.kind, KINDS, f"kind of {self.name!r}")
        for count in checks.as_tuple(self, "counts"):
            if not checks.check_number(count, f"a count of {self.name!r}") >= 0:
                raise InputError(f"Counts of {self.name!r} must be >= 0, got {count!r}.")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Counts over shared bins, one outline a series."""

    title: str
    """Its title."""
    edges: Sequence[float]
    """Ends of the bins, increasing: one more than there are bins."""
    series: Sequence[Counts]
    """Counts over these bins."""
    x_label: str
    """Name of the horizontal axis, with its unit."""
    caption: Caption
    """What it found, from how much data, and which seed made it."""
    y_label: str = "count"
    """Name of the vertical axis."""
    references: Sequence[Reference] = ()
    """Vertical lines."""

    def __post_init__(self) -> None:
        check_figure(self)
        checks.check_text(self.x_label, "x_label")
        checks.check_text(self.y_label, "y_label")
        edges = [checks.check_number(e, "an edge") for e in checks.as_tuple(self, "edges")]
        if len(edges) < 2 or not all(a < b for a, b in zip(edges, edges[1:], strict=False)):
            raise InputError(f"edges must increase and be at least 2, got {edges[:4]}.")
        for series in checks.as_tuple(self, "series"):
            checks.check_members((series,), Counts, "series")
            if len(series.counts) != len(edges) - 1:
                raise InputError(
                    f"{series.name!r} must have {len(edges) - 1} counts, one per bin, "
                    f"got {len(series.counts)}."
                )
        checks.check_members(checks.as_tuple(self, "references"), Reference, "references")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Heatmap:
    """A small matrix in colour, numbers written in the cells while they fit."""

    title: str
    """Its title."""
    row_labels: Sequence[str]
    """Name of each row."""
    column_labels: Sequence[str]
    """Name of each column."""
    values: Sequence[Sequence[float]]
    """One row of values for each of ``row_labels``; NaN is left empty."""
    caption: Caption
    """What it found, from how much data, and which seed made it."""
    rows_are: str = ""
    """What the rows are, in a few words."""
    columns_are: str = ""
    """What the columns are, in a few words."""
    domain: tuple[float, float] | None = None
    """Values of the first and the last colour; None: chosen from the values."""
    digits: int = 2
    """Decimals that are written."""
    links: Sequence[Sequence[str]] = ()
    """Where a click on each cell leads: a path from the page on; empty where nowhere."""

    def __post_init__(self) -> None:
        check_figure(self)
        rows, columns = checks.as_tuple(self, "row_labels"), checks.as_tuple(self, "column_labels")
        values = tuple(tuple(row) for row in checks.as_tuple(self, "values"))
        object.__setattr__(self, "values", values)
        if len(values) != len(rows) or any(len(row) != len(columns) for row in values):
            raise InputError(
                f"values must have shape ({len(rows)}, {len(columns)}), one per pair of labels, "
                f"got {len(values)} rows of {sorted({len(row) for row in values})}."
            )
        for row in values:
            for value in row:
                checks.check_number(value, f"a value of {self.title!r}")
        links = tuple(tuple(row) for row in checks.as_tuple(self, "links"))
        object.__setattr__(self, "links", links)
        if links and [len(row) for row in links] != [len(row) for row in values]:
            raise InputError(f"links of {self.title!r} must be one per cell.")
        for row in links:
            for link in row:
                checks.check_path(link, f"a link of {self.title!r}")
        check_domain(self.domain, self.title)


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Bars:
    """One value per category, for one series of a bar figure."""

    name: str
    """As the legend calls it."""
    values: Sequence[Estimate]
    """One for each category."""
    kind: Kind | None = None
    """Colour by role; None takes the next colour of the palette."""

    def __post_init__(self) -> None:
        checks.check_text(self.name, "name of the bars")
        if self.kind is not None:
            checks.check_choice(self.kind, KINDS, f"kind of {self.name!r}")
        checks.check_members(checks.as_tuple(self, "values"), Estimate, "Bars.values")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class BarFigure:
    """Grouped bars with intervals, from zero, one group per category."""

    title: str
    """Its title."""
    categories: Sequence[str]
    """Names of the groups of bars."""
    series: Sequence[Bars]
    """One bar of each in every group."""
    x_label: str
    """Name of the axis of values, with its unit."""
    caption: Caption
    """What it found, from how much data, and which seed made it."""
    digits: int = 2
    """Decimals that are written."""

    def __post_init__(self) -> None:
        check_figure(self)
        checks.check_text(self.x_label, "x_label")
        categories = checks.as_tuple(self, "categories")
        for series in checks.as_tuple(self, "series"):
            checks.check_members((series,), Bars, "series")
            if len(series.values) != len(categories):
                raise InputError(
                    f"{series.name!r} must have {len(categories)} values, one per category, "
                    f"got {len(series.values)}."
                )
