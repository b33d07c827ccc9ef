"""Paired differences: after minus before, and after minus each control, mean over seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from unbraid import stats
from unbraid.align import Score
from unbraid.align.around._difference import differences as between
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
    asked: list[tuple[str, str, Sequence[Score], Sequence[Score]]] = []
    for metric in metrics:
        base = find(metric, "base", "base")
        for target in targets:
            after = find(metric, "codes", target)
            asked.append((f"codes->{target} - base->base", metric, base, after))
            for control, of in rivals(metric, target, headline=metric == metrics[0]):
                name = f"codes->{target} - {control}->{of}"
                reached = find(metric, control, of)
                if reached:  # controls that nobody requested are absent
                    asked.append((name, metric, reached, after))
    known = [all(len(score.influence) for score in (*before, *of)) for *_, before, of in asked]
    differences: dict[int, stats.Difference] = {}
    for whole in (True, False):  # without losses, only seeds are known
        some = [i for i, each in enumerate(known) if each is whole]
        over = _OVER if whole else _OVER[1:]
        pairs = [(asked[i][3], asked[i][2]) for i in some]
        differences.update(zip(some, between(pairs, over=over, level=level), strict=True))
    return tuple(_change(*each, differences[i], known=known[i]) for i, each in enumerate(asked))


def _change(
    name: str,
    metric: str,
    before: Sequence[Score],
    after: Sequence[Score],
    difference: stats.Difference,
    *,
    known: bool,
) -> Change:
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
