"""Procrustes from fold moments: the rotations of ``procrustes``, without the stimuli."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid._kernels.device import product
from unbraid._kernels.linear_algebra.rotation import Rotation, rotation_of
from unbraid._kernels.statistics.deletion import BlockSums, Totals, losses
from unbraid.align._estimator import Measured
from unbraid.align._held_out_moments import HeldOutTests, sums_about
from unbraid.align._score import NAN
from unbraid.stats import FoldMoments, GroupMoments

_CONSTANT = "undefined, since one side is constant."


def streamed_procrustes(
    moments: FoldMoments, device: Any,
    groups: GroupMoments | None = None, tests: HeldOutTests | None = None,
) -> Measured:  # fmt: skip
    """Return the estimate of ``procrustes``."""
    n_folds, q = len(moments.count), moments.xy.shape[2]
    num, xx, yy = np.zeros((3, n_folds, q))
    total, chance = np.zeros(n_folds), np.zeros((2, q))
    of_groups = np.zeros((3, 0 if groups is None else len(groups.fold), 1))
    for fold in range(n_folds):
        train = moments.train(fold)
        held = moments.test(fold, about=train)
        rotation = rotation_of(train.xy, device)
        num[fold] = _products(rotation, held.xy, device)
        within = product(product(rotation.left.T, held.xx, device), rotation.left, device)
        spread = product(within, rotation.right, device)
        xx[fold] = np.einsum("rj,rj->j", rotation.right, spread)
        yy[fold], total[fold] = held.square_y, held.square_x.sum()
        if groups is None:
            continue
        of_x, of_y = sums_about(moments, fold, train)
        chance += np.stack([rotation.apply(of_x[None], device)[0], of_y])
        for group in groups.of(fold):
            part = groups.groups.test(group, about=train)
            together = _products(rotation, part.xy, device).sum()
            of_groups[:, group, 0] = together, part.square_x.sum(), part.square_y.sum()
        if tests is not None:
            tests.add(moments.test(fold), rotation.left, rotation.right.T)
    norm = np.sqrt(total.sum() * yy.sum())
    whole = moments.train()
    own = np.sqrt(whole.square_x.sum() * whole.square_y.sum())
    if not (norm > 0 and own > 0):
        return Measured(value=NAN, warnings=(_CONSTANT,))
    with np.errstate(invalid="ignore", divide="ignore"):
        per_target = num.sum(axis=0) / np.sqrt(xx.sum(axis=0) * yy.sum(axis=0))
        per_fold = num.sum(axis=1) / np.sqrt(total * yy.sum(axis=1))
    varies = moments.high_y.max(axis=0) > moments.low_y.min(axis=0)
    lost = None
    if groups is not None:
        sums = of_groups.sum(axis=1)
        r = sums[0] / np.sqrt(sums[1] * sums[2])
        lost = losses(BlockSums(*of_groups), Totals(sums[0], sums[1], sums[2], r, np.ones(1)))
    return Measured(
        value=float(num.sum() / norm),
        per_fold=per_fold,
        per_target=np.where(varies, np.nan_to_num(per_target), np.nan),
        influence=lost,
        chance=float(chance[0] @ chance[1] / moments.count.sum() / norm),
        in_sample=float(rotation_of(whole.xy, device).overlap / own),
    )


def _products(rotation: Rotation, cross: np.ndarray, device: Any) -> np.ndarray:
    """Return the sums (q,) of products of rotated source and target."""
    return np.einsum("rj,rj->j", product(rotation.left.T, cross, device), rotation.right)
