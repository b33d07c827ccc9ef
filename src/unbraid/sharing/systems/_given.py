"""Responses of some systems, as `Joint.encode` takes them: matched, checked and scaled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses import as_responses
from unbraid.sharing.systems._stack import matched

if TYPE_CHECKING:
    from unbraid.sharing._joint import Joint


def scaled(joint: Joint, systems: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray, Any]:
    """Return scaled responses (n, P), which systems (n, S) answered, and the stimulus ids."""
    if not isinstance(systems, Mapping) or not systems:
        raise InputError(
            f"encode needs a mapping of names to responses, such as {{{joint.names[0]!r}: x}}."
        )
    for name in systems:
        columns_of(joint, name)
    if len(systems) == 1:
        [(name, values)] = systems.items()
        side = as_responses(values, name)
        given = {name: (side.toarray(), np.ones(len(side), bool))}
        n, stimuli = len(side), side.stimuli
    else:
        both = matched(systems)
        n, stimuli = len(both), both.stimuli
        given = {
            name: (both.values[:, both.columns(number)], both.observed[:, number])
            for number, name in enumerate(both.names)
        }
    x = np.zeros((n, sum(joint.sizes)), joint.coder.atoms.dtype)
    observed = np.zeros((n, len(joint.sizes)), bool)
    for name, (values, seen) in given.items():
        columns, number = columns_of(joint, name), joint.names.index(name)
        if values.shape[1] != joint.sizes[number]:
            raise InputError(
                f"{name} must have the {joint.sizes[number]} units that the dictionary was "
                f"learned from, got {values.shape[1]}."
            )
        size = joint.scale.weight[columns] / joint.scale.size[columns]
        x[:, columns] = (values - joint.scale.center[columns]) * size
        observed[:, number] = seen
    return x, observed, stimuli


def columns_of(joint: Joint, name: str) -> slice:
    """Return the columns of a system among all units."""
    if name not in joint.names:
        raise InputError(
            f"There is no system {name!r}; the dictionary has {', '.join(joint.names)}."
        )
    at = joint.names.index(name)
    start = int(sum(joint.sizes[:at]))
    return slice(start, start + joint.sizes[at])
