"""Scores before, after and under control, as the rows of a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from unbraid import report, stats
from unbraid.comparison.controls._which import LABELS, rivals
from unbraid.comparison.scores._seed_means import mean_over_seeds

if TYPE_CHECKING:
    from unbraid.comparison._comparison import Comparison


def score_figure(
    result: Comparison,
    target: str,
    metrics: Sequence[str],
    title: str,
    systems: str = "",
) -> report.BeforeAfterFigure:
    """Return one panel per metric: units to units, codes to ``target``, controls to ``target``."""
    groups = []
    for metric in metrics:
        before = "features" if target == "features" else "base"
        sides = [("base", before, "before"), ("codes", target, "after")]
        sides += [(name, of, "control") for name, of in _rivals(result, metric, target)]
        rows = [
            row
            for source, of, kind in sides
            for row in _row(result, metric, source, of, kind, systems)
        ]
        groups.append(report.MetricGroup(title=metric.replace("_", " "), rows=rows, domain=(0, 1)))
    return report.BeforeAfterFigure(
        title=title, groups=groups, caption=_caption(result, target, metrics, systems)
    )


def overview_figure(result: Comparison, target: str, title: str) -> report.OverviewFigure:
    """Return one row per metric: units to units, codes to ``target``, the best control."""
    groups = []
    for metric in result.config.scored:
        source, of = best_control(result, metric, target)
        sides = (("base", "base", "before"), ("codes", target, "after"), (source, of, "control"))
        rows = [
            row
            for one, other, kind in sides
            for row in _row(result, metric, one, other, kind, "")
            if row.kind == kind
        ]
        groups.append(report.MetricGroup(title=metric.replace("_", " "), rows=rows))
    caption = report.Caption(
        finding="Before: units to units. After: codes to "
        f"{'codes' if target == 'codes' else 'units'}. Control: the best of all, which may be "
        f"another for each metric. Bars: {result.config.level:.0%} intervals.",
        n=len(result.rows),
        seed=list(range(len(result.lifted))),
    )
    return report.OverviewFigure(title=title, groups=groups, caption=caption, domain=(0, 1))


def best_control(
    result: Comparison, metric: str, target: str, systems: str = ""
) -> tuple[str, str]:
    """Return source and target of the control of highest score: the figure's and the card's."""
    found = {
        rival: mean_over_seeds(scores)[0]
        for rival in _rivals(result, metric, target)
        if (scores := result.find(metric, *rival, systems))
    }
    return max(found, key=lambda rival: -np.inf if np.isnan(found[rival]) else found[rival])


def _rivals(result: Comparison, metric: str, target: str) -> tuple[tuple[str, str], ...]:
    return rivals(metric, target, headline=metric == result.config.scored[0])


def _row(
    result: Comparison, metric: str, source: str, target: str, kind: Any, systems: str
) -> list[report.ScoreRow]:
    scores = result.find(metric, source, target, systems)
    if not scores:
        return []
    value, replicates = mean_over_seeds(scores)
    interval = stats.interval(replicates, result.config.level)
    rows = [
        report.ScoreRow(
            label=f"{LABELS[source]} → {LABELS[target]}",
            value=value,
            kind=kind,
            low=interval.low,
            high=interval.high,
            null=_mean([score.null for score in scores]),
            in_sample=_mean([score.in_sample for score in scores]),
            missing="no target unit could be scored",
        )
    ]
    ceiling = _mean([score.ceiling for score in scores])
    if kind == "before" and np.isfinite(ceiling):
        rows.append(report.ScoreRow(label="noise ceiling", value=ceiling, kind="ceiling"))
    return rows


def _caption(
    result: Comparison, target: str, metrics: Sequence[str], systems: str
) -> report.Caption:
    before = "features" if target == "features" else "base"
    metric = metrics[0]
    base = mean_over_seeds(result.find(metric, "base", before, systems))[0]
    codes = mean_over_seeds(result.find(metric, "codes", target, systems))[0]
    name, of = best_control(result, metric, target, systems)
    best = mean_over_seeds(result.find(metric, name, of, systems))[0]
    finding = (
        f"{metric.replace('_', ' ').capitalize()} goes from **{base:.2f}** to **{codes:.2f}**; "
        f"the best control ({LABELS[name]}) reaches {best:.2f}. "
        f"Bars: {result.config.level:.0%} intervals."
    )
    return report.Caption(finding=finding, n=len(result.rows), seed=list(range(len(result.lifted))))


def _mean(values: Sequence[float]) -> float:
    """Mean of the finite values, NaN where there is none."""
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else float("nan")
