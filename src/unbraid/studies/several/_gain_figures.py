"""Figures of the study `gains`."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import theory
from unbraid.studies._across import series
from unbraid.studies._study import Figure, Series
from unbraid.studies.several._gain_sources import CODES, Scores, over_networks
from unbraid.studies.several._gain_together import Together

N, K = 40, 2.2  # features of a canvas, and active ones on average
METRICS = ("semi_matching", "ridge")
_TITLES = {"semi_matching": "semi-matching", "mcc": "MCC"}
_SOURCES = ("units", *CODES, "random relu", "wide relu", "rotation", "read-out")

Cells = dict[tuple[str, int], Scores]
"""World and units -> the scores of all pairs."""


def gain_figures(
    options: Any,
    cells: Cells,
    alive: dict[tuple[str, int], float],
    joined: dict[int, Together],
    wide: dict[int, Scores],
) -> list[Figure]:
    """Draw scores against units, several networks together, and the dictionary's width."""
    drawn = [_against_units(options, metric, cells, alive) for metric in (*METRICS, "mcc")]
    if joined:
        drawn += [
            _together(options, joined, "mcc", "MCC of codes with what is shown"),
            _together(options, joined, "agreement", "semi-matching of disjoint groups' codes"),
        ]
    if wide:
        pairs = "one pair" if options.networks == 2 else "three pairs"
        named = {"semi_matching": "semi-matching of codes", "mcc": "MCC"}
        lines = [
            series(name, list(wide),
                   [over_networks(each[metric, "codes"], most=1).row for each in wide.values()])
            for metric, name in named.items()
        ]  # fmt: skip
        drawn.append(Figure(
            kind="line", title="Width of the dictionary", x_label="latents", y_label="score",
            log_x=True, series=lines,
            caption=f"{options.width_units} units, {pairs}; {N} true features.",
        ))  # fmt: skip
    return drawn


def _against_units(
    options: Any, metric: str, cells: Cells, alive: dict[tuple[str, int], float]
) -> Figure:
    lines = []
    for source in _SOURCES:
        points = {
            alive[key]: over_networks(scores[metric, source], most=1)
            for key, scores in cells.items()
            if key[0] == "40 features" and (metric, source) in scores
        }
        if points:
            kind = "measured" if source in ("units", *CODES) else "control"
            rows = [each.row for each in points.values()]
            lines.append(series(source, list(points), rows, kind=kind))
    return Figure(
        kind="line", title=f"Two seeds of a network: {_TITLES.get(metric, metric)}",
        x_label="units that vary", y_label=_TITLES.get(metric, metric), log_x=True,
        series=[*lines, *_bounds()],
        caption=f"Networks that name {N} features, {K} active; all pairs of {options.networks} "
        f"networks, intervals from leaving out a network, {options.n_tested} tested canvases of "
        "other handwriting.",
    )  # fmt: skip


def _together(options: Any, joined: dict[int, Together], what: str, label: str) -> Figure:
    lines = []
    for name, count in dict.fromkeys(key for found in joined.values() for key in found):
        if not name.startswith(what):
            continue
        points = {u: found[name, count] for u, found in joined.items() if (name, count) in found}
        words = "one alone" if count == 1 else f"{count} together"
        extra = name.removeprefix(what).removeprefix(", ").removeprefix(" of ")
        lines.append(Series(
            name=f"{words}, {extra}" if extra else words, x=list(map(float, points)),
            y=[float(np.mean(each)) for each in points.values()],
            kind="control" if extra else "measured",
        ))  # fmt: skip
    return Figure(
        kind="line", title=f"Several networks together: {_TITLES.get(what, what)}",
        x_label="units of each network", y_label=label, log_x=True, series=[*lines, *_bounds()],
        caption=f"Sparse coding of {options.n_latents} latents; groups of networks that share no "
        f"member, {options.n_tested} tested canvases of other handwriting.",
    )  # fmt: skip


def _bounds() -> list[Series]:
    return [
        Series(name=name, kind="theory", x=[x, x], y=[0.0, 1.0])
        for name, x in (("K ln(N/K)", theory.units_needed(N, K)), ("N", float(N)))
    ]
