"""Axes and grids."""

from __future__ import annotations

from unbraid.report._text import text_width
from unbraid.report.draw._scale import Scale
from unbraid.report.draw._svg import line, text


def x_axis(x: Scale, top: float, bottom: float) -> str:
    """Vertical grid lines with their numbers under ``bottom``; zero stands out if inside."""
    parts = []
    for value, _ in x.ticks:
        at = x(value)
        zero = value == 0 and x.low < 0
        parts.append(line(at, top, at, bottom, "zero" if zero else "grid"))
    return "".join(parts) + _x_numbers(x, bottom + 16)


def y_axis(y: Scale, left: float, right: float) -> str:
    """Horizontal grid lines with their numbers left of ``left``."""
    parts = []
    for value, label in y.ticks:
        at = y(value)
        zero = value == 0 and not y.log
        parts.append(line(left, at, right, at, "zero" if zero and y.low < 0 else "grid"))
        parts.append(text(label, left - 8, at + 4, "s m e"))
    return "".join(parts)


def y_margin(y: Scale) -> float:
    """Room that the numbers of a vertical axis need."""
    return max((text_width(label, 11.5) for _, label in y.ticks), default=0.0) + 12


def _x_numbers(x: Scale, baseline: float) -> str:
    parts, taken = [], float("-inf")
    for value, label in x.ticks:
        half = text_width(label, 11.5) / 2
        if x(value) - half < taken + 6:
            continue
        parts.append(text(label, x(value), baseline, "s m c"))
        taken = x(value) + half
    return "".join(parts)
