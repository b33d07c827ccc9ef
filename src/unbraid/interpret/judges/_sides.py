"""Activations beside a judge: rows matched, taken a block of units at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid.errors import InputError
from unbraid.interpret.judges.judge import Judge, as_judge
from unbraid.responses import Responses, as_responses, follow

_NUMBERS = 2**23  # of a dense block of activations, 64 MB


@dataclass(frozen=True, eq=False, kw_only=True)
class JudgedSide:
    """Activations of units, and the judge of the same stimuli in the same order."""

    responses: Responses
    judge: Judge

    def __len__(self) -> int:
        return len(self.responses)

    @property
    def n_units(self) -> int:
        """Number of units."""
        return self.responses.shape[1]

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the first unit and the activations (n, b) of blocks of units."""
        yield from blocks(self.responses)


def side(activations: Any, judge: Any, least: int = 20) -> JudgedSide:
    """Return activations and judge with their stimuli matched, refusing too few."""
    x, found = as_responses(activations, "activations"), as_judge(judge)
    rows = follow(
        x, Responses(np.arange(len(found))[:, None], stimuli=found.stimuli), "judge", "activations"
    )
    order = rows.toarray()[:, 0].astype(int)
    if not np.array_equal(order, np.arange(len(found))):
        found = found.take(order)
    if len(x) < least:
        raise InputError(f"At least {least} stimuli are needed, got {len(x)}.")
    return JudgedSide(responses=x, judge=found)


def blocks(x: Responses) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the first unit and the dense activations (n, b) of blocks of units."""
    n, m = x.shape
    values = sp.csc_array(x.values) if x.is_sparse else x.values
    width = max(1, _NUMBERS // n)
    for start in range(0, m, width):
        block = values[:, start : start + width]
        dense = block.toarray() if sp.issparse(block) else np.asarray(block)
        yield start, dense.astype(np.float64, copy=False)


def constant(block: np.ndarray) -> np.ndarray:
    """Return which units of a block never vary (b,), up to rounding."""
    low, high = block.min(axis=0), block.max(axis=0)
    return high - low <= 1e-12 * np.maximum(np.abs(low), np.abs(high))


def common_level(block: np.ndarray) -> np.ndarray:
    """Return the level (b,) above which a stimulus excites a unit, of a block (n, b).

    The median, which is 0 for codes that are mostly silent. For a unit that most stimuli bring to
    its largest value: the next smaller one.
    """
    level = np.median(block, axis=0)
    at_top = level >= block.max(axis=0)
    if at_top.any():
        lower = np.where(block[:, at_top] < level[at_top], block[:, at_top], -np.inf).max(axis=0)
        level[at_top] = np.where(np.isfinite(lower), lower, level[at_top])
    return level


def activity(block: np.ndarray) -> np.ndarray:
    """Return how many stimuli excite each unit (b,)."""
    return np.asarray((block > common_level(block)).sum(axis=0))
