"""What a mean of pooled correlations loses when each stimulus, or block of them, is deleted.

With the sums ``N, X, Y`` of target ``j``, of which stimulus ``t`` holds ``n, x, y``,
its loss is ``sum_j weight_j (r_j - (N - n) / sqrt((X - x) (Y - y)))``: exact, where a derivative
would miss how much of the sums one stimulus can hold.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LEFT = 1e-9
"""Share of a sum below which nothing is left of it."""


class Totals(NamedTuple):
    """Sums of every target over all stimuli, its correlation, its weight in the mean, each (q,)."""

    products: np.ndarray
    of_x: np.ndarray
    of_y: np.ndarray
    r: np.ndarray
    weight: np.ndarray


class BlockSums(NamedTuple):
    """The part of each block (or stimulus) in every target's sums, each (n_blocks, q)."""

    products: np.ndarray
    of_x: np.ndarray
    of_y: np.ndarray


def losses(sums: BlockSums, totals: Totals) -> np.ndarray:
    """Return what deleting each block costs, (n_blocks,)."""
    left = [total - part for total, part in zip(totals[:3], sums, strict=True)]
    norm = np.sqrt(np.maximum(left[1], 0) * np.maximum(left[2], 0))
    enough = (left[1] > LEFT * totals.of_x) & (left[2] > LEFT * totals.of_y)
    r = np.clip(left[0] / np.where(enough, norm, np.inf), -1, 1)
    return (totals.r - r) @ totals.weight
