"""Which sources stand for each target: what every matching solver returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from unbraid.align._score import NAN

_DIGITS = 12  # of correlations, as TIE


@dataclass(frozen=True, eq=False)
class MatchingPlan:
    """Which sources stand for each target, with what weight; ``gap`` certifies the solver."""

    weights: sp.csc_array
    gap: float = NAN


def untied(worth: np.ndarray) -> np.ndarray:
    """Round correlations in place, so that what differs by rounding only does not choose a plan."""
    return np.round(worth, _DIGITS, out=worth)


def one_each(best: np.ndarray, sign: np.ndarray, p: int) -> MatchingPlan:
    """Return the plan that gives each target its best source (-1: none)."""
    has = best >= 0
    start = np.concatenate([[0], np.cumsum(has)])
    return MatchingPlan(sp.csc_array((sign[has], best[has], start), shape=(p, len(best))))


def carried(a: np.ndarray, weights: sp.csc_array) -> np.ndarray:
    """Return ``a @ weights``; a mere choice of columns where each has one entry of 1."""
    if weights.nnz == weights.shape[1] and (np.diff(weights.indptr) == 1).all():
        chosen = a[:, weights.indices]
        return chosen if (weights.data == 1).all() else chosen * weights.data
    return a @ weights


def strongest(weights: sp.csc_array) -> np.ndarray:
    """(q,) source of the largest weight of each column, -1 where the column is empty."""
    answer = np.full(weights.shape[1], -1)
    i, j = pairs_of(weights)
    order = np.argsort(np.abs(weights.data), kind="stable")
    answer[j[order]] = i[order]
    return answer


def pairs_of(weights: sp.csc_array) -> tuple[np.ndarray, np.ndarray]:
    """Return source and target of each stored weight."""
    return weights.indices, np.repeat(np.arange(weights.shape[1]), np.diff(weights.indptr))


def arrays_of(weights: sp.csc_array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the arrays of a plan, as compiled loops take them."""
    return (
        weights.indptr.astype(np.int64), weights.indices.astype(np.int64),
        weights.data.astype(np.float64),
    )  # fmt: skip
