"""RSA with a weight for each source unit, fitted and scored on different stimuli."""

from __future__ import annotations

import warnings
from itertools import combinations
from typing import Any

import numpy as np

from unbraid.align._dense import check_memory
from unbraid.align._estimator import Estimator, Measured
from unbraid.align._judge import Judging, judge
from unbraid.align._score import NAN, Score
from unbraid.align.geometry._rdm import squared_euclidean
from unbraid.align.geometry._rdm_compare import Pearson
from unbraid.errors import InputError

PENALTIES = (1e-3, 1e-2, 0.1, 1.0, np.inf)
"""In units of the mean diagonal of the normal equations; infinite: one weight for all units."""
_CUBE, _SQUARE = 2e-8, 1e-8  # seconds of a core at 2 GHz, measured at 100 to 400 units
_LONG = 5.0  # a warning is given if a fit takes this many seconds; there are 21 fits by default
_LEAST_STIMULI = 4  # stimuli of a fold: fewer have too few pairs to correlate


class WeightedRsa(Estimator):
    """Pearson correlation of the target's RDM with the source's weighted one."""

    def __init__(self, x, y, folds) -> None:
        super().__init__(_in_ones(x - x.mean(axis=0)), y, folds)
        n, p = self.x.shape
        check_memory(8.0 * (3 * n * n + 4 * p * p), f"weighted RSA of {n} stimuli x {p} units")
        self.rows = [np.flatnonzero(np.asarray(folds) == fold) for fold in range(folds.n_folds)]
        if folds.n_folds < 3 or min(len(rows) for rows in self.rows) < _LEAST_STIMULI:
            raise InputError(
                f"weighted_rsa needs at least 3 folds of at least {_LEAST_STIMULI} stimuli each, "
                f"got {folds.n_folds} of {min(len(rows) for rows in self.rows)} or more. Pass "
                "fewer folds or more stimuli."
            )
        seconds = (_CUBE * p**3 + _SQUARE * n * n * p) * (folds.n_folds / 5) ** 2
        if seconds > _LONG:
            warnings.warn(
                f"weighted_rsa of {p} units takes about {seconds:.0f} s a fit on one core, growing "
                "with their cube, and each permutation is a fit: pass fewer units (principal "
                "components of x), or permutations=0.",
                RuntimeWarning,
                stacklevel=4,
            )
        self.target = _in_ones(squared_euclidean(self.y))

    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        target = self.target if order is None else self.target[np.ix_(order, order)]
        if not (self.x.any() and target.any()):
            return Measured(value=NAN, warnings=("undefined, since one side is constant.",))
        chosen = self._penalties(target)
        per_fold, losses = [], np.zeros(len(target))
        for test, penalty in zip(self.rows, chosen, strict=True):
            train = np.setdiff1d(np.arange(len(target)), test)
            weights = unit_weights(self.x[train], target[np.ix_(train, train)])[penalty]
            found = self._agreement(weights, target, test)
            per_fold.append(found.value())
            losses[test] = found.losses(per_fold[-1], np.arange(len(test))) / len(self.rows)
        value = float(np.mean(per_fold))
        if order is not None:
            return Measured(value=value)
        whole = unit_weights(self.x, target)[int(np.median(chosen))]
        everything = np.arange(len(target))
        return Measured(
            value=value,
            per_fold=np.array(per_fold),
            influence=losses if influence else None,
            in_sample=self._agreement(whole, target, everything).value(),
        )

    def _penalties(self, target: np.ndarray) -> list[int]:
        """Return each fold's best penalty over its inner folds, the other outer ones."""
        scores = np.zeros((len(self.rows), len(PENALTIES)))
        for f, g in combinations(range(len(self.rows)), 2):
            held = np.concatenate([self.rows[f], self.rows[g]])
            train = np.setdiff1d(np.arange(len(target)), held)
            for index, weights in enumerate(
                unit_weights(self.x[train], target[np.ix_(train, train)])
            ):
                scores[f, index] += self._agreement(weights, target, self.rows[g]).value()
                scores[g, index] += self._agreement(weights, target, self.rows[f]).value()
        # the last of the best: among equals the most even weights
        return [len(PENALTIES) - 1 - int(row[::-1].argmax()) for row in scores]

    def _agreement(self, weights: np.ndarray, target: np.ndarray, rows: np.ndarray) -> Pearson:
        source = squared_euclidean(self.x[rows] * np.sqrt(weights))
        return Pearson(source, target[np.ix_(rows, rows)])


