"""What a score cannot mean: one unit's scale decides it, or a side holds no responses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from unbraid.responses import Responses
from unbraid.responses._looks import symmetric
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


def no_responses(x: Responses, y: Responses) -> tuple[str, ...]:
    """Return a line for each side that is a matrix of stimuli by stimuli, such as an RDM."""
    sides = [(name, symmetric(side.toarray())) for name, side in (("x", x), ("y", y))
             if side.shape[0] == side.shape[1] and not side.is_sparse]  # fmt: skip
    return tuple(f"{name} {line}" for name, line in sides if line is not None)
