"""Random groups of stimuli, whose influences give the errors of scores."""

from __future__ import annotations

import numpy as np

GROUPS = 20
"""Random groups of stimuli whose influences give the intervals: 19 degrees of freedom."""


def stimulus_groups(n: int) -> np.ndarray:
    """Return the random group of each of n stimuli, the same for every measure and side."""
    order = np.random.default_rng(n).permutation(n)
    groups = np.empty(n, dtype=np.intp)
    groups[order] = np.arange(n) % min(GROUPS, n)
    return groups


def in_groups(psi: np.ndarray, rows: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the influences (rows,) or (rows, m) of stimuli, added up in their groups."""
    sums = np.zeros((GROUPS, *psi.shape[1:]))
    np.add.at(sums, groups[rows], psi)
    return sums


def se_from_groups(influence: np.ndarray) -> np.ndarray:
    """Return standard errors (m,); NaN where no stimulus has any influence."""
    variance = GROUPS / (GROUPS - 1) * np.square(influence).sum(axis=0)
    return np.where(variance > 1e-24, np.sqrt(variance), np.nan)
