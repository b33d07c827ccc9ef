"""What a score cannot mean: a few units' scale decides it, or a side holds no responses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unbraid.responses import Responses
from unbraid.responses._looks import symmetric
from unbraid.stats import dominating_units


def dominated(sides: Sequence[tuple[str, Any]]) -> tuple[str, ...]:
    """Return a line for each side of which a unit, or units set apart, hold nearly all variance."""
    found = []
    for name, values in sides:
        units, share = dominating_units(values)
        if units:
            one = units.startswith("unit")
            found.append(
                f"{units} of the {name} {'holds' if one else 'hold'} {share:.1%} of its variance "
                f"and {'decides' if one else 'decide'} a score that depends on units' scales: "
                f"scale the units alike, or leave {'it' if one else 'them'} out."
            )
    return tuple(found)


def no_responses(x: Responses, y: Responses) -> tuple[str, ...]:
    """Return a line for each side that is a matrix of stimuli by stimuli, such as an RDM."""
    sides = [(name, symmetric(side.toarray())) for name, side in (("x", x), ("y", y))
             if side.shape[0] == side.shape[1] and not side.is_sparse]  # fmt: skip
    return tuple(f"{name} {line}" for name, line in sides if line is not None)
