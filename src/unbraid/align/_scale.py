"""Whether one unit's scale decides a score that depends on units' scales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from unbraid.stats._series import moments

_SHARE, _FEWEST = 0.99, 3  # of the variance of a side, and the units from which on it is unusual


def dominated(sides: Sequence[tuple[str, Any]]) -> tuple[str, ...]:
    """Return a line for each side of which one unit holds nearly all the variance."""
    found = []
    for name, values in sides:
        largest = np.abs(values).max()
        power = moments(values / largest if largest > 0 else values)[1] ** 2  # at most 1
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
