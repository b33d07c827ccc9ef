"""Figures as plain data: what is drawn, never how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from unbraid._documented import documented_choice
from unbraid.errors import InputError
from unbraid.report import _checks as checks
from unbraid.report._bins import BarFigure, Heatmap, Histogram
from unbraid.report._values import KINDS, NAN, Caption, Kind, Reference, check_domain, check_figure


@documented_choice
@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """One score of a metric; NaN is drawn as missing, with ``missing`` as the reason."""

    label: str
    """What is scored."""
    value: float
    """The score."""
    kind: Kind
    """Its role, which chooses colour and shape."""
    low: float = NAN
    """Lower end of its interval; NaN where there is none."""
    high: float = NAN
    """Upper end of its interval; NaN where there is none."""
    null: float = NAN
    """Chance level, a faint cross."""
    in_sample: float = NAN
    """Score on the stimuli of the fit, a faint ring."""
    missing: str = "not computed"
    """Why a value that is NaN is missing."""

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
    """The metric."""
    rows: Sequence[ScoreRow]
    """Scores, in this order."""
    note: str = ""
    """A few words below; empty for none."""
    domain: tuple[float, float] | None = None
    """Ends of the axis; widened where a number lies outside, chosen from the numbers if None."""

    def __post_init__(self) -> None:
        checks.check_text(self.title, "title of a metric")
        checks.check_text(self.note, "note of a metric", may_be_empty=True)
        checks.check_members(checks.as_tuple(self, "rows"), ScoreRow, "MetricGroup.rows")
        check_domain(self.domain, self.title)


@documented_choice
@dataclass(frozen=True, kw_only=True)
class BeforeAfterFigure:
    """Scores before and after, beside their controls: a dot and an interval per row."""

    title: str
    """Its title."""
    groups: Sequence[MetricGroup]
    """One panel per metric."""
    caption: Caption
    """What it found, from how much data, and which seed made it."""
    columns: int | None = None
    """Panels side by side on a wide screen; None: 1 for one metric, else 2."""
    digits: int = 2
    """Decimals that are written."""

    def __post_init__(self) -> None:
        check_figure(self)
        checks.check_members(checks.as_tuple(self, "groups"), MetricGroup, "groups")
        if self.columns not in (None, 1, 2):
            raise InputError(f"columns must be 1, 2 or None, got {self.columns!r}.")
        checks.check_count(self.digits, "digits")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class OverviewFigure:
    """A few scores of each metric in one row, all on one axis."""

    title: str
    """Its title."""
    groups: Sequence[MetricGroup]
    """Rows of one metric are drawn on one line, in their order; at most four."""
    caption: Caption
    """What it found, from how much data, and which seed made it."""
    domain: tuple[float, float] | None = None
    """Ends of the axis; widened where a number lies outside."""
    digits: int = 2
    """Decimals that are written."""

    def __post_init__(self) -> None:
        check_figure(self)
        checks.check_members(checks.as_tuple(self, "groups"), MetricGroup, "groups")
        most = max((len(group.rows) for group in self.groups), default=0)
        if most > 4:
            raise InputError(f"An overview shows at most 4 scores of a metric, got {most}.")
        check_domain(self.domain, self.title)
        checks.check_count(self.digits, "digits")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Curve:
    """Points of one curve, with an optional band; points that are not finite leave a gap."""

    name: str
    """As the legend calls it."""
    x: Sequence[float]
    """Places on the horizontal axis."""
    y: Sequence[float]
    """Values, one for each of ``x``."""
    low: Sequence[float] = ()
    """Lower edge of the band; empty for no band."""
    high: Sequence[float] = ()
    """Upper edge of the band; empty for no band."""
    kind: Kind | None = None
    """Colour by role; None takes the next colour of the palette."""
    mark: Literal["line", "points", "both"] = "line"
    """A line, points, or both."""
    dashed: bool = False
    """Whether the line is dashed."""

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
class CurveFigure:
    """Lines, bands or points over one or two linear or logarithmic axes."""

    title: str
    """Its title."""
    series: Sequence[Curve]
    """Curves."""
    x_label: str
    """Name of the horizontal axis, with its unit."""
    y_label: str
    """Name of the vertical axis, with its unit."""
    caption: Caption
    """What it found, from how much data, and which seed made it."""
    x_log: bool = False
    """Whether the horizontal axis is logarithmic."""
    y_log: bool = False
    """Whether the vertical axis is logarithmic."""
    y_domain: tuple[float, float] | None = None
    """Ends of the vertical axis; None: chosen from the values."""
    references: Sequence[Reference] = ()
    """Horizontal lines."""
    diagonal: bool = False
    """Draw y = x, for scatter plots of like against like."""

    def __post_init__(self) -> None:
        check_figure(self)
        checks.check_text(self.x_label, "x_label")
        checks.check_text(self.y_label, "y_label")
        checks.check_members(checks.as_tuple(self, "series"), Curve, "series")
        checks.check_members(checks.as_tuple(self, "references"), Reference, "references")
        check_domain(self.y_domain, self.title)


Figure = BeforeAfterFigure | OverviewFigure | CurveFigure | Histogram | Heatmap | BarFigure
FIGURES: tuple[type, ...] = (
    BeforeAfterFigure, OverviewFigure, CurveFigure, Histogram, Heatmap, BarFigure,
)  # fmt: skip
