"""Figures as SVG: one file per kind, drawn at the width that they are seen at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unbraid.report import _figures as figures
from unbraid.report._gallery import MatchedUnits
from unbraid.report.draw import bars, curves, dots, heatmap, histogram, overview, pairs
from unbraid.report.draw._svg import Drawing, clean, element
from unbraid.report.draw._svg import title as svg_title

WIDE, NARROW = 720.0, 344.0  # pixels: a figure across the page, and one of two side by side

_DRAW: dict[type, tuple[Callable[[Any, float], Drawing], Callable[[Any], str]]] = {
    figures.BeforeAfterFigure: (dots.draw, dots.describe),
    figures.OverviewFigure: (overview.draw, overview.describe),
    figures.CurveFigure: (curves.draw, curves.describe),
    figures.Histogram: (histogram.draw, histogram.describe),
    figures.Heatmap: (heatmap.draw, heatmap.describe),
    figures.BarFigure: (bars.draw, bars.describe),
    MatchedUnits: (pairs.draw, pairs.describe),
}


def draw(figure: figures.Figure | MatchedUnits, width: float) -> Drawing:
    """Draw a figure at a width in CSS pixels."""
    return _DRAW[type(figure)][0](figure, width)


def describe(figure: figures.Figure | MatchedUnits) -> str:
    """Describe a figure in words, for those who cannot see it."""
    return _DRAW[type(figure)][1](figure)


def inline_svg(figure: figures.Figure, width: float, style: str) -> str:
    """Return the figure as part of a page, coloured by the page's variables."""
    drawing = draw(figure, width)
    role = "group" if getattr(figure, "links", ()) else "img"  # an image may hold no links
    return element(
        "svg", svg_title(figure.title), element("desc", clean(describe(figure))), drawing.body,
        class_=f"fig {style}", viewBox=f"0 0 {width:g} {drawing.height:.0f}", role=role,
        aria_label=figure.title,
    )  # fmt: skip


__all__ = ["NARROW", "WIDE", "describe", "draw", "inline_svg"]
