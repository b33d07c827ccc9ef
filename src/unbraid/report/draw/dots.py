"""Dots with intervals, one row a score: before, after and what could explain the gain away."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from unbraid.report._figures import BeforeAfterFigure, MetricGroup, OverviewFigure, ScoreRow
from unbraid.report._text import interval, number, shorten, text_width, wrap
from unbraid.report.draw._axes import x_axis
from unbraid.report.draw._marks import NAMES, legend, mark
from unbraid.report.draw._scale import Scale, scale
from unbraid.report.draw._svg import Drawing, element, line, rect, span, text, title

_GROUP_GAP = 36.0  # between panels side by side
_STACKED_BELOW = 480.0  # a panel narrower than this writes labels above its tracks


def draw(figure: BeforeAfterFigure, width: float) -> Drawing:
    """Draw the panels in one or two columns under one legend."""
    columns = 1 if width < _STACKED_BELOW else figure.columns or min(len(figure.groups), 2) or 1
    body, top = legend(_legend_items(figure), 0.0, 0.0, width)
    parts, heights = [body], [top + 6] * columns
    panel_width = (width - _GROUP_GAP * (columns - 1)) / columns
    for index, group in enumerate(figure.groups):
        column = index % columns
        if column == 0:  # panels of a row start together, their axes too
            heights = [max(heights)] * columns
            notes = [g.note for g in figure.groups[index : index + columns]]
            note_lines = max(len(wrap(note, panel_width, 11.5)) if note else 0 for note in notes)
        drawn = _panel(group, panel_width, figure.digits, note_lines)
        x, y = column * (panel_width + _GROUP_GAP), heights[column]
        parts.append(element("g", drawn.body, transform=f"translate({x:.2f} {y:.2f})"))
        heights[column] += drawn.height + 20
    return Drawing(body="".join(parts), width=width, height=max(heights) - 12)


def describe(figure: BeforeAfterFigure) -> str:
    """Describe every number of the figure in words."""
    return " ".join(
        f"{group.title}: " + "; ".join(_tip(row, figure.digits) for row in group.rows) + "."
        for group in figure.groups
    )


def rows_of(figure: BeforeAfterFigure | OverviewFigure) -> Iterator[tuple[MetricGroup, ScoreRow]]:
    """Yield each score with the metric that it belongs to."""
    for group in figure.groups:
        for row in group.rows:
            yield group, row


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """Where the parts of a row go."""

    x: Scale
    width: float
    label_room: float
    stacked: bool
    """Labels above their tracks, not beside them."""
    digits: int


def _panel(group: MetricGroup, width: float, digits: int, note_lines: int) -> Drawing:
    layout = _layout(group, width, digits)
    parts = [text(shorten(group.title, width, 13), 0.0, 13.0, "b")]
    for index, words in enumerate(wrap(group.note, width, 11.5)):
        parts.append(text(words, 0.0, 30.0 + 15 * index, "s m"))
    top = 26.0 + 15 * note_lines
    y, rows = top + 4, []
    for row in group.rows:
        drawn = _row(row, layout, y)
        rows.append(drawn.body)
        y += drawn.height
    parts += [x_axis(layout.x, top, y + 2), _guides(group, layout.x, top, y), *rows]
    return Drawing(body="".join(parts), width=width, height=y + 22)


def _layout(group: MetricGroup, width: float, digits: int) -> _Layout:
    stacked = width < _STACKED_BELOW
    numbers = ["".join(_numbers(row, digits)) for row in group.rows]
    number_room = max((text_width(words, 12.5) for words in numbers), default=0.0) + 14
    longest = max((text_width(row.label, 13) for row in group.rows), default=0.0)
    left = 4.0 if stacked else min(longest + 16, width * 0.34)
    values = [v for r in group.rows for v in (r.value, r.low, r.high, r.null, r.in_sample)]
    right = width - 6 if stacked else width - number_room - 8
    return _Layout(
        x=scale(
            values, left + 6, right - 6, domain=group.domain, zero=True, tight=True, spacing=58
        ),
        width=float(width),
        label_room=width - number_room - 8 if stacked else left - 12,
        stacked=stacked,
        digits=digits,
    )


def _row(row: ScoreRow, layout: _Layout, y: float) -> Drawing:
    lines = wrap(row.label, layout.label_room, 13)
    extra = 16.0 * (len(lines) - 1)
    height = 42.0 + extra if layout.stacked else 30.0 + min(extra, 12.0)
    middle = y + height - 12 if layout.stacked else y + height / 2
    number_at = y + 15 if layout.stacked else middle + 4.5
    label_at = number_at if layout.stacked else number_at - extra / 2
    parts = [title(_tip(row, layout.digits)), rect(0.0, y, layout.width, height, "hit")]
    if layout.stacked:  # keep grid lines out of the words
        parts.append(rect(0.0, y - 4, layout.width, 24 + extra, "under"))
    style = "b" if row.kind == "after" else ""
    parts += [text(words, 0.0, label_at + 16 * i, style) for i, words in enumerate(lines)]
    value, ends = _numbers(row, layout.digits)
    runs = span(value, "b") + (span(f" {ends}", "s m") if ends else "")
    parts.append(element("text", runs, x=layout.width, y=number_at, class_="e"))
    return Drawing(
        body=element("g", *parts, _track(row, layout.x, middle), class_=f"row k-{row.kind}"),
        width=layout.width,
        height=height,
    )


def _track(row: ScoreRow, x: Scale, middle: float) -> str:
    zero = x(min(max(0.0, x.low), x.high))
    if not x.shows(row.value):
        words = shorten(row.missing, x.stop - zero - 6, 11.5)
        return text(words, zero + 6, middle + 4, "s m halo")
    at, parts = x(row.value), []
    if row.kind not in ("ceiling", "null"):
        parts.append(rect(min(zero, at), middle - 5, abs(at - zero), 10, "a"))
    if x.shows(row.low) and x.shows(row.high):
        parts.append(line(x(row.low), middle, x(row.high), middle, "w"))
    for shape, value in (("cross", row.null), ("ring", row.in_sample)):
        if x.shows(value):
            parts.append(mark(shape, x(value), middle))
    exact = repr(float(row.value))
    parts.append(element("g", mark(row.kind, at, middle), class_="value", data_value=exact))
    return "".join(parts)


def _guides(group: MetricGroup, x: Scale, top: float, bottom: float) -> str:
    """Draw a dotted line down from the first score before, a dashed one at each ceiling."""
    parts = []
    for row in [r for r in group.rows if r.kind == "before" and x.shows(r.value)][:1]:
        parts.append(line(x(row.value), top, x(row.value), bottom, "guide"))
    for row in group.rows:
        if row.kind == "ceiling" and x.shows(row.value):
            parts.append(line(x(row.value), top, x(row.value), bottom, "ref"))
    return "".join(parts)


def _numbers(row: ScoreRow, digits: int) -> tuple[str, str]:
    return number(row.value, digits), interval(row.low, row.high, digits)


def _tip(row: ScoreRow, digits: int) -> str:
    value, ends = _numbers(row, digits)
    parts = [f"{row.label}: {value} {ends}".strip()]
    if not math.isfinite(row.value):
        parts.append(row.missing)
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
