"""Paired differences: after minus before, and after minus each control, mean over seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from unbraid import align
from unbraid.align import Score
from unbraid.comparison.controls._which import rivals
from unbraid.comparison.scores._answer import Change
from unbraid.comparison.scores._seed_means import mean_over_seeds

Find = Callable[[str, str, str], Sequence[Score]]
"""Scores of a metric, a source and a target, one per seed."""

_OVER = ("stimuli", "seeds")


def changes(
    metrics: Sequence[str],
    find: Find,
    level: float,
    targets: Sequence[str] = ("codes", "base"),
) -> tuple[Change, ...]:
    """Return the gain of each metric and its excess over each control, on the same resamples."""
    found = []
    for metric in metrics:
        base = find(metric, "base", "base")
        for target in targets:
            after = find(metric, "codes", target)
            found.append(_change(f"codes->{target} - base->base", metric, base, after, level))
            for control, of in rivals(metric, target, headline=metric == metrics[0]):
                name = f"codes->{target} - {control}->{of}"
                reached = find(metric, control, of)
                if reached:  # controls that nobody requested are absent
                    found.append(_change(name, metric, reached, after, level))
    return tuple(found)


def _change(
    name: str, metric: str, before: Sequence[Score], after: Sequence[Score], level: float
) -> Change:
    known = all(len(score.influence) for score in (*before, *after))
    difference = align.difference(after, before, over=_OVER if known else _OVER[1:], level=level)
    return Change(
        name=name,
        metric=metric,
        before=mean_over_seeds(before)[0],
        after=mean_over_seeds(after)[0],
        value=difference.value,
        low=difference.low if known else float("nan"),
        high=difference.high if known else float("nan"),
        p_value=difference.p_value if known else float("nan"),
        width=_width(before),
    )


def _width(scores: Sequence[Score]) -> int | None:
    """Return the median width chosen for a random expansion; None where none was chosen."""
    if scores[0].source != "wide_expansion":
        return None
    chosen = [score.n_source if score.leading is None else score.leading for score in scores]
    return round(float(np.median(chosen)))
