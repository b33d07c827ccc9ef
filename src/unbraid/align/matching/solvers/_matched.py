"""Held-out score of a matching: plans fitted on training stimuli, pooled over folds.

Within each fold both sides are centred and scaled by the *training* mean and standard deviation
of each unit. A plan ``P_f`` (p x q, sparse, columns that sum to 1 in magnitude) is fitted on the
training correlations. For target ``j``::

    r_j = sum_f sum_i P_f,ij <x_i, y_j>_f / sqrt(sum_f sum_i |P_f,ij| |x_i|^2_f  sum_f |y_j|^2_f)

over the folds in which ``j`` is matched; the value is the mean over targets, weighted by the
share of folds in which each was matched. 1 exactly for copies, |r_j| <= 1, no bias under
independence. A target is scored when it varies on the training stimuli of every fold.

Only sums are needed, ``sum_t x_ti y_tj`` of the pairs a plan holds and those of each unit, so that
dense responses, sparse codes and streamed moments share everything except how these are computed.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.statistics.deletion import BlockSums, Totals, losses
from unbraid.align._ceiling import Ceiling
from unbraid.align._dense import finite_mean
from unbraid.align._estimator import Blocks, Estimator, Measured
from unbraid.align._score import NAN
from unbraid.align.matching.solvers._marginals import MatchedSide
from unbraid.align.matching.solvers._plan import MatchingPlan, arrays_of, pairs_of, strongest
from unbraid.errors import InputError
from unbraid.responses import Responses
from unbraid.stats._ceiling import measured_ceiling


class Matched(Estimator):
    """Estimator of every matching metric: subclasses say how sums and plans are found."""

    scaled = ()

    absolute: bool
    source: MatchedSide

    @abstractmethod
    def target(self, order: np.ndarray | None) -> MatchedSide:
        """Return the target's side with its rows in this order."""

    @abstractmethod
    def plans(self, target: MatchedSide, scored: np.ndarray, all_too: bool) -> list[MatchingPlan]:
        """Return one plan per fold, then (``all_too``) that of all stimuli."""

    @abstractmethod
    def pair_sums(self, target: MatchedSide, pairs: tuple[Any, Any], fold: int) -> np.ndarray:
        """Return ``sum_t x_ti y_tj`` of each pair over a fold's stimuli (-1: over all)."""

    def add_held_out(self, target: MatchedSide, plans: list[MatchingPlan]) -> None:  # noqa: ARG002
        """Add to ``products`` what each plan says of held-out stimuli, where they are at hand."""
        return

    def influence(
        self,
        target: MatchedSide,  # noqa: ARG002
        plans: list[MatchingPlan],  # noqa: ARG002
        pooled: Pooled,  # noqa: ARG002
    ) -> np.ndarray | None:
        """Return what deleting each stimulus costs; None where single stimuli are not known."""
        return None

    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        target = self.target(order)
        scored = target.of.always
        if not scored.any() or not self.source.of.varies.any(axis=1).all():
            return _nothing(len(scored), len(target.sizes))
        plans = self.plans(target, scored, all_too=order is None)
        pooled = self.pool(target, plans[: len(target.sizes)], scored)
        value = finite_mean(pooled.r, pooled.share)
        self.add_held_out(target, plans)
        if order is not None:
            return Measured(value=value)
        return Measured(
            value=value,
            per_fold=pooled.per_fold,
            per_target=pooled.r,
            weights=pooled.share,
            chance=finite_mean(pooled.chance.r, pooled.share),
            influence=self.influence(target, plans, pooled) if influence else None,
            in_sample=self.in_sample(target, plans[-1]),
            matching=strongest(plans[-1].weights),
            gap=float(np.max([plan.gap for plan in plans])),
        )

    def pool(self, target: MatchedSide, plans: list[MatchingPlan], scored: np.ndarray) -> Pooled:
        """Return the held-out sums of one plan per fold."""
        num, xx, yy = np.zeros((3, len(plans), len(scored)))
        said, there, size = np.zeros((3, len(scored)))
        for fold, plan in enumerate(plans):
            products = plan.weights.data * self._products(target, plan.weights, fold)
            num[fold] = np.bincount(pairs_of(plan.weights)[1], products, len(scored))
            xx[fold] = self.source.energy(fold) @ abs(plan.weights)
            matched = np.diff(plan.weights.indptr) > 0
            yy[fold] = target.energy(fold) * matched
            said += self.source.deviation(fold) @ plan.weights
            there += target.deviation(fold) * matched
            size += target.size(fold) * matched
        share = np.mean([np.diff(plan.weights.indptr) > 0 for plan in plans], axis=0) * scored
        return Pooled(num, xx, yy, share, said * there / np.maximum(size, 1))

    def in_sample(self, target: MatchedSide, plan: MatchingPlan) -> float:
        """Return the mean correlation of the pairs of the plan of all stimuli."""
        mass = float(abs(plan.weights).sum())
        total = float(plan.weights.data @ self._products(target, plan.weights, -1))
        return total / (target.size(-1) * mass) if mass else NAN

    def _products(self, target: MatchedSide, weights: sp.csc_array, fold: int) -> np.ndarray:
        """Return <x_i, y_j> of each stored pair, standardised as the training of ``fold`` says."""
        i, j = pairs_of(weights)
        a, b = self.source.of, target.of
        together = self.pair_sums(target, (i, j), fold)
        of_i, of_j = a.mean[fold][i], b.mean[fold][j]
        together = together - of_i * target.total(fold)[j] - of_j * self.source.total(fold)[i]
        return (together + target.size(fold) * of_i * of_j) / (a.scale[fold][i] * b.scale[fold][j])


