"""A small matrix in colour; blue above zero, vermilion below, numbers where they fit."""

from __future__ import annotations

import math

from unbraid.report._bins import Heatmap
from unbraid.report._text import DASH, number, shorten, text_width
from unbraid.report.draw._svg import Drawing, element, rect, text, title


def draw(figure: Heatmap, width: float) -> Drawing:
    """Draw the cells, with labels left and above, slanted where they would collide."""
    left = min(max((text_width(r, 12.5) for r in figure.row_labels), default=0.0), width * 0.3) + 10
    columns = max(len(figure.column_labels), 1)
    cell = min((width - left) / columns, 84.0)
    height = min(max(cell * 0.62, 22.0), 38.0)
    widest = max((text_width(c, 12) for c in figure.column_labels), default=0.0)
    turn = 0 if widest <= cell - 4 else -45 if width - left - columns * cell > 60 else -90
    above = {0: 24.0, -45: min(widest, 110.0) * 0.72 + 18, -90: min(widest, 110.0) + 14}[turn]
    head = 16.0 if figure.columns_are else 0.0
    top = head + above
    parts = []
    if figure.columns_are:
        parts.append(text(shorten(figure.columns_are, width, 11.5), 0.0, 11.0, "s m"))
    for j, label in enumerate(figure.column_labels):
        parts.append(_column_label(label, left + (j + 0.5) * cell, top - 8, turn))
    low, high = _ends(figure)
    for i, row in enumerate(figure.values):
        y = top + i * height
        label = shorten(figure.row_labels[i], left - 10, 12.5)
        parts.append(text(label, left - 8, y + height / 2 + 4.5, "e"))
        for j, value in enumerate(row):
            box = (left + j * cell, y, cell - 2, height - 2)
            drawn = _cell(figure, i, j, float(value), box, (low, high))
            link = figure.links[i][j] if figure.links else ""
            parts.append(element("a", drawn, href=link) if link else drawn)
    bottom = top + len(figure.values) * height
    if figure.rows_are:
        parts.append(
            text(shorten(f"rows: {figure.rows_are}", width, 11.5), 0.0, bottom + 50, "s m")
        )
    parts.append(_ramp(left, bottom + 10, low, high, figure.digits))
    return Drawing(
        body="".join(parts), width=width, height=bottom + (58 if figure.rows_are else 36)
    )


def describe(figure: Heatmap) -> str:
    """Describe every cell in words."""
    return " ".join(
        f"{name}: "
        + ", ".join(
            f"{column} {number(value, figure.digits)}"
            for column, value in zip(figure.column_labels, row, strict=True)
        )
        + "."
        for name, row in zip(figure.row_labels, figure.values, strict=True)
    )


def _cell(
    figure: Heatmap, i: int, j: int, value: float, box: tuple[float, float, float, float],
    ends: tuple[float, float],
) -> str:  # fmt: skip
    x, y, width, height = box
    written = number(value, figure.digits)
    where = f"{figure.row_labels[i]}, {figure.column_labels[j]}: "
    if not math.isfinite(value):
        middle = text(DASH, x + width / 2, y + height / 2 + 4, "s m c")
        missing = rect(x, y, width, height, "empty", rx=2)
        return element("g", title(where + "not computed"), missing, middle)
    kind, strength = _colour(value, *ends)
    parts = [title(where + written), rect(x, y, width, height, "f", rx=2, fill_opacity=strength)]
    if text_width(written, 11.5) <= width - 2:
        parts.append(text(written, x + width / 2, y + height / 2 + 4, "s c"))
    return element("g", *parts, class_=f"k-{kind}")


def _colour(value: float, low: float, high: float) -> tuple[str, float]:
    """Colour and its opacity; two-sided about 0 where the range holds both signs."""
    if low < 0 < high:
        reach = max(-low, high)
        return ("hot" if value >= 0 else "cold"), 0.04 + 0.96 * min(abs(value) / reach, 1.0)
    share = (value - low) / (high - low) if high > low else 1.0
    return "hot", 0.04 + 0.96 * min(max(share, 0.0), 1.0)


def _ends(figure: Heatmap) -> tuple[float, float]:
    if figure.domain is not None:
        return figure.domain
    finite = [float(v) for row in figure.values for v in row if math.isfinite(v)]
    return (min(finite), max(finite)) if finite else (0.0, 1.0)


def _column_label(label: str, x: float, y: float, turn: int) -> str:
    if not turn:
        return text(label, x, y, "s c")
    words = shorten(label, 110.0, 12)
    moved = f"translate({x + (4 if turn == -90 else 0):.2f} {y:.2f}) rotate({turn})"
    return element("g", text(words, 0.0, 0.0, "s"), transform=moved)


def _ramp(x: float, y: float, low: float, high: float, digits: int) -> str:
    first = text(number(low, digits), x, y + 11, "s m")
    start = x + text_width(number(low, digits), 11.5) + 8
    steps = []
    for index in range(9):
        kind, strength = _colour(low + (high - low) * index / 8, low, high)
        patch = rect(start + index * 14, y + 1, 14.0, 12.0, "f", fill_opacity=strength)
        steps.append(element("g", patch, class_=f"k-{kind}"))
    return first + "".join(steps) + text(number(high, digits), start + 9 * 14 + 8, y + 11, "s m")
