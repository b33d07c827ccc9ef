"""A fair search: the best is chosen inside the folds, and scored on other stimuli."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from unbraid import stats
from unbraid._kernels.statistics.deletion import BlockSums, Totals, losses
from unbraid.align.regression._nested_ridge import NestedRidge
from unbraid.stats import Folds


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NestedPrediction:
    """What a family of sources predicts, its member chosen without the stimuli it is scored on."""

    per_target: np.ndarray
    """(q,) pooled correlation of each target with its held-out prediction."""
    replicates: np.ndarray
    """(B,) draws of the mean over targets for other stimuli; choice and fits are held fixed."""
    interval: stats.Interval
    """Of the mean over targets, as ``align.ridge`` has it."""
    chosen: str
    """The members chosen, with in how many folds."""

    @property
    def value(self) -> float:
        """Mean over targets."""
        return float(np.nanmean(self.per_target))


def nested(
    candidates: Mapping[str, np.ndarray],
    brain: np.ndarray,
    *,
    folds: int = 4,
    resamples: int = 0,
    rng: int = 0,
) -> NestedPrediction:
    """Ridge from the candidate that predicts best on the inner folds of each outer fold.

    The penalty of each target and the candidate are chosen by squared error on the other outer
    folds; the candidate, by its mean over targets in units of each target's variance. Two calls
    with one ``rng`` use the same folds and resamples, so that their difference is paired.

    Parameters
    ----------
    candidates : mapping of names to arrays (n, p)
    brain : array of shape (n, q)
    folds : int
        At least 3.
    resamples : int
        Replicates drawn.
    rng : int
        Of the folds and the resamples.
    """
    labels = stats.shuffled_folds(len(brain), folds, rng)
    brain = np.asarray(brain, np.float64)
    costs, fits = [], []
    for values in candidates.values():
        cost, parts = _fit(np.asarray(values, np.float64), brain, labels)
        costs.append(cost)
        fits.append(parts)
    best = np.argmin(costs, axis=0)  # (folds,)
    predicted, centred = np.empty_like(brain), np.empty_like(brain)
    for fold, at in enumerate(best):
        rows = labels == fold
        predicted[rows], centred[rows] = fits[at][0][rows], fits[at][1][rows]
    names = list(candidates)
    counts = Counter(names[at] for at in best).most_common()
    sums = BlockSums(predicted * centred, predicted**2, centred**2)
    num, xx, yy = (part.sum(axis=0) for part in sums)
    r = num / np.sqrt(np.where(xx * yy > 0, xx * yy, np.nan))
    some = np.isfinite(r)
    sums = BlockSums(*(part[:, some] for part in sums))
    n_scored = int(some.sum())
    totals = Totals(num[some], xx[some], yy[some], r[some], np.ones(n_scored))
    lost = losses(sums, totals) / max(1, n_scored)
    value = float(np.nanmean(r))
    return NestedPrediction(
        per_target=r,
        replicates=stats.student_replicates(value, lost, resamples, rng),
        interval=stats.student_interval(value, stats.jackknife_spread(lost)),
        chosen=", ".join(f"{name} ({count} of {labels.n_folds} folds)" for name, count in counts),
    )


def _fit(
    x: np.ndarray, brain: np.ndarray, labels: Folds
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Return each fold's inner error (folds,), and predictions and targets in training sds."""
    ridge = NestedRidge(x - x.mean(axis=0), labels)
    errors = ridge.inner_errors(brain)
    found = ridge.predict(brain, errors.argmin(axis=1))
    predicted, centred = found.held_out.copy(), found.centred.copy()
    costs = np.empty(labels.n_folds)
    for fold in range(labels.n_folds):
        spread, scale = found.scales[:, fold]
        rows = labels == fold
        predicted[rows] /= np.where(spread > 0, spread, 1.0)
        centred[rows] /= np.where(scale > 0, scale, 1.0)
        variance = np.where(scale > 0, scale**2, 1.0) * (~rows).sum()
        costs[fold] = np.mean(errors[fold].min(axis=0) / variance)
    return costs, (predicted, centred)
