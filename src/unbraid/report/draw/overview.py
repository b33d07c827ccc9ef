"""One row per metric on one axis for all: before, after and the best control, with intervals."""

from __future__ import annotations

from unbraid.report._figures import MetricGroup, OverviewFigure, ScoreRow
from unbraid.report._text import interval, number, shorten, text_width
from unbraid.report.draw._axes import x_axis
from unbraid.report.draw._marks import NAMES, legend, mark
from unbraid.report.draw._scale import Scale, scale
from unbraid.report.draw._svg import Drawing, element, line, rect, span, text, title

_STACKED_BELOW = 480.0  # a figure narrower than this writes labels above its tracks
_APART = 3.5  # pixels between the intervals of one row


def draw(figure: OverviewFigure, width: float) -> Drawing:
    """Draw all metrics under one legend and above one axis."""
    stacked = width < _STACKED_BELOW
    kinds = list(dict.fromkeys(row.kind for group in figure.groups for row in group.rows))
    head, top = legend([(kind, kind, NAMES[kind]) for kind in kinds], 0.0, 0.0, width)
    longest = max((text_width(group.title, 13) for group in figure.groups), default=0.0)
    room = max((text_width(_words(group, figure.digits), 13) for group in figure.groups), default=0)
    left = 10.0 if stacked else min(longest + 16, width * 0.3) + 6
    right = width - 8 if stacked else width - room - 22
    values = [v for g in figure.groups for r in g.rows for v in (r.value, r.low, r.high)]
    x = scale(values, left, right, domain=figure.domain, zero=True, tight=True, spacing=58)
    height, y, rows = 46.0 if stacked else 34.0, top + 6, []
    for group in figure.groups:
        rows.append(_row(group, x, y, height, width, figure.digits, stacked))
        y += height
    axis = x_axis(x, top + 2, y + 2)
    return Drawing(body=head + axis + "".join(rows), width=width, height=y + 24)


def describe(figure: OverviewFigure) -> str:
    """Describe every number of the figure in words."""
    return " ".join(f"{group.title}: {_tip(group, figure.digits)}." for group in figure.groups)


def _row(
    group: MetricGroup, x: Scale, y: float, height: float, width: float, digits: int, stacked: bool
) -> str:
    middle = y + height - 13 if stacked else y + height / 2
    baseline = y + 15 if stacked else middle + 4.5
    room = width - text_width(_words(group, digits), 13) - 12 if stacked else x.start - 14
    parts = [title(f"{group.title}: {_tip(group, digits)}"), rect(0.0, y, width, height, "hit")]
    if stacked:  # keep grid lines out of the words
        parts.append(rect(0.0, y - 3, width, 24.0, "under"))
    parts.append(text(shorten(group.title, room, 13), 0.0, baseline, "b"))
    runs = "".join(
        (span(f"  {_LINK.get(row.kind, '')}", "m") if i else "")
        + span(number(row.value, digits), f"k-{row.kind} f{' b' if row.kind == 'after' else ''}")
        for i, row in enumerate(group.rows)
    )
    parts.append(element("text", runs, x=width, y=baseline, class_="e"))
    for i, row in enumerate(group.rows):
        at = middle + _APART * (i - (len(group.rows) - 1) / 2)
        if x.shows(row.low) and x.shows(row.high):
            bar = line(x(row.low), at, x(row.high), at, "w")
            parts.append(element("g", bar, class_=f"k-{row.kind}"))
    for row in sorted(group.rows, key=lambda row: row.kind == "after"):
        if x.shows(row.value):
            exact = repr(float(row.value))
            dot = element("g", mark(row.kind, x(row.value), middle), data_value=exact,
                          class_=f"value k-{row.kind}")  # fmt: skip
            parts.append(dot)
    return element("g", *parts, class_="row")


_LINK = {"after": "→ ", "control": "· "}
"""What stands before a number of a kind: from before to after, beside the control."""


def _words(group: MetricGroup, digits: int) -> str:
    return "   → ".join(number(row.value, digits) for row in group.rows)


def _tip(group: MetricGroup, digits: int) -> str:
    return "; ".join(_said(row, digits) for row in group.rows)


def _said(row: ScoreRow, digits: int) -> str:
    ends = interval(row.low, row.high, digits)
    return f"{row.label} {number(row.value, digits)} {ends}".strip()
