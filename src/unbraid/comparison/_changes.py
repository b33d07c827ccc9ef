"""Paired differences: after minus before, and after minus each control, seeds averaged."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from unbraid import stats
from unbraid.align import Score
from unbraid.comparison._comparison import Change, mean_over_seeds
from unbraid.comparison._lift import CONTROLS

Find = Callable[[str, str, str], Sequence[Score]]
"""Scores of a metric, a source and a target, one a seed."""


def changes(metrics: Sequence[str], find: Find, level: float) -> tuple[Change, ...]:
    """Return the gain of each metric and its excess over each control, on the same resamples."""
    found = []
    for metric in metrics:
        base = find(metric, "base", "base")
        for target in ("codes", "base"):
            after = find(metric, "codes", target)
            found.append(_change(f"codes->{target} - base->base", metric, base, after, level))
            for control in CONTROLS:
                name = f"codes->{target} - {control}->{target}"
                found.append(_change(name, metric, find(metric, control, target), after, level))
        for control in CONTROLS[:2]:
            name = f"codes->codes - {control}->{control}"
            both = find(metric, control, control)
            found.append(_change(name, metric, both, find(metric, "codes", "codes"), level))
    return tuple(found)


def _change(
    name: str, metric: str, before: Sequence[Score], after: Sequence[Score], level: float
) -> Change:
    value_before, replicates_before = mean_over_seeds(before)
    value_after, replicates_after = mean_over_seeds(after)
    difference = stats.paired_difference(
        value_after, value_before, replicates_after, replicates_before, level=level
    )
    return Change(
        name=name,
        metric=metric,
        before=value_before,
        after=value_after,
        value=difference.value,
        low=difference.low,
        high=difference.high,
    )
