"""Matchings from fold moments: the dense definitions, from sums alone."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from unbraid._kernels.statistics.deletion import BlockSums, losses
from unbraid.align._held_out_moments import HeldOutTests
from unbraid.align.matching._semi_matching import strongest_sources
from unbraid.align.matching._soft_matching import transport_plan
from unbraid.align.matching.solvers._dense_matched import correlation
from unbraid.align.matching.solvers._marginals import Marginals, MatchedSide, training
from unbraid.align.matching.solvers._matched import Matched, Pooled, check_sign
from unbraid.align.matching.solvers._plan import MatchingPlan, one_each
from unbraid.stats import FoldMoments, GroupMoments

Planner = Callable[[np.ndarray, np.ndarray, np.ndarray, bool], MatchingPlan]
"""``(correlations, sources alive, targets scored, absolute) -> plan``."""


class MomentMatched(Matched):
    """Estimator of matchings from sums alone: nothing that needs single rows."""

    def __init__(
        self, moments: FoldMoments, sign: str, planner: Planner,
        groups: GroupMoments | None = None, tests: HeldOutTests | None = None,
    ) -> None:  # fmt: skip
        self.moments, self.planner = moments, planner
        self.groups, self.tests = groups, tests
        self.absolute = check_sign(sign)
        self.source = self._side("x")

    def _side(self, name: str) -> MatchedSide:
        parts = [getattr(self.moments, f"{part}_{name}")
                 for part in ("sum", "square", "low", "high")]  # fmt: skip
        of = training(self.moments.count, *parts)
        return MatchedSide(
            values=None, sizes=self.moments.count, sums=parts[0], squares=parts[1], of=of
        )

    def target(self, order: np.ndarray | None) -> MatchedSide:  # noqa: ARG002
        return self._side("y")

    def plans(self, target: MatchedSide, scored: np.ndarray, all_too: bool) -> list[MatchingPlan]:
        total = self.moments.xy.sum(axis=0)
        found = []
        for fold in [*range(len(target.sizes)), *([-1] if all_too else [])]:
            cross = total - self.moments.xy[fold] if fold >= 0 else total
            r = correlation(cross, self.source.of, target.of, fold)
            found.append(self.planner(r, self.source.of.varies[fold], scored, self.absolute))
        return found

    def add_held_out(self, target: MatchedSide, plans: list[MatchingPlan]) -> None:
        if self.tests is None:
            return
        for fold in range(len(target.sizes)):
            of_x, of_y = (1 / _one(side.of.scale[fold]) for side in (self.source, target))
            left = plans[fold].weights.multiply(of_x[:, None]).tocsc()
            self.tests.add(self.moments.test(fold), left, of_y)

    def influence(
        self, target: MatchedSide, plans: list[MatchingPlan], pooled: Pooled
    ) -> np.ndarray | None:
        """Return what the value loses without each group, the plans kept."""
        if self.groups is None:
            return None
        own, fold = copy.copy(self), self.groups.fold
        own.moments, own.source = self.groups.groups, _of_groups("x", self.source, self.groups)
        sums = _of_groups("y", target, self.groups)
        parts = own.pool(sums, [plans[of] for of in fold], target.of.always)
        return losses(BlockSums(parts.num, parts.xx, parts.yy), pooled.totals)

    def pair_sums(self, target: MatchedSide, pairs: tuple[Any, Any], fold: int) -> np.ndarray:  # noqa: ARG002
        if fold >= 0:
            return self.moments.xy[fold][pairs]
        return sum(part[pairs] for part in self.moments.xy)


def best_each(r: np.ndarray, alive: np.ndarray, scored: np.ndarray, absolute: bool) -> MatchingPlan:
    """Return the plan of semi-matching."""
    best, sign = strongest_sources(np.where(alive[:, None], r, np.nan), absolute)
    return one_each(np.where(scored, best, -1), sign, len(r))


def soft_plan(r: np.ndarray, alive: np.ndarray, scored: np.ndarray, absolute: bool) -> MatchingPlan:
    """Return the plan of soft matching."""
    return transport_plan(r, alive, scored, absolute, 1.0)


def _of_groups(name: str, side: MatchedSide, moments: GroupMoments) -> MatchedSide:
    """Return the sums of each group, with what the training of its fold says."""
    groups, fold = moments.groups, moments.fold
    return MatchedSide(
        values=None,
        sizes=groups.count,
        sums=getattr(groups, f"sum_{name}"),
        squares=getattr(groups, f"square_{name}"),
        of=Marginals(side.of.count[fold], side.of.mean[fold], side.of.scale[fold]),
    )


def _one(scale: np.ndarray) -> np.ndarray:
    """Return the scales of units that vary; those of others count nothing, and divide by 1."""
    return np.nan_to_num(scale, nan=1.0)
