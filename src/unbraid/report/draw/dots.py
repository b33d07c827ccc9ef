"""Dots with intervals, one row a score: before, after and what could explain the gain away."""

from __future__ import annotations

import math
from collections.abc import Iterator

from unbraid.report._figures import BeforeAfterFigure, MetricGroup, ScoreRow
from unbraid.report._text import DASH, interval, number, shorten, text_width, wrap
from unbraid.report.draw._axes import x_axis
from unbraid.report.draw._marks import NAMES, legend, mark
from unbraid.report.draw._scale import Scale, scale
from unbraid.report.draw._svg import Drawing, element, line, rect, span, text, title

_GAP = 36.0  # between panels side by side
_STACKED_BELOW = 480.0  # a panel narrower than this writes labels above its tracks


def draw(figure: BeforeAfterFigure, width: float) -> Drawing:
    """Draw the panels in one or two columns under one legend."""
    columns = 1 if width < _STACKED_BELOW else figure.columns or min(len(figure.groups), 2) or 1
    body, top = legend(_legend_items(figure), 0.0, 0.0, width)
    parts, heights = [body], [top + 6] * columns
    panel_width = (width - _GAP * (columns - 1)) / columns
    for index, group in enumerate(figure.groups):
        column = index % columns
        if column == 0:  # panels of a row start together
            heights = [max(heights)] * columns
        drawn = _panel(group, panel_width, figure.digits)
        x, y = column * (panel_width + _GAP), heights[column]
        parts.append(element("g", drawn.body, transform=f"translate({x:.2f} {y:.2f})"))
        heights[column] += drawn.height + 20
    return Drawing(body="".join(parts), width=width, height=max(heights) - 12)


def describe(figure: BeforeAfterFigure) -> str:
    """Say every number of the figure in words."""
    return " ".join(
        f"{group.title}: " + "; ".join(_tip(row, figure.digits) for row in group.rows) + "."
        for group in figure.groups
    )


def rows_of(figure: BeforeAfterFigure) -> Iterator[tuple[MetricGroup, ScoreRow]]:
    """Yield each score with the metric that it belongs to."""
    for group in figure.groups:
        for row in group.rows:
            yield group, row


def _panel(group: MetricGroup, width: float, digits: int) -> Drawing:
    stacked = width < _STACKED_BELOW
    shown = [_number_text(row, digits) for row in group.rows]
    number_room = max((text_width(a + b, 12.5) for a, b in shown), default=0.0) + 10
    left = 4.0
    if not stacked:
        longest = max((text_width(row.label, 13) for row in group.rows), default=0.0)
        left = min(longest + 16, width * 0.34)
    right = width - (6 if stacked else number_room + 8)
    values = [v for r in group.rows for v in (r.value, r.low, r.high, r.null, r.in_sample)]
    x = scale(values, left + 6, right - 6, domain=group.domain, zero=True, spacing=58)
    parts = [text(shorten(group.title, width, 13), 0.0, 13.0, "b")]
    y = 22.0
    if group.note:
        for words in wrap(group.note, width, 11.5):
            parts.append(text(words, 0.0, y + 8, "s m"))
            y += 15
    top, marks = y + 4, []
    y = top + 4
    for row, numbers in zip(group.rows, shown, strict=True):
        label_room = (width - number_room - 8) if stacked else left - 12
        lines = wrap(row.label, label_room, 13)
        height = (26.0 + 16 * len(lines)) if stacked else (30.0 if len(lines) == 1 else 40.0)
        marks.append(_row(row, numbers, lines, x, y, height, width, stacked, digits))
        y += height
    guides = _guides(group, x, top, y)
    parts += [x_axis(x, top, y + 2), guides, *marks]
    return Drawing(body="".join(parts), width=width, height=y + 22)


def _row(
    row: ScoreRow, numbers: tuple[str, str], lines: list[str], x: Scale, y: float, height: float,
    width: float, stacked: bool, digits: int,
) -> str:  # fmt: skip
    middle = y + height - 12 if stacked else y + height / 2
    baseline = y + 15 if stacked else middle + 4.5 - 8 * (len(lines) - 1)
    words = [
        text(words, 0.0, baseline + 16 * i, "b" if row.kind == "after" else "")
        for i, words in enumerate(lines)
    ]
    ends = span(numbers[0], "b") + (span(f" {numbers[1]}", "s m") if numbers[1] else "")
    at = y + 15 if stacked else middle + 4.5
    words.append(element("text", ends, x=float(width), y=at, class_="e"))
    parts = [title(_tip(row, digits)), rect(0.0, y, width, height, "hit"), *words]
    zero = x(min(max(0.0, x.low), x.high))
    if x.shows(row.value):
        at = x(row.value)
        if row.kind not in ("ceiling", "null"):
            parts.append(rect(min(zero, at), middle - 5, abs(at - zero), 10, "a"))
        if x.shows(row.low) and x.shows(row.high):
            parts.append(line(x(row.low), middle, x(row.high), middle, "w"))
        if x.shows(row.null):
            parts.append(mark("cross", x(row.null), middle))
        if x.shows(row.in_sample):
            parts.append(mark("ring", x(row.in_sample), middle))
        exact = repr(float(row.value))
        parts.append(element("g", mark(row.kind, at, middle), class_="value", data_value=exact))
    return element("g", *parts, class_=f"row k-{row.kind}")


def _guides(group: MetricGroup, x: Scale, top: float, bottom: float) -> str:
    """Draw a dotted line down from the first score before, a dashed one at each ceiling."""
    parts = []
    for row in [r for r in group.rows if r.kind == "before" and x.shows(r.value)][:1]:
        parts.append(line(x(row.value), top, x(row.value), bottom, "guide"))
    for row in group.rows:
        if row.kind == "ceiling" and x.shows(row.value):
            parts.append(line(x(row.value), top, x(row.value), bottom, "ref"))
    return "".join(parts)


def _number_text(row: ScoreRow, digits: int) -> tuple[str, str]:
    if not math.isfinite(row.value):
        return DASH, row.missing
    return number(row.value, digits), interval(row.low, row.high, digits)


def _tip(row: ScoreRow, digits: int) -> str:
    value, ends = _number_text(row, digits)
    parts = [f"{row.label}: {value} {ends}".strip()]
    if math.isfinite(row.null):
        parts.append(f"chance {number(row.null, digits)}")
    if math.isfinite(row.in_sample):
        parts.append(f"in-sample {number(row.in_sample, digits)}")
    return ", ".join(parts)


def _legend_items(figure: BeforeAfterFigure) -> list[tuple[str, str, str]]:
    rows = [row for _, row in rows_of(figure)]
    items = [(kind, kind, NAMES[kind]) for kind in NAMES if any(r.kind == kind for r in rows)]
    if any(math.isfinite(r.in_sample) for r in rows):
        items.append(("null", "ring", "in-sample (optimistic)"))
    if any(math.isfinite(r.null) for r in rows) and not any(r.kind == "null" for r in rows):
        items.append(("null", "cross", NAMES["cross"]))
    return items
