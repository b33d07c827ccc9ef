"""Whether one unit's scale decides a score that depends on units' scales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

_SHARE, _FEWEST = 0.99, 3  # of the variance of a side, and the units from which on it is unusual


def dominated(sides: Sequence[tuple[str, Any]]) -> tuple[str, ...]:
    """Return a line for each side of which one unit holds nearly all the variance."""
    found = []
    for name, values in sides:
        power = _variances(values)
        total = power.sum()
        if len(power) < _FEWEST or not (np.isfinite(total) and total > 0):
            continue
        largest = int(power.argmax())
        if power[largest] > _SHARE * total:
            found.append(
                f"unit {largest} of the {name} holds {power[largest] / total:.1%} of its variance "
                "and decides a score that depends on units' scales: scale the units alike, or "
                "leave it out."
            )
    return tuple(found)


def _variances(values: Any) -> np.ndarray:
    """Return the variance of each unit, relative to the square of the largest value."""
    largest = np.abs(values).max()
    values = values / largest if largest > 0 else values
    if not sp.issparse(values):
        return np.var(values, axis=0)
    mean = np.asarray(values.mean(axis=0)).ravel()
    return np.asarray(values.power(2).mean(axis=0)).ravel() - mean**2
