"""Held-out score of a matching: plans fitted on training stimuli, pooled over folds.

Within each fold both sides are centred and scaled by the *training* mean and standard deviation
of each unit. A plan ``P_f`` (p x q, sparse, columns that sum to 1 in magnitude) is fitted on the
training correlations. For target ``j``::

    r_j = sum_f sum_i P_f,ij <x_i, y_j>_f / sqrt(sum_f sum_i |P_f,ij| |x_i|^2_f  sum_f |y_j|^2_f)

over the folds in which ``j`` is matched; the value is the mean over targets, weighted by the
share of folds in which each was matched. 1 exactly for copies, |r_j| <= 1, no bias under
independence. A target is scored when it varies on the training stimuli of every fold.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid.align._dense import densified, finite_mean, row_chunks
from unbraid.align._judge import Estimate, Estimator
from unbraid.align._marginals import Marginals, marginals
from unbraid.align._score import NAN
from unbraid.errors import InputError
from unbraid.responses import Responses


@dataclass(frozen=True, eq=False)
class Plan:
    """Which sources stand for each target, with what weight; ``gap`` certifies the solver."""

    weights: sp.csc_array
    gap: float = NAN


class Matched(Estimator):
    """Estimator of every matching metric: subclasses say how a plan is found."""

    def __init__(self, x, y, folds, **options) -> None:
        super().__init__(_centred(x, "x"), _centred(y, "y"), folds, **options)
        self.absolute = check_sign(self.options.setdefault("sign", "signed"))
        self.of_x = marginals(self.x, folds)
        self.rows = [np.flatnonzero(folds == fold) for fold in range(folds.n_folds)]

    @abstractmethod
    def plans(self, y: np.ndarray, of_y: Marginals, scored: Any, all_too: bool):
        """Return one plan a fold, then (``all_too``) the plan of all stimuli and its score."""

    def correlations(self, y, of_y):
        """Yield (p, q) correlations on the training stimuli of each fold; NaN where undefined."""
        total = self.x.T @ y
        for fold, rows in enumerate(self.rows):
            yield self._correlation(total - self.x[rows].T @ y[rows], of_y, fold)
        yield self._correlation(total, of_y, -1)

    def _correlation(self, cross: np.ndarray, of_y: Marginals, fold: int) -> np.ndarray:
        size = of_y.count[fold]
        cross -= np.outer(size * self.of_x.mean[fold], of_y.mean[fold])
        cross /= size * self.of_x.scale[fold][:, None]
        cross /= of_y.scale[fold]
        return cross

    def estimate(self, order: np.ndarray | None, influence: bool) -> Estimate:
        y = self.y if order is None else self.y[order]
        of_y = marginals(y, self.folds)
        scored = of_y.varies.all(axis=0)
        if not scored.any() or not self.of_x.varies.any(axis=1).all():
            return nothing(y.shape[1], self.folds.n_folds)
        plans = self.plans(y, of_y, scored, all_too=order is None)
        pooled = self._pool(y, of_y, plans[: len(self.rows)], scored)
        value = finite_mean(pooled.r, pooled.share)
        if order is not None:
            return Estimate(value=value)
        whole: Plan = plans[-1]
        return Estimate(
            value=value,
            per_fold=pooled.per_fold,
            per_target=pooled.r,
            weights=pooled.share,
            influence=self._influence(y, of_y, plans, pooled) if influence else None,
            in_sample=self._in_sample(y, of_y, whole),
            matching=strongest(whole.weights),
            gap=float(np.max([plan.gap for plan in plans])),
        )

    def _standardised(self, values: np.ndarray, of: Marginals, fold: int, rows) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return np.nan_to_num((values[rows] - of.mean[fold]) / of.scale[fold], copy=False)

    def _pool(self, y, of_y, plans, scored):
        n_folds, q = len(self.rows), y.shape[1]
        num, xx, yy = np.zeros((3, n_folds, q))
        for fold, plan in enumerate(plans):
            for rows in self._chunks(fold):
                a = self._standardised(self.x, self.of_x, fold, rows)
                b = self._standardised(y, of_y, fold, rows)
                num[fold] += np.einsum("tj,tj->j", carried(a, plan.weights), b)
                xx[fold] += np.einsum("ti,ti->i", a, a) @ abs(plan.weights)
                matched = np.diff(plan.weights.indptr) > 0
                yy[fold] += np.einsum("tj,tj->j", b, b) * matched
        share = np.mean([np.diff(plan.weights.indptr) > 0 for plan in plans], axis=0) * scored
        return Pooled(num, xx, yy, share)

    def _chunks(self, fold: int):
        rows = self.rows[fold]
        return [rows[c] for c in row_chunks(len(rows), sum(self.x.shape[1:] + self.y.shape[1:]))]

    def _influence(self, y, of_y, plans, pooled):
        """Return the derivative of the value by each stimulus' weight, the plans held fixed."""
        on_product, on_x, on_y = pooled.sensitivities
        answer = np.zeros(len(y))
        for fold, plan in enumerate(plans[: len(self.rows)]):
            matched = np.diff(plan.weights.indptr) > 0
            for rows in self._chunks(fold):
                a = self._standardised(self.x, self.of_x, fold, rows)
                b = self._standardised(y, of_y, fold, rows)
                product = np.einsum("tj,tj->t", carried(a, plan.weights), b * on_product)
                squares = a**2 @ (abs(plan.weights) @ on_x) + b**2 @ (on_y * matched)
                answer[rows] = product - squares
        return answer

    def _in_sample(self, y, of_y, plan: Plan) -> float:
        total, mass = 0.0, 0.0
        for rows in row_chunks(len(y), sum(self.x.shape[1:] + self.y.shape[1:])):
            a = self._standardised(self.x, self.of_x, -1, rows)
            b = self._standardised(y, of_y, -1, rows)
            total += float(np.einsum("tj,tj->", carried(a, plan.weights), b))
        mass = float(abs(plan.weights).sum())
        return total / (len(y) * mass) if mass else NAN

    def ceiling(self, x: Responses, y: Responses, estimate: Estimate) -> float:
        return matching_ceiling(x, y, estimate)


