"""What a score would be if the stimuli of ``y`` were mixed up: its mean, and the p-value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid import stats
from unbraid.align._estimator import Estimator
from unbraid.align._held_out import HeldOutSums, groups_of


@dataclass(frozen=True)
class Null:
    """Mean score under permuted rows, and how often it is as high as the score found."""

    mean: float = float("nan")
    p_value: float = float("nan")
    notes: tuple[str, ...] = ()


def held_out_sums(
    estimator: Estimator, folds: stats.Folds, asked: stats.Permutations, rng: Any
) -> HeldOutSums | None:
    """Return where the statistic is summed; None where every target is refitted.

    Stimuli change places within their fold: where most folds hold one, nothing would be permuted.
    """
    few = asked.targets is None or estimator.y.shape[1] <= asked.targets
    if few or not asked.count or not estimator.by_target or folds.blocks is not None:
        return None
    size = np.bincount(np.asarray(folds)[folds.used])
    if 2 * size[size > 1].sum() <= len(folds.used):
        return None
    return HeldOutSums(groups_of(folds, rng), estimator.y.shape[1], kernels=True)


def held_out_null(estimator: Any, sums: HeldOutSums, asked: stats.Permutations, rng: Any) -> Null:
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
