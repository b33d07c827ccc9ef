"""What a score would be if the stimuli of ``y`` were mixed up: its mean, and the p-value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid import stats
from unbraid.align._estimator import Estimator, Measured
from unbraid.align._held_out import HeldOutProducts, HeldOutSums, groups_of

_SURE = 0.01  # what the p-value without refits may add to the share of false rejections, at most
_CLEAR = 0.2  # above this no refit would make a p-value small


@dataclass(frozen=True)
class Null:
    """Mean score under permuted rows, and how often it is as high as the score found."""

    mean: float = float("nan")
    p_value: float = float("nan")
    notes: tuple[str, ...] = ()


def held_out_products(
    estimator: Estimator, folds: stats.Folds, asked: stats.Permutations, rng: np.random.Generator
) -> HeldOutProducts | None:
    """Return where the statistic's terms are kept; None where only refits can tell.

    Stimuli change places within their fold: where most folds hold one, nothing would be permuted.
    """
    if not (asked.count and asked.targets is not None and estimator.held_out_products):
        return None
    size = np.bincount(np.asarray(folds)[folds.used])
    if folds.blocks is not None or 2 * size[size > 1].sum() <= len(folds.used):
        return None
    if estimator.by_target and estimator.y.shape[1] > asked.targets:
        return HeldOutSums(groups_of(folds, rng), estimator.y.shape[1], kernels=True)
    return HeldOutProducts(groups_of(folds, rng.spawn(1)[0]))


def few_targets_null(
    estimator: Any, sums: HeldOutSums, asked: stats.Permutations, rng: np.random.Generator
) -> Null:
    """Return the null from refits of a few targets, drawn again for each permutation."""
    n, q = estimator.y.shape
    targets = asked.targets or q
    drawn = [
        estimator.y[order][:, np.sort(rng.permutation(q)[:targets])]
        for order in stats.permuted_rows(n, asked.count, rng)
    ]
    y = sp.hstack(drawn, format="csr") if sp.issparse(drawn[0]) else np.hstack(drawn)
    few = HeldOutSums(sums.groups, y.shape[1], kernels=False)
    found = estimator.of(y, few).estimate(np.arange(n), influence=False)
    widened = np.sqrt(few.inflation) * sums.draws(rng)
    return Null(found.value, stats.permutation_p(float(sums.sums.sum()), widened))


def null_in_doubt(
    estimator: Estimator, found: Measured, products: HeldOutProducts, asked: stats.Permutations,
    folds: stats.Folds, rng: np.random.Generator,
) -> Null:  # fmt: skip
    """Return the null from all refits, or with the fits kept where held-out rows leave no doubt."""
    sure, likely = products.p_values(rng.spawn(1)[0])
    decided = sure <= min(_SURE, 1 / (1 + asked.count))
    if not (decided or likely > _CLEAR):
        return refitted_null(estimator, found.value, asked, folds, rng)
    return Null(found.chance, sure if decided else likely)


def kept_null(
    estimator: Estimator, found: Measured, asked: stats.Permutations, folds: stats.Folds, rng: Any
) -> Null:
    """Return the mean of the null with the fits kept; refits where that says nothing."""
    if not asked.count or np.isnan(found.value):
        return Null()
    if folds.blocks is not None or np.isnan(found.chance):
        return refitted_null(estimator, found.value, asked, folds, rng)
    return Null(found.chance)


def refitted_null(
    estimator: Estimator, value: float, asked: stats.Permutations, folds: stats.Folds, rng: Any
) -> Null:
    """Return the null from refits of every target."""
    null = np.array(
        [
            estimator.estimate(order, influence=False).value
            for order in stats.permuted_rows(len(folds), asked.count, rng, folds.blocks)
        ]
    )
    undefined = int(np.isnan(null).sum())
    notes: tuple[str, ...] = ()
    if undefined and not np.isnan(value):
        notes = (f"no null: the score is undefined after {undefined} of {len(null)} permutations.",)
    mean = float(null.mean()) if len(null) else float("nan")
    return Null(mean, stats.permutation_p(value, null), notes)