@dataclass(frozen=True, eq=False)
class Pooled:
    """Sums over each fold's held-out stimuli, each (n_folds, q)."""

    num: np.ndarray
    xx: np.ndarray
    yy: np.ndarray
    share: np.ndarray

    @property
    def r(self) -> np.ndarray:
        """(q,) pooled correlation of each target; NaN where it was never matched."""
        r = _ratio(self.num.sum(axis=0), self.xx.sum(axis=0), self.yy.sum(axis=0))
        # matched, but the chosen sources never move on held-out stimuli: nothing is explained
        r = np.where((self.share > 0) & np.isnan(r), 0.0, r)
        return np.where(self.share > 0, r, np.nan)

    @property
    def per_fold(self) -> np.ndarray:
        """(n_folds,) mean over the targets that vary in each fold."""
        r = _ratio(self.num, self.xx, self.yy)
        return np.array([finite_mean(row, self.share) for row in r])

    @property
    def sensitivities(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Derivatives (q,) of the value by each target's num, and minus those by xx and yy."""
        xx, yy = self.xx.sum(axis=0), self.yy.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(np.isnan(self.r), 0.0, self.share)
            share = share / share.sum()
            parts = share / np.sqrt(xx * yy), share * self.r / (2 * xx), share * self.r / (2 * yy)
        a, b, c = (np.nan_to_num(part, posinf=0.0, neginf=0.0) for part in parts)
        return a, b, c


def _centred(values: Any, name: str) -> np.ndarray:
    values = densified(values, name)
    return values - values.mean(axis=0)


def check_sign(sign: str) -> bool:
    """Return whether a unit may be matched with the mirror of another."""
    if sign not in ("signed", "absolute"):
        raise InputError(f"sign must be 'signed' or 'absolute', got {sign!r}.")
    return sign == "absolute"


def one_each(best: np.ndarray, sign: np.ndarray, p: int) -> Plan:
    """Return the plan that gives each target its best source (-1: none)."""
    has = best >= 0
    start = np.concatenate([[0], np.cumsum(has)])
    return Plan(sp.csc_array((sign[has], best[has], start), shape=(p, len(best))))


def _ratio(num: np.ndarray, xx: np.ndarray, yy: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return num / np.sqrt(xx * yy)


def carried(a: np.ndarray, weights: sp.csc_array) -> np.ndarray:
    """Return ``a @ weights``; a mere choice of columns where each has one entry of 1."""
    if weights.nnz == weights.shape[1] and (np.diff(weights.indptr) == 1).all():
        chosen = a[:, weights.indices]
        return chosen if (weights.data == 1).all() else chosen * weights.data
    return a @ weights


def strongest(weights: sp.csc_array) -> np.ndarray:
    """(q,) source of the largest weight of each column, -1 where the column is empty."""
    answer = np.full(weights.shape[1], -1)
    column = np.repeat(np.arange(weights.shape[1]), np.diff(weights.indptr))
    order = np.argsort(np.abs(weights.data), kind="stable")
    answer[column[order]] = weights.indices[order]
    return answer


def nothing(q: int, n_folds: int) -> Estimate:
    return Estimate(
        value=NAN,
        per_fold=np.full(n_folds, np.nan),
        per_target=np.full(q, np.nan),
        weights=np.zeros(q),
        influence=None,
        matching=np.full(q, -1),
        warnings=(
            "nothing is scored: no source, or no target, varies on every fold's training stimuli.",
        ),
    )


def matching_ceiling(x: Responses, y: Responses, estimate: Estimate) -> float:
    """Mean over scored targets of sqrt(reliability of source and target), where known."""
    from unbraid.stats import noise_ceiling

    if x.repeats is None and y.repeats is None:
        return NAN
    best = np.ones(y.shape[1])
    if y.repeats is not None:
        best = best * noise_ceiling(y.repeats).ceiling
    if x.repeats is not None and estimate.matching is not None:
        own = noise_ceiling(x.repeats).ceiling
        best = best * np.where(estimate.matching >= 0, own[estimate.matching], np.nan)
    return finite_mean(np.where(np.isnan(estimate.per_target), np.nan, best))
