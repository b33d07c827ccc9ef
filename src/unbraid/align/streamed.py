"""Scores of systems that do not fit into memory, from the fold moments of one pass.

``stats.fold_moments(x, y)`` reads arrays, memory maps, stores on disk, CSR codes or dask arrays
block by block, or workers merge theirs; each function here gives what the metric of its name gives
on the arrays with the same folds: ``value``, ``per_fold``, ``per_target``, ``coverage``,
``in_sample``, ``matching`` and ``gap``. What needs single stimuli (null, interval, replicates,
ceiling) is NaN or empty. Where stimuli follow each other in time and folds have gaps, ``cka`` too
leaves out what lies in them. ``device``: as for those metrics.

>>> import numpy as np
>>> import unbraid as ub
>>> x = np.random.default_rng(0).normal(size=(200, 4))
>>> moments = ub.stats.fold_moments(x, x[:, ::-1], rows=64)
>>> round(ub.align.streamed.semi_matching(moments).value, 12)
1.0
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid._kernels.device import check_device, product
from unbraid._kernels.linear_algebra.rotation import rotation_of
from unbraid.align._estimator import Measured
from unbraid.align._judge import scored_as
from unbraid.align._order import notes_of_moments
from unbraid.align._score import NAN, Score
from unbraid.align.geometry._streamed_canonical import streamed_canonical
from unbraid.align.matching._one_to_one import assignment
from unbraid.align.matching.solvers._streamed_matching import (
    MomentMatched,
    Planner,
    best_each,
    soft_plan,
)
from unbraid.align.regression._streamed_ridge import streamed_ridge
from unbraid.errors import InputError
from unbraid.stats import FoldMoments

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

_CONSTANT = "undefined, since one side is constant."


def semi_matching(moments: FoldMoments, *, sign: str = "signed") -> Score:
    """``align.semi_matching`` from fold moments; ``within`` is not needed.

    Memory: a few (p, q) matrices beside the moments.
    """
    return _score("semi_matching", moments, _matched(moments, sign, best_each), sign)


def one_to_one(moments: FoldMoments, *, sign: str = "signed") -> Score:
    """``align.one_to_one`` from fold moments; ``within`` is not needed."""
    return _score("one_to_one", moments, _matched(moments, sign, assignment), sign)


def soft_matching(moments: FoldMoments, *, sign: str = "signed") -> Score:
    """``align.soft_matching`` with ``mass=1`` from fold moments; ``within`` is not needed."""
    return _score("soft_matching", moments, _matched(moments, sign, soft_plan), sign)


def ridge(moments: FoldMoments, *, device: Any = None) -> Score:
    """``align.ridge`` from fold moments.

    At least 3 folds, and at least as many training stimuli as source units. Cost: as there, and
    ``p^2 q`` for each pair of folds and penalty.
    """
    return _score("ridge", moments, streamed_ridge(_check(moments, device), False, device))


def ridge_r2(moments: FoldMoments, *, device: Any = None) -> Score:
    """``align.ridge_r2`` from fold moments; as ``ridge``."""
    return _score("ridge_r2", moments, streamed_ridge(_check(moments, device), True, device))


def cka(moments: FoldMoments) -> Score:
    """``align.cka`` from fold moments."""
    value = _check(moments).train().cka
    warnings = (_CONSTANT,) if np.isnan(value) else ()
    return _score("cka", moments, Measured(value=value, in_sample=value, warnings=warnings))


def cca(moments: FoldMoments, *, keep: float = 1.0) -> Score:
    """``align.cca`` from fold moments. Directions below 1e-12 of the largest variance are dropped.

    Cost: eigenvalues of both sides per fold, p^3 + q^3.
    """
    return _score("cca", moments, streamed_canonical(_check(moments), keep, False))


def svcca(moments: FoldMoments, *, keep: float = 0.99) -> Score:
    """``align.svcca`` from fold moments; as ``cca``."""
    return _score("svcca", moments, streamed_canonical(_check(moments), keep, False))


def pwcca(moments: FoldMoments) -> Score:
    """``align.pwcca`` from fold moments; as ``cca``."""
    return _score("pwcca", moments, streamed_canonical(_check(moments), 1.0, True))


def procrustes(moments: FoldMoments, *, device: Any = None) -> Score:
    """``align.procrustes`` from fold moments. Cost: one singular value decomposition per fold."""
    n_folds, q = len(_check(moments, device).count), moments.xy.shape[2]
    num, xx, yy = np.zeros((3, n_folds, q))
    total = np.zeros(n_folds)
    for fold in range(n_folds):
        train = moments.train(fold)
        held = moments.test(fold, about=train)
        rotation = rotation_of(train.xy, device)
        turned = product(rotation.left.T, held.xy, device)
        num[fold] = np.einsum("rj,rj->j", turned, rotation.right)
        within = product(product(rotation.left.T, held.xx, device), rotation.left, device)
        spread = product(within, rotation.right, device)
        xx[fold] = np.einsum("rj,rj->j", rotation.right, spread)
        yy[fold], total[fold] = held.square_y, held.square_x.sum()
    norm = np.sqrt(total.sum() * yy.sum())
    whole = moments.train()
    own = np.sqrt(whole.square_x.sum() * whole.square_y.sum())
    if not (norm > 0 and own > 0):
        undefined = Measured(value=NAN, warnings=(_CONSTANT,))
        return _score("procrustes", moments, undefined)
    with np.errstate(invalid="ignore", divide="ignore"):
        per_target = num.sum(axis=0) / np.sqrt(xx.sum(axis=0) * yy.sum(axis=0))
        per_fold = num.sum(axis=1) / np.sqrt(total * yy.sum(axis=1))
    varies = moments.high_y.max(axis=0) > moments.low_y.min(axis=0)
    found = Measured(
        value=float(num.sum() / norm),
        per_fold=per_fold,
        per_target=np.where(varies, np.nan_to_num(per_target), np.nan),
        in_sample=float(rotation_of(whole.xy, device).overlap / own),
    )
    return _score("procrustes", moments, found)


def _matched(moments: FoldMoments, sign: str, planner: Planner) -> Measured:
    return MomentMatched(_check(moments, within=False), sign, planner).estimate(
        None, influence=False
    )


def _check(moments: FoldMoments, device: Any = None, within: bool = True) -> FoldMoments:
    check_device(device)
    if not isinstance(moments, FoldMoments):
        raise InputError(
            f"moments must be FoldMoments, got {type(moments).__name__}. Make them with "
            "unbraid.stats.fold_moments(x, y)."
        )
    if not (moments.count > 0).all():
        raise InputError(f"moments must hold stimuli in every fold, got counts {moments.count}.")
    if within and not moments.within:
        raise InputError("moments must hold the products within each side: pass within=True.")
    return moments


def _score(metric: str, moments: FoldMoments, found: Measured, sign: str = "signed") -> Score:
    shape = int(moments.count.sum()), *moments.xy.shape[1:]
    notes = found.notes + notes_of_moments(moments.order)
    return scored_as(metric, found, shape, notes, protocol="unbraid", sign=sign,
                     order=moments.order, replicates=np.empty(0))  # fmt: skip
