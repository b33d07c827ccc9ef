"""Lines, bands and points over one or two axes."""

from __future__ import annotations

from typing import Any

from unbraid.report._figures import CurveFigure
from unbraid.report._palette import LIGHT, SERIES


def draw(figure: CurveFigure, axes: Any) -> Any:
    """Draw every curve; colours follow roles, else the palette's order."""
    free = iter(SERIES)
    for curve in figure.series:
        colour = LIGHT[curve.kind] if curve.kind else LIGHT[next(free)]
        line = "" if curve.mark == "points" else "--" if curve.dashed else "-"
        mark = "" if curve.mark == "line" else "o"
        axes.plot(curve.x, curve.y, linestyle=line, marker=mark, markersize=4, color=colour,
                  label=curve.name)  # fmt: skip
        if curve.low:
            axes.fill_between(curve.x, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0)
    for reference in figure.references:
        axes.axhline(reference.value, color=LIGHT["faint"], linestyle=":", label=reference.label)
    if figure.diagonal:
        axes.axline((0, 0), slope=1, color=LIGHT["faint"], linestyle="--")
    if figure.x_log:
        axes.set_xscale("log")
    if figure.y_log:
        axes.set_yscale("log")
    if figure.y_domain is not None:
        axes.set_ylim(figure.y_domain)
    axes.set_xlabel(figure.x_label)
    axes.set_ylabel(figure.y_label)
    if len(figure.series) > 1 or figure.references:
        axes.legend(frameon=False, fontsize=8)
    return axes
