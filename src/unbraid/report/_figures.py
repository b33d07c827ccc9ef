"""Figures as plain data: what is drawn, never how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from unbraid._documented import documented_choice
from unbraid.errors import InputError
from unbraid.report import _checks as checks
from unbraid.report._values import KINDS, NAN, Caption, Estimate, Kind


@documented_choice
@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """One score of a metric; NaN is drawn as missing, with ``missing`` as the reason."""

    label: str
    value: float
    kind: Kind
    low: float = NAN
    high: float = NAN
    null: float = NAN
    """Chance level, a faint cross."""
    in_sample: float = NAN
    """Score on the stimuli of the fit, a faint ring."""
    missing: str = "not computed"

    def __post_init__(self) -> None:
        checks.check_text(self.label, "label of a score")
        checks.check_text(self.missing, "missing of a score")
        checks.check_choice(self.kind, KINDS, f"kind of {self.label!r}")
        for name in ("value", "null", "in_sample"):
            checks.check_number(getattr(self, name), f"{name} of {self.label!r}")
        checks.check_interval(self.low, self.high, repr(self.label))


@documented_choice
@dataclass(frozen=True, kw_only=True)
class MetricGroup:
    """The scores of one metric, on one axis."""

    title: str
    rows: Sequence[ScoreRow]
    note: str = ""
    domain: tuple[float, float] | None = None
    """Ends of the axis; widened where a number lies outside, chosen from the numbers if None."""

    def __post_init__(self) -> None:
        checks.check_text(self.title, "title of a metric")
        checks.check_text(self.note, "note of a metric", may_be_empty=True)
        checks.check_members(checks.as_tuple(self, "rows"), ScoreRow, "MetricGroup.rows")
        _check_domain(self.domain, self.title)


@documented_choice
@dataclass(frozen=True, kw_only=True)
class BeforeAfterFigure:
    """Scores before and after, beside their controls: a dot and an interval a row."""

    title: str
    groups: Sequence[MetricGroup]
    caption: Caption
    columns: int | None = None
    """Panels side by side on a wide screen; None: 1 for one metric, else 2."""
    digits: int = 2

    def __post_init__(self) -> None:
        _check_figure(self)
        checks.check_members(checks.as_tuple(self, "groups"), MetricGroup, "groups")
        if self.columns not in (None, 1, 2):
            raise InputError(f"columns must be 1, 2 or None, got {self.columns!r}.")
        checks.check_count(self.digits, "digits")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Curve:
    """Points of one curve, with an optional band; points that are not finite leave a gap."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    kind: Kind | None = None
    """Colour by role; None takes the next colour of the palette."""
    mark: Literal["line", "points", "both"] = "line"
    dashed: bool = False

    def __post_init__(self) -> None:
        checks.check_text(self.name, "name of a series")
        checks.check_choice(self.mark, ("line", "points", "both"), "mark of a series")
        if self.kind is not None:
            checks.check_choice(self.kind, KINDS, f"kind of {self.name!r}")
        for field in ("x", "y", "low", "high"):
            values = checks.as_tuple(self, field)
            floats = tuple(checks.check_number(v, f"{field} of {self.name!r}") for v in values)
            object.__setattr__(self, field, floats)
        sizes = (len(self.x), len(self.y), len(self.low), len(self.high))
        if sizes not in ((sizes[0], sizes[0], 0, 0), (sizes[0],) * 4):
            raise InputError(
                f"x, y and the band of series {self.name!r} must have equal lengths (no band: "
                f"leave low and high empty), got {sizes}."
            )
        for low, high in zip(self.low, self.high, strict=True):
            checks.check_interval(low, high, repr(self.name))


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Reference:
    """A labelled line across the figure at one value."""

    label: str
    value: float

    def __post_init__(self) -> None:
        checks.check_text(self.label, "label of a reference")
        checks.check_number(self.value, f"value of {self.label!r}")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class CurveFigure:
    """Lines, bands or points over one or two linear or logarithmic axes."""

    title: str
    series: Sequence[Curve]
    x_label: str
    y_label: str
    caption: Caption
    x_log: bool = False
    y_log: bool = False
    y_domain: tuple[float, float] | None = None
    references: Sequence[Reference] = ()
    """Horizontal lines."""
    diagonal: bool = False
    """Draw y = x, for scatter plots of like against like."""

    def __post_init__(self) -> None:
        _check_figure(self)
        checks.check_text(self.x_label, "x_label")
        checks.check_text(self.y_label, "y_label")
        checks.check_members(checks.as_tuple(self, "series"), Curve, "series")
        checks.check_members(checks.as_tuple(self, "references"), Reference, "references")
        _check_domain(self.y_domain, self.title)


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many values fell in each bin of a histogram."""

    name: str
    counts: Sequence[float]
    kind: Kind | None = None

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
    edges: Sequence[float]
    series: Sequence[Counts]
    x_label: str
    caption: Caption
    y_label: str = "count"
    references: Sequence[Reference] = ()
    """Vertical lines."""

    def __post_init__(self) -> None:
        _check_figure(self)
        checks.check_text(self.x_label, "x_label")
        checks.check_text(self.y_label, "y_label")
        edges = [checks.check_number(e, "an edge") for e in checks.as_tuple(self, "edges")]
        if len(edges) < 2 or not all(a < b for a, b in zip(edges, edges[1:], strict=False)):
            raise InputError(f"edges must increase and be at least 2, got {edges[:4]}.")
        for series in checks.as_tuple(self, "series"):
            checks.check_members((series,), Counts, "series")
            if len(series.counts) != len(edges) - 1:
                raise InputError(
                    f"{series.name!r} must have {len(edges) - 1} counts, one a bin, "
                    f"got {len(series.counts)}."
                )
        checks.check_members(checks.as_tuple(self, "references"), Reference, "references")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Heatmap:
    """A small matrix in colour, numbers written in the cells while they fit."""

    title: str
    row_labels: Sequence[str]
    column_labels: Sequence[str]
    values: Sequence[Sequence[float]]
    caption: Caption
    rows_are: str = ""
    columns_are: str = ""
    domain: tuple[float, float] | None = None
    digits: int = 2
    links: Sequence[Sequence[str]] = ()
    """Where a click on each cell leads: a path from the page on; empty where nowhere."""

    def __post_init__(self) -> None:
        _check_figure(self)
        rows, columns = checks.as_tuple(self, "row_labels"), checks.as_tuple(self, "column_labels")
        values = tuple(tuple(row) for row in checks.as_tuple(self, "values"))
        object.__setattr__(self, "values", values)
        if len(values) != len(rows) or any(len(row) != len(columns) for row in values):
            raise InputError(
                f"values must have shape ({len(rows)}, {len(columns)}), one a pair of labels, "
                f"got {len(values)} rows of {sorted({len(row) for row in values})}."
            )
        for row in values:
            for value in row:
                checks.check_number(value, f"a value of {self.title!r}")
        links = tuple(tuple(row) for row in checks.as_tuple(self, "links"))
        object.__setattr__(self, "links", links)
        if links and [len(row) for row in links] != [len(row) for row in values]:
            raise InputError(f"links of {self.title!r} must be one a cell.")
        for row in links:
            for link in row:
                checks.check_path(link, f"a link of {self.title!r}")
        _check_domain(self.domain, self.title)


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Bars:
    """One value a category, for one series of a bar figure."""

    name: str
    values: Sequence[Estimate]
    kind: Kind | None = None

    def __post_init__(self) -> None:
        checks.check_text(self.name, "name of the bars")
        if self.kind is not None:
            checks.check_choice(self.kind, KINDS, f"kind of {self.name!r}")
        checks.check_members(checks.as_tuple(self, "values"), Estimate, "Bars.values")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class BarFigure:
    """Grouped bars with intervals, from zero, one group a category."""

    title: str
    categories: Sequence[str]
    series: Sequence[Bars]
    x_label: str
    caption: Caption
    digits: int = 2

    def __post_init__(self) -> None:
        _check_figure(self)
        checks.check_text(self.x_label, "x_label")
        categories = checks.as_tuple(self, "categories")
        for series in checks.as_tuple(self, "series"):
            checks.check_members((series,), Bars, "series")
            if len(series.values) != len(categories):
                raise InputError(
                    f"{series.name!r} must have {len(categories)} values, one a category, "
                    f"got {len(series.values)}."
                )


Figure = BeforeAfterFigure | CurveFigure | Histogram | Heatmap | BarFigure
FIGURES: tuple[type, ...] = (BeforeAfterFigure, CurveFigure, Histogram, Heatmap, BarFigure)


def _check_figure(figure: Figure) -> None:
    checks.check_text(figure.title, "title of a figure")
    checks.check_members((figure.caption,), Caption, f"caption of {figure.title!r}")


def _check_domain(domain: tuple[float, float] | None, name: str) -> None:
    if domain is None:
        return
    low, high = domain
    if not checks.check_number(low, "domain") < checks.check_number(high, "domain"):
        raise InputError(f"domain of {name!r} must be (low, high) with low < high, got {domain}.")
