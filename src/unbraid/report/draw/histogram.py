"""Counts over shared bins, as filled outlines."""

from __future__ import annotations

from unbraid.report._bins import Counts, Histogram
from unbraid.report._text import number, shorten, significant
from unbraid.report.draw._axes import x_axis, y_axis, y_margin
from unbraid.report.draw._marks import legend
from unbraid.report.draw._scale import Scale, scale
from unbraid.report.draw._svg import Drawing, element, line, path, rect, text, title
from unbraid.report.draw.curves import roles


def draw(figure: Histogram, width: float) -> Drawing:
    """Draw one filled outline a series, the first at the back."""
    colours = roles([s.kind for s in figure.series])
    items = [(c, "patch", s.name) for c, s in zip(colours, figure.series, strict=True)]
    head, top = legend(items, 0.0, 0.0, width)
    top += 26
    bottom = top + (200.0 if width >= 480 else 170.0)
    heights = [float(c) for s in figure.series for c in s.counts]
    y = scale(heights, bottom, top, zero=True, spacing=44)
    left = y_margin(y)
    x = scale(figure.edges, left, width - 10, tight=True, spacing=64)
    parts = [head, text(shorten(figure.y_label, width, 11.5), 0.0, top - 14, "s m")]
    parts += [x_axis(x, top, bottom), y_axis(y, left, x.stop)]
    for colour, series in zip(colours, figure.series, strict=True):
        parts.append(element("g", _outline(series, figure, x, y), class_=f"k-{colour}"))
    parts += _references(figure, x, top, bottom)
    parts += _tips(figure, x, top, bottom)
    parts.append(
        text(
            shorten(figure.x_label, x.stop - left, 11.5), (left + x.stop) / 2, bottom + 35, "s m c"
        )
    )
    return Drawing(body="".join(parts), width=width, height=bottom + 44)


def describe(figure: Histogram) -> str:
    """Describe the fullest bin of each series."""
    said = [f"{figure.y_label} against {figure.x_label}."]
    for series in figure.series:
        total = sum(series.counts)
        top = max(range(len(series.counts)), key=lambda i: series.counts[i])
        low, high = figure.edges[top], figure.edges[top + 1]
        said.append(
            f"{series.name}: {number(total, 0)} in all, most between {significant(low)} and "
            f"{significant(high)} ({number(series.counts[top], 0)})."
        )
    return " ".join(said)


def _outline(series: Counts, figure: Histogram, x: Scale, y: Scale) -> str:
    points = [(x(figure.edges[0]), y(0.0))]
    for index, count in enumerate(series.counts):
        points += [(x(figure.edges[index]), y(count)), (x(figure.edges[index + 1]), y(count))]
    points.append((x(figure.edges[-1]), y(0.0)))
    return element("path", d=path(points) + "Z", class_="a") + element(
        "path", d=path(points), class_="l"
    )


def _tips(figure: Histogram, x: Scale, top: float, bottom: float) -> list[str]:
    tips = []
    for index in range(len(figure.edges) - 1):
        low, high = figure.edges[index], figure.edges[index + 1]
        counts = ", ".join(f"{s.name} {number(s.counts[index], 0)}" for s in figure.series)
        said = title(f"{significant(low)} to {significant(high)}: {counts}")
        box = (x(low), top, x(high) - x(low), bottom - top)
        tips.append(element("g", said, rect(*box, "hit")))
    return tips


def _references(figure: Histogram, x: Scale, top: float, bottom: float) -> list[str]:
    parts, row = [], 0
    for reference in figure.references:
        if not (x.shows(reference.value) and x.low <= reference.value <= x.high):
            continue
        at = x(reference.value)
        near_end = at > (x.start + x.stop) / 2
        room = (at - x.start if near_end else x.stop - at) - 6
        words = shorten(reference.label, room, 11.5)
        parts.append(line(at, top, at, bottom, "ref"))
        style = "s m halo e" if near_end else "s m halo"
        parts.append(text(words, at - 5 if near_end else at + 5, top + 12 + 16 * row, style))
        row += 1
    return parts
