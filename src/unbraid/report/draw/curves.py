"""Lines with bands, and scatter plots, named at their ends where there is room."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

from unbraid.report._figures import Curve, CurveFigure
from unbraid.report._palette import LIGHT, SERIES
from unbraid.report._text import shorten, significant, text_width
from unbraid.report._values import Reference
from unbraid.report.draw._axes import x_axis, y_axis, y_margin
from unbraid.report.draw._marks import legend
from unbraid.report.draw._scale import Scale, scale
from unbraid.report.draw._svg import Drawing, element, line, path, polyline, text, title

_NAMED_AT_END_FROM = 560.0  # narrower figures name their series in a legend
_MAX_TIPS = 400  # points with a tooltip; beyond it the page would grow too large


def draw(figure: CurveFigure, width: float) -> Drawing:
    """Draw every series over shared axes."""
    series = figure.series
    lines_only = all(s.mark == "line" for s in series)
    at_end = width >= _NAMED_AT_END_FROM and lines_only and 1 <= len(series) <= 6
    top = 28.0
    head = ""
    if not at_end and len(series) > 1:
        head, top = legend(_legend_items(figure), 0.0, 0.0, width)
        top += 26
    bottom = top + (250.0 if width >= _NAMED_AT_END_FROM else 200.0)
    y = _y_scale(figure, bottom, top)
    left = y_margin(y)
    names = [shorten(s.name, width * 0.28, 12.5) for s in series]
    margin = max((text_width(n, 12.5) for n in names), default=0.0) + 14 if at_end else 10.0
    xs = [v for s in series for v in s.x]
    whole = all(v.is_integer() for v in xs)
    x = scale(xs, left, width - margin, log=figure.x_log, tight=lines_only, whole=whole, spacing=70)
    label = shorten(figure.y_label, width, 11.5)
    parts = [head, text(label, 0.0, top - 14, "s m")]
    parts += [x_axis(x, top, bottom), y_axis(y, left, x.stop)]
    end = shorten(figure.x_label, x.stop - x.start, 11.5)
    parts.append(text(end, (x.start + x.stop) / 2, bottom + 35, "s m c"))
    if figure.diagonal:
        parts.append(_diagonal(x, y))
    for reference in figure.references:
        if y.shows(reference.value):
            parts.append(line(left, y(reference.value), x.stop, y(reference.value), "ref"))
    for colour, one in zip(roles([s.kind for s in series]), series, strict=True):
        parts.append(element("g", _series(one, x, y), class_=f"k-{colour}"))
    parts += [_reference_name(r, figure, x, y) for r in figure.references if y.shows(r.value)]
    if at_end:
        parts += _end_names(figure, names, x, y)
    return Drawing(body="".join(parts), width=width, height=bottom + 44)


def describe(figure: CurveFigure) -> str:
    """Describe the ends of each series in words."""
    said = [f"{figure.y_label} against {figure.x_label}."]
    for series in figure.series:
        points = [(a, b) for a, b in zip(series.x, series.y, strict=True) if b == b]
        if not points:
            said.append(f"{series.name}: no points.")
        elif series.mark == "points":
            said.append(f"{series.name}: {len(points)} points.")
        else:
            start, end = (
                f"{significant(b)} at {significant(a)}" for a, b in (points[0], points[-1])
            )
            said.append(f"{series.name}: from {start} to {end}.")
    return " ".join(said)


def roles(kinds: Sequence[str | None]) -> list[str]:
    """Return the colour of each series: its role, or the next of the palette that no role has."""
    taken = {LIGHT[kind] for kind in kinds if kind}
    free = cycle([c for c in SERIES if LIGHT[c] not in taken])
    return [kind or next(free) for kind in kinds]


def _y_scale(figure: CurveFigure, bottom: float, top: float) -> Scale:
    values = [v for s in figure.series for v in (*s.y, *s.low, *s.high)]
    values += [r.value for r in figure.references]
    return scale(values, bottom, top, domain=figure.y_domain, log=figure.y_log, spacing=44)


def _series(series: Curve, x: Scale, y: Scale) -> str:
    parts = []
    for run in _runs(series, x, y):
        band = [(x(series.x[i]), series.low[i], series.high[i]) for i in run if series.low]
        band = [(a, b, c) for a, b, c in band if y.shows(b) and y.shows(c)]
        if len(band) > 1:
            edge = [(a, y(c)) for a, _, c in band] + [(a, y(b)) for a, b, _ in reversed(band)]
            parts.append(element("path", d=path(edge) + "Z", class_="a"))
        if series.mark != "points" and len(run) > 1:
            points = [(x(series.x[i]), y(series.y[i])) for i in run]
            dash = "6 4" if series.dashed else None
            parts.append(element("path", d=path(points), class_="l", stroke_dasharray=dash))
        if series.mark != "line" or len(run) == 1:
            parts += [_point(series, i, x, y) for i in run]
    return "".join(parts)


def _point(series: Curve, i: int, x: Scale, y: Scale) -> str:
    at, up = series.x[i], series.y[i]
    tip = title(f"{series.name}: {significant(at)}, {significant(up)}")
    parts = []
    if (
        series.mark == "points"
        and series.low
        and y.shows(series.low[i])
        and y.shows(series.high[i])
    ):
        parts.append(line(x(at), y(series.low[i]), x(at), y(series.high[i]), "l"))
    radius = 3.2 if len(series.x) <= 120 else 2.2
    circle = element(
        "circle", tip if len(series.x) <= _MAX_TIPS else "", cx=x(at), cy=y(up), r=radius,
        class_="f", fill_opacity=".8" if series.mark == "points" else None,
    )  # fmt: skip
    return "".join([*parts, circle])


def _runs(series: Curve, x: Scale, y: Scale) -> list[list[int]]:
    """Return runs of indices whose points can be drawn, cut wherever one cannot."""
    runs: list[list[int]] = [[]]
    for index, (a, b) in enumerate(zip(series.x, series.y, strict=True)):
        if x.shows(a) and y.shows(b):
            runs[-1].append(index)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _diagonal(x: Scale, y: Scale) -> str:
    low, high = max(x.low, y.low), min(x.high, y.high)
    if low >= high:
        return ""
    return polyline([(x(low), y(low)), (x(high), y(high))], "ref") if high > low else ""


def _reference_name(reference: Reference, figure: CurveFigure, x: Scale, y: Scale) -> str:
    """Name a reference line where the fewest points are in the way."""
    words = shorten(reference.label, x.stop - x.start - 12, 11.5)
    width, at = text_width(words, 11.5), y(reference.value)
    points = [
        (x(a), y(b)) for s in figure.series for a, b in zip(s.x, s.y, strict=True)
        if x.shows(a) and y.shows(b)
    ]  # fmt: skip
    middle = (x.start + x.stop - width) / 2

    def crowd(place: tuple[float, float]) -> int:
        start, baseline = place
        return sum(
            start - 8 < a < start + width + 8 and baseline - 16 < b < baseline + 6
            for a, b in points
        )

    starts = (x.stop - width - 6, middle, x.start + 6)
    places = [(start, at + shift) for shift in (-5, 14) for start in starts]
    start, baseline = min(places, key=crowd)
    return text(words, start, baseline, "s m halo")


def _end_names(figure: CurveFigure, names: list[str], x: Scale, y: Scale) -> list[str]:
    """Name each line beside its last point, pushed apart so that no two names overlap."""
    ends = []
    colours = roles([s.kind for s in figure.series])
    for colour, one, name in zip(colours, figure.series, names, strict=True):
        runs = _runs(one, x, y)
        if runs:
            last = runs[-1][-1]
            ends.append((y(one.y[last]), name, colour))
    ends.sort()
    places: list[float] = []
    for wanted, _, _ in ends:
        places.append(max(wanted, places[-1] + 16) if places else wanted)
    overflow = max(places[-1] - y.start, 0.0) if places else 0.0
    limit = y.start
    if overflow:
        for index in range(len(places) - 1, -1, -1):
            places[index] = min(places[index], limit)
            limit = places[index] - 16
    return [
        element("g", text(name, x.stop + 8, place + 4, "f b"), class_=f"k-{kind}")
        for place, (_, name, kind) in zip(places, ends, strict=True)
    ]


def _legend_items(figure: CurveFigure) -> list[tuple[str, str, str]]:
    signs = {True: "dashed", False: "line"}
    return [
        (colour, "points" if s.mark == "points" else signs[s.dashed], s.name)
        for colour, s in zip(roles([s.kind for s in figure.series]), figure.series, strict=True)
    ]
