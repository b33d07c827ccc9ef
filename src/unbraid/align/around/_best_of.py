"""The best of several sources, chosen on other stimuli than those it is scored on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import stats
from unbraid._documented import documented_answer
from unbraid._validate import as_rng, check_callable, check_mapping
from unbraid.align._catalogue import METRICS
from unbraid.align._estimator import Blocks
from unbraid.align._order import arrange_all
from unbraid.align._score import Score
from unbraid.align.matching._semi_matching import semi_matching
from unbraid.errors import InputError
from unbraid.responses import in_order_of


@documented_answer
@dataclass(frozen=True, eq=False, repr=False)
class Selection:
    """Which source was chosen in each fold, and how it scores where it was not chosen."""

    value: float
    """Mean over folds of the chosen source's score on the fold's stimuli."""
    per_fold: np.ndarray
    """(n_folds,) score of the source that was chosen on the other folds."""
    chosen: tuple[str, ...]
    """(n_folds,) name of the source chosen on the other folds."""
    scores: Mapping[str, Score]
    """Each source's score on all folds: the maximum of their values is optimistic."""
    low: float
    """Lower end of the interval of the value."""
    high: float
    """Upper end; the interval is for other stimuli at the scores' level, what was chosen and fitted
    held fixed."""

    def __repr__(self) -> str:
        names = ", ".join(dict.fromkeys(self.chosen))
        return f"Selection({self.value:.3f} [{self.low:.3f}, {self.high:.3f}], chosen: {names})"

    @property
    def optimism(self) -> float:
        """How much the best of all values exceeds the nested one."""
        return float(max(score.value for score in self.scores.values()) - self.value)


def best_of(
    sources: Mapping[str, Any],
    y: Any,
    metric: Callable[..., Score] = semi_matching,
    *,
    folds: Any = 5,
    rng: int | np.random.Generator | None = 0,
    order: str | None = None,
    **options: Any,
) -> Selection:
    """Score of the best of several sources (layers, models), selection included.

    For each fold every source is scored on the other folds' stimuli alone, the best is chosen,
    and its score on the fold's own stimuli (fitted on the others) is kept.

    Parameters
    ----------
    sources : mapping of names to responses
        The systems to choose from, which answered the same stimuli.
    y : Responses, array of shape (n, q) or CSR matrix
        Target.
    metric : callable
        A held-out metric of this room.
    folds : int or labels
        At least 4 folds, so that 3 remain for choosing.
    rng : int, Generator or None
        Seed of the folds; all sources have the same ones.
    order : {None, "auto", "exchangeable", "time"}
        As in ``semi_matching``: of all sources and ``y`` together.
    **options
        Options of the metric.

    Returns
    -------
    Selection
        The source chosen in each fold, and its score there.

    Notes
    -----
    The maximum over sources of a score on the same stimuli is biased upwards by selection; this
    value is not. The interval exists where the scores have intervals, from single stimuli or blocks
    (``resamples`` >= 1, not ``Refits``); it does not include that another source might have been
    chosen: 95 % intervals cover 95 % of the time where one source is clearly best, 85 % where three
    tie (n = 100). Cost: folds + 1 runs of the metric a source.

    References
    ----------
    Cawley & Talbot (2010), On over-fitting in model selection.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = np.random.default_rng(0).normal(size=(2, 100, 5))
    >>> best_of({"early": y + x, "late": x}, y, permutations=0).chosen
    ('early', 'early', 'early', 'early', 'early')
    """
    check_mapping(sources, "sources")
    check_callable(metric, "metric")
    if not sources:
        raise InputError("sources must name at least one system, got none.")
    y, sides = in_order_of(y, sources)
    pairs = {name: (side, y) for name, side in sides.items()}
    plan = arrange_all(list(pairs.values()), folds, as_rng(rng).spawn(1)[0], order)
    rows, labels = plan.folds.used, plan.folds.of(plan.folds.used)
    pairs = {name: (a.take(rows), b.take(rows)) for name, (a, b) in pairs.items()}
    if labels.n_folds < 4:
        raise InputError(f"best_of needs at least 4 folds, got {labels.n_folds}.")
    options["order"] = stats.EXCHANGEABLE if plan.order == stats.EXCHANGEABLE else stats.TIME
    scores = {name: metric(a, b, folds=labels, **options) for name, (a, b) in pairs.items()}
    if not all(len(score.per_fold) for score in scores.values()):
        raise InputError("metric must be held out (it has no score of single folds).")
    bare = {**options, "permutations": 0, "resamples": 0}
    chosen, per_fold = [], []
    for fold in range(labels.n_folds):
        keep = np.flatnonzero(labels != fold)
        inner = {
            name: metric(a.take(keep), b.take(keep), folds=np.asarray(labels)[keep], **bare).value
            for name, (a, b) in pairs.items()
        }
        best = max(inner, key=lambda name: -np.inf if np.isnan(inner[name]) else inner[name])
        chosen.append(best)
        per_fold.append(scores[best].per_fold[fold])
    value = float(np.mean(per_fold))
    bounds = _interval(value, chosen, scores, labels)
    return Selection(value, np.array(per_fold), tuple(chosen), scores, bounds.low, bounds.high)


def _interval(
    value: float, chosen: list[str], scores: Mapping[str, Score], folds: stats.Folds
) -> stats.Interval:
    """Return the interval from what each stimulus or block costs the source chosen in its fold."""
    fold = np.asarray(folds)
    blocks = Blocks.of(folds)
    if blocks:  # whole groups lie in one fold; a run that straddles two counts to the first
        fold = fold[np.unique(blocks.number, return_index=True)[1]]
    first = next(iter(scores.values()))
    known = all(len(scores[name].influence) == len(fold) for name in set(chosen))
    losses = np.array([scores[chosen[f]].influence[i] for i, f in enumerate(fold) if known])
    least = METRICS[first.metric].low if first.metric in METRICS else -1.0
    spread = stats.jackknife_spread(losses)
    return stats.student_interval(value, spread, first.level, least=least)
