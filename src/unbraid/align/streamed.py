"""Scores of systems that do not fit into memory, from the fold moments of one pass.

``stats.fold_moments(x, y)`` reads arrays, memory maps, stores on disk, CSR codes or dask arrays
block by block, or workers merge theirs; each function here gives what the metric of its name gives
on the arrays with the same folds: ``value``, ``per_fold``, ``per_target``, ``coverage``,
``in_sample``, ``matching`` and ``gap``. Of ``stats.group_moments(x, y)`` it also gives an interval,
by deleting groups of stimuli with the fits kept; ``null``, the mean over every order of the
held-out stimuli (not of CCA); and the p-value of a test that is exact in mean and
variance and normal for many stimuli, at least .001 per fold. There is no ceiling. Where stimuli
follow each other in time and folds have gaps, ``cka`` too leaves out what lies in them.
``device``: as for those metrics.

>>> import numpy as np
>>> import unbraid as ub
>>> x = np.random.default_rng(0).normal(size=(200, 4))
>>> moments = ub.stats.fold_moments(x, x[:, ::-1], rows=64)
>>> round(ub.align.streamed.semi_matching(moments).value, 12)
1.0
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unbraid._kernels.device import check_device
from unbraid.align._estimator import Measured
from unbraid.align._held_out_moments import HeldOutTests, independence_p, judged
from unbraid.align._judge import scored_as
from unbraid.align._order import notes_of_moments
from unbraid.align._score import NAN, Score
from unbraid.align.geometry._streamed_canonical import streamed_canonical
from unbraid.align.geometry._streamed_procrustes import streamed_procrustes
from unbraid.align.matching._one_to_one import assignment
from unbraid.align.matching.solvers._streamed_matching import (
    MomentMatched,
    Planner,
    best_each,
    soft_plan,
)
from unbraid.align.regression._streamed_ridge import streamed_ridge
from unbraid.errors import InputError
from unbraid.stats import EXCHANGEABLE, FoldMoments, GroupMoments

__all__ = [
    "cca",
    "cka",
    "one_to_one",
    "procrustes",
    "pwcca",
    "ridge",
    "ridge_r2",
    "semi_matching",
    "soft_matching",
    "svcca",
]

_DEPENDENT = (
    "no p-value: groups keep dependent stimuli together, and moments do not permute groups."
)
_CONSTANT = "undefined, since one side is constant."


def semi_matching(moments: FoldMoments | GroupMoments, *, sign: str = "signed") -> Score:
    """``align.semi_matching`` from fold moments; ``within`` is not needed for the value.

    Memory: a few (p, q) matrices beside the moments.
    """
    return _matched("semi_matching", moments, sign, best_each)


def one_to_one(moments: FoldMoments | GroupMoments, *, sign: str = "signed") -> Score:
    """``align.one_to_one`` from fold moments; ``within`` is not needed for the value."""
    return _matched("one_to_one", moments, sign, assignment)


def soft_matching(moments: FoldMoments | GroupMoments, *, sign: str = "signed") -> Score:
    """``align.soft_matching``, ``mass=1``, from fold moments; as ``semi_matching``."""
    return _matched("soft_matching", moments, sign, soft_plan)


def ridge(moments: FoldMoments | GroupMoments, *, device: Any = None) -> Score:
    """``align.ridge`` from fold moments.

    At least 3 folds, and at least as many training stimuli as source units. Cost: as there, and
    ``p^2 q`` for each pair of folds and penalty, and for each group.
    """
    return _ridge("ridge", moments, device)


def ridge_r2(moments: FoldMoments | GroupMoments, *, device: Any = None) -> Score:
    """``align.ridge_r2`` from fold moments; as ``ridge``."""
    return _ridge("ridge_r2", moments, device)


def cka(moments: FoldMoments | GroupMoments) -> Score:
    """``align.cka`` from fold moments. Losses of groups are exact, not of first order."""
    given = _given(moments)
    whole = given.folds.train()
    value = whole.cka
    warnings = (_CONSTANT,) if np.isnan(value) else ()
    found = Measured(value=value, in_sample=value, warnings=warnings)
    if given.groups is None or np.isnan(value):
        return _score("cka", given, found, least=0.0)
    groups = given.groups.groups
    left = [groups.train(group).cka for group in range(len(groups.count))]
    chance = whole.square_x.sum() * whole.square_y.sum() / max(whole.n - 1, 1)
    norm = np.linalg.norm(whole.xx) * np.linalg.norm(whole.yy)
    found = replace(found, influence=value - np.array(left), chance=float(chance / norm))
    return _score(
        "cka",
        given,
        found,
        least=0.0,
        p_value=NAN if given.tests is None else independence_p(whole),
    )


def cca(moments: FoldMoments | GroupMoments, *, keep: float = 1.0) -> Score:
    """``align.cca`` from fold moments. Directions below 1e-12 of the largest variance are dropped.

    Cost: eigenvalues of both sides per fold, p^3 + q^3.
    """
    return _canonical("cca", moments, keep)


def svcca(moments: FoldMoments | GroupMoments, *, keep: float = 0.99) -> Score:
    """``align.svcca`` from fold moments; as ``cca``."""
    return _canonical("svcca", moments, keep)


def pwcca(moments: FoldMoments | GroupMoments) -> Score:
    """``align.pwcca`` from fold moments; as ``cca``."""
    return _canonical("pwcca", moments, 1.0, projection=True)


def procrustes(moments: FoldMoments | GroupMoments, *, device: Any = None) -> Score:
    """``align.procrustes`` from fold moments. Cost: one singular value decomposition per fold."""
    given = _given(moments, device)
    found = streamed_procrustes(given.folds, device, given.groups, given.tests)
    return _score("procrustes", given, found)


@dataclass(frozen=True, eq=False)
class _Given:
    """Moments of folds; and where there are groups, those, and what tests are added to."""

    folds: FoldMoments
    groups: GroupMoments | None
    tests: HeldOutTests | None


def _matched(
    metric: str, moments: FoldMoments | GroupMoments, sign: str, planner: Planner
) -> Score:
    given = _given(moments, within=False)
    matched = MomentMatched(given.folds, sign, planner, given.groups, given.tests)
    found = matched.estimate(None, influence=given.groups is not None)
    return _score(metric, given, found, sign)


def _ridge(metric: str, moments: FoldMoments | GroupMoments, device: Any) -> Score:
    given, r2 = _given(moments, device), metric == "ridge_r2"
    found = streamed_ridge(given.folds, r2, device, given.groups, given.tests)
    return _score(metric, given, found, least=-np.inf if r2 else -1.0)


def _canonical(
    metric: str, moments: FoldMoments | GroupMoments, keep: float, projection: bool = False
) -> Score:
    given = _given(moments)
    found = streamed_canonical(given.folds, keep, projection, given.groups, given.tests)
    return _score(metric, given, found)


def _given(moments: FoldMoments | GroupMoments, device: Any = None, within: bool = True) -> _Given:
    check_device(device)
    if not isinstance(moments, FoldMoments | GroupMoments):
        raise InputError(
            f"moments must be FoldMoments or GroupMoments, got {type(moments).__name__}. Make them "
            "with unbraid.stats.fold_moments(x, y) or group_moments(x, y)."
        )
    groups = moments if isinstance(moments, GroupMoments) else None
    folds = moments.folds() if isinstance(moments, GroupMoments) else moments
    counts = folds.count if groups is None else groups.groups.count
    if not (counts > 0).all():
        raise InputError(f"moments must hold stimuli in every fold, got counts {counts}.")
    if within and not folds.within:
        raise InputError("moments must hold the products within each side: pass within=True.")
    tested = groups is not None and folds.within and not groups.dependent
    return _Given(folds, groups, HeldOutTests() if tested else None)


def _score(
    metric: str, given: _Given, found: Measured, sign: str = "signed", least: float = -1.0,
    p_value: float | None = None,
) -> Score:  # fmt: skip
    order = given.folds.order
    shape = int(given.folds.count.sum()), *given.folds.xy.shape[1:]
    if p_value is None:
        p_value = NAN if given.tests is None or np.isnan(found.value) else given.tests.p_value
    said = judged(found, p_value, order, least)
    dependent = given.groups is not None and given.groups.dependent and order == EXCHANGEABLE
    own = (_DEPENDENT,) if dependent and not np.isnan(found.value) else ()
    notes = found.notes + notes_of_moments(order) + own + said.pop("notes", ())
    return scored_as(metric, found, shape, notes, protocol="unbraid", sign=sign, order=order,
                     **said)  # fmt: skip