class StimulusMatched(Matched):
    """Estimator of matchings whose single stimuli are at hand."""

    held_out_products = True

    def __init__(self, x: Any, y: Any, folds: Any, **options: Any) -> None:
        super().__init__(x, y, folds, **options)
        self.absolute = check_sign(self.options.setdefault("sign", "signed"))
        self.fold = np.asarray(folds)
        self.rows = [np.flatnonzero(self.fold == f) for f in range(folds.n_folds)]
        self.source = self.side(x)

    @abstractmethod
    def side(self, values: Any) -> MatchedSide:
        """Return one side with its sums."""

    @abstractmethod
    def held_out(
        self, target: MatchedSide, plan: MatchingPlan, rows: np.ndarray
    ) -> tuple[Any, Any]:
        """Return what a plan says of some stimuli, and the targets, both in whole deviations."""

    def add_held_out(self, target: MatchedSide, plans: list[MatchingPlan]) -> None:
        if self.products is None:
            return
        for group, (fold, rows) in enumerate(self.products.groups):
            self.products.add(group, *self.held_out(target, plans[fold], rows))

    @abstractmethod
    def add_losses(
        self, target: MatchedSide, plan: Any, fold: int, totals: Totals, answer: Any
    ) -> None:
        """Add to ``answer`` (n,) what deleting each of a fold's stimuli costs."""

    @abstractmethod
    def add_sums(
        self, target: MatchedSide, plan: Any, fold: int, number: np.ndarray, sums: BlockSums
    ) -> None:
        """Add to ``sums`` the parts of a fold's stimuli, of blocks ``number`` (n,)."""

    def target(self, order: np.ndarray | None) -> MatchedSide:
        return self.side(self.y if order is None else self.y[order])

    def influence(
        self, target: MatchedSide, plans: list[MatchingPlan], pooled: Pooled
    ) -> np.ndarray:
        """Return what the value loses when each stimulus or block is deleted, the plans kept."""
        totals, blocks = pooled.totals, Blocks.of(self.folds)
        arrays = [arrays_of(plan.weights) for plan in plans[: len(self.rows)]]
        if blocks is None:
            answer = np.zeros(len(self.fold))
            for fold, plan in enumerate(arrays):
                self.add_losses(target, plan, fold, totals, answer)
            return answer
        sums = BlockSums(*np.zeros((3, blocks.count, len(totals.r))))
        for fold, plan in enumerate(arrays):
            self.add_sums(target, plan, fold, blocks.number, sums)
        return losses(sums, totals)

    def ceiling(self, x: Responses, y: Responses, estimate: Measured) -> Ceiling | None:
        return _ceiling(x, y, estimate)


@dataclass(frozen=True, eq=False)
class Pooled:
    """Sums over each fold's held-out stimuli, each (n_folds, q)."""

    num: np.ndarray
    xx: np.ndarray
    yy: np.ndarray
    share: np.ndarray
    """(q,) of the folds in which each target is matched."""
    apart: np.ndarray
    """(q,) the sum of ``num`` in the mean over every order of the stimuli that a target has."""

    @property
    def chance(self) -> Pooled:
        """The same sums in the mean over every order of the held-out stimuli."""
        return replace(self, num=self.apart[None])

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
    def totals(self) -> Totals:
        """Sums over all folds, each target's correlation and its weight in the value."""
        share = np.where(np.isnan(self.r), 0.0, self.share)
        num, xx, yy = (part.sum(axis=0) for part in (self.num, self.xx, self.yy))
        return Totals(num, xx, yy, np.nan_to_num(self.r), share / share.sum())


def check_sign(sign: str) -> bool:
    """Return whether a unit may be matched with the mirror of another."""
    if sign not in ("signed", "absolute"):
        raise InputError(f"sign must be 'signed' or 'absolute', got {sign!r}.")
    return sign == "absolute"


def _ratio(num: np.ndarray, xx: np.ndarray, yy: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return num / np.sqrt(xx * yy)


def _nothing(q: int, n_folds: int) -> Measured:
    return Measured(
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


def _ceiling(x: Responses, y: Responses, estimate: Measured) -> Ceiling | None:
    """Return sqrt(reliability of source and target) of each target, where known."""
    if x.repeats is None and y.repeats is None:
        return None
    best, excluded = np.ones(y.shape[1]), np.zeros(y.shape[1], dtype=bool)
    notes: tuple[str, ...] = ()
    if y.repeats is not None:
        known = measured_ceiling(y.repeats)
        best, excluded, notes = known.ceiling_over_all, known.excluded, known.warnings
    if x.repeats is not None and estimate.matching is not None:
        own, source = measured_ceiling(x.repeats), estimate.matching
        best = best * np.where(source >= 0, own.ceiling_over_all[source], np.nan)
        excluded = excluded | (source < 0) | own.excluded[source]
        notes = tuple(dict.fromkeys(notes + own.warnings))
    return Ceiling(best, excluded, notes)
