"""Concepts beside activations: where each is present, and how well each unit detects it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

from unbraid.errors import InputError
from unbraid.interpret.judges._sides import blocks
from unbraid.responses import Responses, as_responses, follow

LEAST = 5
"""Stimuli with and without a concept that each half must hold."""


@dataclass(frozen=True, eq=False, kw_only=True)
class WithConcepts:
    """Activations, and which concepts are present in each stimulus."""

    responses: Responses
    present: np.ndarray
    """(n, c) booleans."""
    names: np.ndarray | None

    def enough(self, rows: np.ndarray) -> np.ndarray:
        """Return which concepts (c,) occur often enough among these stimuli, and not always."""
        count = self.present[rows].sum(axis=0)
        return (count >= LEAST) & (len(rows) - count >= LEAST)


def labelled(activations: Any, concepts: Any) -> WithConcepts:
    """Return both sides with rows matched; a concept is present where its column is above 0.

    ``concepts`` may be features or concept vectors (n, c), or one name per stimulus (n,).
    """
    x = as_responses(activations, "activations")
    array = concepts if hasattr(concepts, "shape") else np.asarray(concepts)
    if not isinstance(concepts, Responses) and len(array.shape) == 1:
        kinds, which = np.unique(np.asarray(array).astype(str), return_inverse=True)
        if len(which) != len(x):
            raise InputError(f"concepts must name the {len(x)} stimuli, got {len(which)}.")
        return WithConcepts(responses=x, present=np.eye(len(kinds), dtype=bool)[which], names=kinds)
    rows = follow(x, concepts, "concepts", "activations")
    return WithConcepts(responses=x, present=rows.toarray() > 0, names=rows.units)


def halves(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return two random halves of the stimuli."""
    if n < 4 * LEAST:
        raise InputError(f"At least {4 * LEAST} stimuli are needed, got {n}.")
    first, second = np.array_split(rng.permutation(n), 2)
    return np.sort(first), np.sort(second)


def aucs(both: WithConcepts, rows: np.ndarray) -> np.ndarray:
    """Return the AUC (m, c) of every unit for every concept among these stimuli.

    By rank sums, equal activations counted half; NaN where a concept is always or never there.
    """
    present = both.present[rows].astype(np.float64)
    n, on = len(rows), present.sum(axis=0)
    pairs = on * (n - on)
    found = np.empty((both.responses.shape[1], present.shape[1]))
    for first, block in blocks(both.responses.take(rows)):
        ranks = rankdata(block, axis=0)
        found[first : first + block.shape[1]] = ranks.T @ present - on * (on + 1) / 2
    return np.where(pairs > 0, found / np.where(pairs > 0, pairs, 1), np.nan)


def placements(values: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Return each stimulus' share of stimuli of the other kind that it lies on the right side of.

    Their mean over either kind is the AUC; their deviations are its influences (DeLong).
    """
    whole, plus, minus = rankdata(values), rankdata(values[present]), rankdata(values[~present])
    found = np.empty(len(values))
    found[present] = (whole[present] - plus) / len(minus)
    found[~present] = 1 - (whole[~present] - minus) / len(plus)
    return found
