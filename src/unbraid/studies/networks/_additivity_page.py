"""What the additivity study's numbers say: rows and figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from unbraid import interpret, theory
from unbraid.studies._across import across, series
from unbraid.studies._study import Figure, Series
from unbraid.studies.networks._composites import ARRANGEMENTS

BASELINES = ("parts", "better part", "shuffled")
ZEROS = ("none", "mean", "empty canvas")
"""What is subtracted first."""
Key = tuple[str, str, str, str]
"""Pictures, arrangement, source, zero."""


def contrast(one: interpret.Composed, baseline: str) -> interpret.CosineContrast:
    """Return the contrast with a baseline."""
    return next(each for each in one.contrasts if each.baseline == baseline)


def worst(runs: list[interpret.Composed], baseline: str) -> float:
    """Return the largest p of any pairing's t test."""
    return max(contrast(one, baseline).t_p for one in runs)


def rows(
    found: dict[Key, list[interpret.Composed]],
    few: dict[Key, list[interpret.Composed]],
    explained: dict[tuple[str, ...], list[float]],
) -> list[dict[str, Any]]:
    """Return one row a baseline; p values are those of the least sure pairing."""
    table = []
    for key, runs in found.items():
        kind, arrangement, source, zero = key
        cosine = across([one.statistic.mean() for one in runs])
        for baseline in BASELINES:
            each = [contrast(one, baseline) for one in runs]
            gain = across([c.difference for c in each])
            table.append(
                {
                    "pictures": kind, "arrangement": arrangement, "source": source,
                    "zero": zero, "explained": float(np.mean(explained[key[:3]])),
                    "cosine": cosine.mean,
                    "baseline": baseline, "baseline_cosine": across(
                        [c.cosines.mean() for c in each]).mean,
                    "gain": gain.mean, "low": gain.low, "high": gain.high,
                    "t_p": max(c.t_p for c in each), "wilcoxon_p": max(c.wilcoxon_p for c in each),
                    "sign_flip_p": max(c.sign_flip_p for c in each),
                    "t_p_of_10": worst(few[key], baseline), "pairs": len(runs[0].statistic),
                    "seeds": len(runs),
                }
            )  # fmt: skip
    return table


def figure(
    found: dict[Key, list[interpret.Composed]], kind: str, arrangement: str, pairs: int
) -> Figure:
    """Draw the cosines of one arrangement beside their baselines."""
    here = (kind, arrangement)
    own = {k[2]: runs for k, runs in found.items() if k[:2] == here and k[3] == ZEROS[-1]}
    names = list(own)
    cosine = [across([one.statistic.mean() for one in own[n]], most=1) for n in names]
    bars = [series("sum of the parts", names, [c.row for c in cosine])]
    means = {
        base: [float(np.mean([contrast(o, base).cosines.mean() for o in own[n]])) for n in names]
        for base in BASELINES
    }
    bars += [Series(name=f"baseline: {base}", x=names, y=y) for base, y in means.items()]
    raw = [found[kind, arrangement, name, "none"] for name in names]
    plain = [float(np.mean([contrast(o, "parts").cosines.mean() for o in runs])) for runs in raw]
    theirs = ", ".join(
        f"{name} {np.mean([o.statistic.mean() for o in runs]):.2f} "
        f"({theory.additive_from_parts(cosine):.2f})"
        for name, runs, cosine in zip(names, raw, plain, strict=True)
    )
    return Figure(
        kind="bar", title=f"{kind.capitalize()}, {arrangement}: cosine with the answer to both",
        x_label="source", y_label="cosine, less the empty canvas", series=bars,
        caption=f"{pairs} pairs a pairing. With nothing subtracted (in brackets: what an additive "
        f"code with such parts must give): {theirs}.",
    )  # fmt: skip


def explained_figure(explained: Mapping[tuple[str, ...], list[float]], kind: str) -> Figure:
    """Draw how much of the answers to pairs the sum explains, layer by layer."""
    names = list(dict.fromkeys(key[2] for key in explained if key[0] == kind))
    bars = []
    for arrangement in ARRANGEMENTS:
        each = [across(explained[kind, arrangement, name], most=1) for name in names]
        bars.append(series(arrangement, names, [e.row for e in each]))
    return Figure(
        kind="bar", title=f"{kind.capitalize()}: variance over pairs that the sum explains",
        x_label="source", y_label="1 - var(f(a and b) - f(a) - f(b)) / var(f(a and b))",
        series=bars,
        caption="Nearly all of it in first layers, which average local features; less with depth.",
    )  # fmt: skip
