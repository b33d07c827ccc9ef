"""Scores of systems that do not fit into memory, from the fold moments of one pass.

``stats.fold_moments(x, y)`` reads arrays, memory maps, stores on disk, CSR codes or dask arrays
block by block, or workers merge theirs; each function here gives what the metric of its name
gives on the arrays with the same folds: ``value``, ``per_fold``, ``per_target``, ``coverage``,
``in_sample``, ``matching`` and ``gap``. What needs single stimuli (null, interval, replicates,
ceiling) is NaN or empty.

>>> import numpy as np
>>> import unbraid as ub
>>> x = np.random.default_rng(0).normal(size=(200, 4))
>>> moments = ub.stats.fold_moments(x, x[:, ::-1], rows=64)
>>> round(ub.align.streamed.semi_matching(moments).value, 12)
1.0
"""

from __future__ import annotations

import warnings as python_warnings

import numpy as np

from unbraid._kernels.rotation import rotation_of
from unbraid.align._judge import Estimate, coverage_of
from unbraid.align._score import NAN, Score
from unbraid.align._streamed_matching import (
    MomentMatched,
    Planner,
    best_each,
    one_to_one_plan,
    soft_plan,
)
from unbraid.align._streamed_ridge import streamed_ridge
from unbraid.errors import InputError
from unbraid.stats import FoldMoments

__all__ = ["cka", "one_to_one", "procrustes", "ridge", "ridge_r2", "semi_matching", "soft_matching"]

_CONSTANT = "undefined, since one side is constant."


def semi_matching(moments: FoldMoments, *, sign: str = "signed") -> Score:
    """``align.semi_matching`` from fold moments; ``within`` is not needed.

    Memory: a few (p, q) matrices beside the moments.
    """
    return _matching("semi_matching", moments, sign, best_each)


def one_to_one(moments: FoldMoments, *, sign: str = "signed") -> Score:
    """``align.one_to_one`` from fold moments; ``within`` is not needed."""
    return _matching("one_to_one", moments, sign, one_to_one_plan)


def soft_matching(moments: FoldMoments, *, sign: str = "signed") -> Score:
    """``align.soft_matching`` with ``mass=1`` from fold moments; ``within`` is not needed."""
    return _matching("soft_matching", moments, sign, soft_plan)


def ridge(moments: FoldMoments) -> Score:
    """``align.ridge`` from fold moments.

    At least 3 folds, and at least as many training stimuli as source units. Cost: as there, and
    ``p^2 q`` for each pair of folds and penalty.
    """
    return _score("ridge", _check(moments), streamed_ridge(moments, r2=False))


def ridge_r2(moments: FoldMoments) -> Score:
    """``align.ridge_r2`` from fold moments; as ``ridge``."""
    return _score("ridge_r2", _check(moments), streamed_ridge(moments, r2=True))


def cka(moments: FoldMoments) -> Score:
    """``align.cka`` from fold moments."""
    value = _check(moments).train().cka
    warnings = (_CONSTANT,) if np.isnan(value) else ()
    return _score("cka", moments, Estimate(value=value, in_sample=value, warnings=warnings))


def procrustes(moments: FoldMoments) -> Score:
    """``align.procrustes`` from fold moments. Cost: one singular value decomposition a fold."""
    n_folds, q = len(_check(moments).count), moments.xy.shape[2]
    num, xx, yy = np.zeros((3, n_folds, q))
    total = np.zeros(n_folds)
    for fold in range(n_folds):
        train = moments.train(fold)
        held = moments.test(fold, about=train)
        rotation = rotation_of(train.xy)
        num[fold] = np.einsum("rj,rj->j", rotation.left.T @ held.xy, rotation.right)
        within = rotation.left.T @ held.xx @ rotation.left
        xx[fold] = np.einsum("rj,rj->j", rotation.right, within @ rotation.right)
        yy[fold], total[fold] = held.square_y, held.square_x.sum()
    norm = np.sqrt(total.sum() * yy.sum())
    whole = moments.train()
    own = np.sqrt(whole.square_x.sum() * whole.square_y.sum())
    if not (norm > 0 and own > 0):
        undefined = Estimate(value=NAN, warnings=(_CONSTANT,))
        return _score("procrustes", moments, undefined)
    with np.errstate(invalid="ignore", divide="ignore"):
        per_target = num.sum(axis=0) / np.sqrt(xx.sum(axis=0) * yy.sum(axis=0))
        per_fold = num.sum(axis=1) / np.sqrt(total * yy.sum(axis=1))
    varies = moments.high_y.max(axis=0) > moments.low_y.min(axis=0)
    found = Estimate(
        value=float(num.sum() / norm),
        per_fold=per_fold,
        per_target=np.where(varies, np.nan_to_num(per_target), np.nan),
        in_sample=float(rotation_of(whole.xy).overlap / own),
    )
    return _score("procrustes", moments, found)


def _matching(metric: str, moments: FoldMoments, sign: str, planner: Planner) -> Score:
    found = MomentMatched(_check(moments, False), sign, planner).estimate(None, influence=False)
    return _score(metric, moments, found, sign)


def _check(moments: FoldMoments, within: bool = True) -> FoldMoments:
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


def _score(metric: str, moments: FoldMoments, found: Estimate, sign: str = "signed") -> Score:
    p, q = moments.xy.shape[1:]
    coverage, over_all = coverage_of(found, q)
    for message in found.warnings:
        python_warnings.warn(f"{metric}: {message}", RuntimeWarning, stacklevel=4)
    return Score(
        metric=metric,
        value=found.value,
        protocol="unbraid",
        n=int(moments.count.sum()),
        sign=sign,
        per_fold=found.per_fold,
        per_target=found.per_target,
        in_sample=found.in_sample,
        coverage=coverage,
        value_over_all=over_all,
        n_source=p,
        n_target=q,
        matching=found.matching,
        gap=found.gap,
        replicates=np.empty(0),
        warnings=found.warnings + found.notes,
    )
