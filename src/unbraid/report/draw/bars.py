"""Grouped bars from zero with intervals; horizontal, so that long names can be read."""

from __future__ import annotations

import math

from unbraid.report._bins import BarFigure, Bars
from unbraid.report._text import DASH, interval, number, shorten, text_width, wrap
from unbraid.report._values import Estimate
from unbraid.report.draw._axes import x_axis
from unbraid.report.draw._marks import legend
from unbraid.report.draw._scale import Scale, scale
from unbraid.report.draw._svg import Drawing, element, line, rect, text, title
from unbraid.report.draw.curves import roles

# Pixels: a bar, its line, and the space between two groups
_BAR, _STEP, _BETWEEN = 12.0, 17.0, 12.0


def draw(figure: BarFigure, width: float) -> Drawing:
    """Draw a group of bars a category, numbers at the right edge."""
    stacked = width < 480
    colours = roles([s.kind for s in figure.series])
    items = [(c, "patch", s.name) for c, s in zip(colours, figure.series, strict=True)]
    head, y = legend(items if len(items) > 1 else [], 0.0, 0.0, width)
    estimates = [e for s in figure.series for e in s.values]
    room = (
        max((text_width(number(e.value, figure.digits), 12) for e in estimates), default=10.0) + 8
    )
    longest = max((text_width(c, 13) for c in figure.categories), default=0.0)
    left = 4.0 if stacked else min(longest + 16, width * 0.34)
    values = [v for e in estimates for v in (e.value, e.low, e.high)]
    x = scale(values, left + 2, width - room - 6, zero=True, tight=True, spacing=60)
    top, parts = y, []
    for index, category in enumerate(figure.categories):
        lines = [shorten(category, width, 13)] if stacked else wrap(category, left - 12, 13)
        y += _BETWEEN / 2
        if stacked:
            parts.append(rect(0.0, y - 2, width, 19.0, "under"))
            parts.append(text(lines[0], 0.0, y + 12, ""))
            y += 19
        else:
            middle = y + _STEP * len(figure.series) / 2
            for i, words in enumerate(lines):
                parts.append(text(words, 0.0, middle + 4.5 - 8 * (len(lines) - 1) + 16 * i))
        for colour, series in zip(colours, figure.series, strict=True):
            drawn = _bar(figure, series, category, series.values[index], x, y, width)
            parts.append(element("g", drawn, class_=f"k-{colour}"))
            y += _STEP
        if not stacked:
            y = max(y, y + 16 * len(lines) - _STEP * len(figure.series))
        y += _BETWEEN / 2
    axis = x_axis(x, top, y)
    zero = line(x(0.0), top, x(0.0), y, "zero")
    label = text(shorten(figure.x_label, width, 11.5), (x.start + x.stop) / 2, y + 35, "s m c")
    return Drawing(body="".join([head, axis, zero, *parts, label]), width=width, height=y + 44)


def describe(figure: BarFigure) -> str:
    """Describe every bar in words."""
    return " ".join(
        f"{category}: " + "; ".join(_tip(figure, s, s.values[index]) for s in figure.series) + "."
        for index, category in enumerate(figure.categories)
    )


def _bar(
    figure: BarFigure, series: Bars, category: str, estimate: Estimate, x: Scale, y: float,
    width: float,
) -> str:  # fmt: skip
    said = title(f"{category}, {_tip(figure, series, estimate)}")
    parts = [said, rect(0.0, y, width, _STEP, "hit")]
    middle, value = y + _STEP / 2, float(estimate.value)
    if math.isfinite(value):
        ends = sorted((x(0.0), x(value)))
        bar = rect(
            ends[0], middle - _BAR / 2, ends[1] - ends[0], _BAR, "a2", data_value=repr(value)
        )
        parts.append(bar)
        if x.shows(estimate.low) and x.shows(estimate.high):
            a, b = x(estimate.low), x(estimate.high)
            parts.append(line(a, middle, b, middle, "whisker"))
            parts += [line(at, middle - 3.5, at, middle + 3.5, "whisker") for at in (a, b)]
    parts.append(text(number(value, figure.digits), float(width), middle + 4.2, "s e"))
    return "".join(parts)


def _tip(figure: BarFigure, series: Bars, estimate: Estimate) -> str:
    if not math.isfinite(estimate.value):
        return f"{series.name} {DASH} (missing)"
    ends = interval(estimate.low, estimate.high, figure.digits)
    return f"{series.name} {number(estimate.value, figure.digits)} {ends}".strip()