def _in_ones(values: np.ndarray) -> np.ndarray:
    """Divide by the largest value, so that powers stay in the range of float64."""
    largest = np.abs(values).max()
    return values / largest if largest > 0 else values


def unit_weights(x: np.ndarray, distances: np.ndarray) -> list[np.ndarray]:
    """Return non-negative weights (p,) for each penalty, fitted to all pairs of the stimuli.

    ``min_w sum_{s<t} (D_st - c - sum_k w_k (x_sk - x_tk)^2)^2 + penalty |w - w_0|^2``, ``w_0`` the
    best common weight, from sums over stimuli, never over pairs.
    """
    from scipy.optimize import nnls

    n, p = x.shape
    x = x - x.mean(axis=0)
    scale = np.sqrt((x**2).mean())
    if not scale > 0:
        return [np.ones(p)] * len(PENALTIES)
    x = x / scale
    n_pairs, squares = n * (n - 1) / 2, x**2
    size = squares.sum(axis=0)
    level = n * size / n_pairs  # mean of each unit's squared differences
    gram = n * squares.T @ squares + np.outer(size, size) + 2 * (x.T @ x) ** 2
    gram -= n_pairs * np.outer(level, level)
    on_target = squares.T @ distances.sum(axis=1) - np.einsum("si,st,ti->i", x, distances, x,
                                                              optimize=True)  # fmt: skip
    on_target -= level * distances.sum() / 2
    common = max(float(on_target.sum() / gram.sum()), 0.0) if gram.sum() > 0 else 0.0
    diagonal = gram.diagonal()
    unit = float(diagonal[diagonal > 1e-20 * diagonal.max()].mean()) if gram.any() else 0.0
    found = []
    for penalty in PENALTIES:
        if not np.isfinite(penalty) or not unit > 0:
            found.append(np.ones(p))
            continue
        root = np.linalg.cholesky(gram + penalty * unit * np.eye(p))
        weights = nnls(root.T, np.linalg.solve(root, on_target + penalty * unit * common))[0]
        found.append(weights if weights.any() else np.ones(p))
    return found


def weighted_rsa(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
) -> Score:
    r"""Held-out correlation of the target's dissimilarities with weighted ones of the source.

    .. math:: \hat d_{st} = \sum_k w_k (x_{sk} - x_{tk})^2, \quad w_k \ge 0

    The weights are fitted by least squares (with intercept) to the target's squared Euclidean
    dissimilarities of pairs of training stimuli, and drawn towards one common weight by a penalty
    that inner folds choose: without evidence this is plain RSA. Scored by Pearson correlation over
    the pairs within each test fold, so that no pair that is scored holds a training stimulus; the
    value is the mean over folds.

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, order
        As in ``semi_matching``; at least 3 folds of 4 stimuli; only the protocol ``unbraid``
        exists.

    Returns
    -------
    Score
        In [-1, 1]; 1 if the target's dissimilarities are a non-negative combination of those of
        the source's units. ``in_sample``: fitted and scored on all pairs.

    Notes
    -----
    Source -> target: weights belong to the source. Invariant to permutation, common scaling, shift
    and sign of units; not to rotation of the source, which changes what its units are. Pairs that
    share one training stimulus are not independent of it: scoring them inflates. Intervals hold
    the weights fixed: for runs of a series (83 % covered where 95 % was asked, 15 runs) take
    ``resamples=stats.Refits()``. Cost O(n^2 p + n p^2 + p^3 log p) a pair of folds.

    References
    ----------
    Khaligh-Razavi & Kriegeskorte (2014); Kaniuth & Hebart (2022), Feature-reweighted RSA.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(100, 3))
    >>> score = weighted_rsa(x, x * np.array([0.1, 1, 5]), permutations=0)
    >>> bool(score.value > 0.99)
    True
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order,
    )  # fmt: skip
    return judge("weighted_rsa", {"unbraid": WeightedRsa}, x, y, judging)
