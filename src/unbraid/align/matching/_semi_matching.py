"""Semi-matching: each target against the source that follows it best."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.device import product
from unbraid.align._estimator import Estimator
from unbraid.align._judge import Judging, judge
from unbraid.align._score import Score
from unbraid.align.matching.solvers._dense_matched import DenseMatched, correlation
from unbraid.align.matching.solvers._marginals import TIE, MatchedSide
from unbraid.align.matching.solvers._plan import MatchingPlan, one_each
from unbraid.align.published._longon2025 import PUBLISHED, LongonSemi

_BLOCK = 2.0**26  # bytes of cross-products held at once
_LARGE = 2**19  # with this many pairs or more the search in float32 pays


class SemiMatched(DenseMatched):
    """Best source of each target, found in blocks of targets."""

    by_target = True

    def plans(self, target: MatchedSide, scored: np.ndarray, all_too: bool) -> list[MatchingPlan]:
        n_plans, p = len(self.rows) + bool(all_too), self.x.shape[1]
        if p * len(scored) >= _LARGE:
            from unbraid.align.matching.solvers._dense_search import (
                best_sources,  # compiles: not at import
            )

            found = best_sources(
                self.source, target, self.rows, scored, n_plans, self.absolute, self.device
            )
            return [one_each(*each, p) for each in zip(*found, strict=True)]
        best, sign = np.full((n_plans, len(scored)), -1), np.ones((n_plans, len(scored)))
        targets = np.flatnonzero(scored)
        step = max(16, int(_BLOCK / (8 * p * (len(self.rows) + 2))))
        for start in range(0, len(targets), step):
            block = targets[start : start + step]
            parts = [
                product(self.x[rows].T, target.values[np.ix_(rows, block)], self.device)
                for rows in self.rows
            ]
            total = np.sum(parts, axis=0)
            for plan in range(n_plans):
                fold = plan if plan < len(self.rows) else -1
                cross = total - parts[fold] if fold >= 0 else total
                r = correlation(cross, self.source.of, target.of.only(block), fold)
                best[plan, block], sign[plan, block] = strongest_sources(r, self.absolute)
        return [one_each(*each, p) for each in zip(best, sign, strict=True)]


def strongest_sources(r: np.ndarray, absolute: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the source of largest correlation in each column of (p, q), and its sign.

    Of several within rounding the first, so that nothing depends on the order of sums.
    """
    size = np.abs(r) if absolute else r
    size = np.where(np.isnan(size), -np.inf, size)
    best = (size >= size.max(axis=0) - TIE).argmax(axis=0)
    if not absolute:
        return best, np.ones(len(best))
    return best, np.where(r[best, np.arange(len(best))] < 0, -1.0, 1.0)


def _estimator(x: Any, y: Any, folds: Any, **options: Any) -> Estimator:
    if not (sp.issparse(x) and sp.issparse(y)):
        return SemiMatched(x, y, folds, **options)
    from unbraid.align.matching.solvers._sparse_matched import SparseSemi  # compiles: not at import

    return SparseSemi(x, y, folds, **options)


def semi_matching(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
    sign: str = "signed",
    device: Any = None,
) -> Score:
    r"""Mean held-out correlation of each target unit with its best source unit.

    On the training stimuli of each fold the source ``i*(j) = argmax_i corr(x_i, y_j)`` is chosen
    for each target ``j``; on the held-out stimuli, with training means and scales,

    .. math:: r_j = \sum_f \langle \hat x_{i^*_f(j)}, \hat y_j \rangle_f \Big/
              \sqrt{\sum_f \|\hat x_{i^*_f(j)}\|^2_f \; \sum_f \|\hat y_j\|^2_f}

    and the value is the mean of ``r_j`` over scored targets. Source -> target: several targets
    may share a source.

    Parameters
    ----------
    x : array (n, p), CSR matrix, Codes or Responses
        Source.
    y : the same, (n, q)
        Target.
    protocol : {"unbraid", "longon2025", "longon2026"}
        ``longon2025`` and ``longon2026`` (the published code at two of its commits, which differ
        for ``ridge`` only): both sides are normalised on the test rows themselves, units silent in
        any training or test fold are dropped on both sides, and the value is the mean of five folds
        (KFold, shuffled, seed 42).
    folds : int or array of labels (n,)
        See ``unbraid.stats``. A number leaves the kind to be chosen, as ``order`` says. Contiguous
        or grouped labels also move bootstrap and null by blocks.
    permutations : int or stats.Permutations
        Refits with the rows of ``y`` permuted, for ``null`` and ``p_value``. Of more than 32
        targets a few are refitted each time, and the p-value comes from permuted held-out rows
        widened by what these refits show: ``stats.Permutations(targets=None)`` refits all.
    resamples : int or stats.Refits
        Draws of the score for other stimuli, the matching held fixed; 0: no interval.
        ``stats.Refits()`` deletes groups of stimuli and matches again.
    rng : int, Generator or None
        Two calls with the same integer share folds and bootstrap weights: replicates are paired.
    order : {None, "auto", "exchangeable", "time"}
        What is known of the stimuli: nothing (both sides are tested for dependence on their
        order: ``stats.serial_dependence``), that any order is as good, or that they follow each
        other in time. In time folds are contiguous, with gaps, and the null rotates the rows;
        ``Score.order`` says what was done.
    sign : {"signed", "absolute"}
        ``absolute`` also matches a unit with the mirror of another, and scores it as such.
    device : str, optional
        Where large products and decompositions are made, such as "cuda" (by torch, in float64: the
        same values to rounding); by default NumPy. Dense responses and protocol ``unbraid`` only.

    Returns
    -------
    Score
        In [-1, 1]; 1 if every target is a positive multiple of a source plus a constant. Targets
        constant on the training stimuli of some fold are not scored (``coverage``), NaN in
        ``per_target``; the value is NaN, with a warning, if no target is.

    Notes
    -----
    Invariant to permutation, positive scaling and shift of units on both sides; not to rotation.
    Under independence the mean is 0, while ``in_sample`` is about ``e_p / sqrt(n)``. Sources within
    1e-12 of each other count as equal, and the first is taken. Intervals cover under heavy tails
    and, where folds name the blocks, for dependent stimuli; they are too narrow where other stimuli
    would be matched otherwise (weak relations): ``stats.Refits``. Cost O(n p q) time, blocks of
    targets bound memory; two code matrices (CSR) are never densified and cost O(n k^2) with ``k``
    active latents.

    References
    ----------
    Longon et al. (2025), arXiv 2510.03186; Li et al. (2015), Convergent learning.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(100, 4))
    >>> round(semi_matching(x, 3 * x[:, ::-1] + 1, permutations=0).value, 12)
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order, device=device,
    )  # fmt: skip
    estimators = {"unbraid": _estimator, **dict.fromkeys(PUBLISHED, LongonSemi)}
    return judge(
        "semi_matching", estimators, x, y, judging, sparse=protocol == "unbraid", sign=sign
    )
