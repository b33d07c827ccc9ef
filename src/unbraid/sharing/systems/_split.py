"""Stimuli to learn from, and stimuli that all systems answered, for the evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from unbraid import stats
from unbraid.errors import InputError
from unbraid.sharing.systems._groups import FEWEST_GROUPS, means_of, thinned
from unbraid.sharing.systems._stack import Systems

_FEWEST_COMPLETE = 60  # with fewer complete rows neither learning nor evidence is possible
_MOST = 2000  # stimuli of evidence: more make p-values smaller, not answers other
_LEAST = 25  # stimuli of evidence: fewer give no interval


@dataclass(frozen=True, eq=False, kw_only=True)
class JointSplit:
    """Training stimuli, of which some systems may have missed some, and held-out stimuli."""

    train: Systems
    held: Systems
    order: stats.Order
    said: bool
    """Whether the caller said that stimuli follow each other in time."""


def split(systems: Systems, share: float, order: str, rng: np.random.Generator) -> JointSplit:
    """Set complete stimuli aside for the evidence; the rest is learned from."""
    complete = systems.complete
    if len(complete) < _FEWEST_COMPLETE:
        raise InputError(
            f"At least {_FEWEST_COMPLETE} stimuli must be answered by all systems, got "
            f"{len(complete)} of {len(systems)}: what systems share can only be seen in stimuli "
            "that they have in common."
        )
    found = order_of_systems(_series(systems.take(complete)), order)
    whole = np.arange(len(systems)) if systems.groups is None else systems.groups
    items = np.unique(whole[complete])  # stimuli, or groups of them, in their order
    count = _held_out(len(items), share, grouped=systems.groups is not None)
    if found.in_time:
        gap = min(found.reach, count // 2)
        held, near = items[len(items) - count :], items[len(items) - count - gap :]
    else:
        held = near = rng.permutation(items)[:count]
    shown = complete[np.isin(whole[complete], held)]
    if systems.groups is not None:
        shown = thinned(shown, whole[shown], _MOST)
    return JointSplit(
        train=systems.take(np.flatnonzero(~np.isin(whole, near))),
        held=systems.take(shown),
        order=found,
        said=order == "time",
    )


def _held_out(n: int, share: float, *, grouped: bool) -> int:
    """Return how many of ``n`` stimuli, or groups of them, are set aside."""
    if not grouped:
        return held_out_rows(n, share)
    if n < FEWEST_GROUPS:
        raise InputError(
            f"groups must be at least {FEWEST_GROUPS} among the stimuli that all systems answered, "
            f"got {n}: some are set aside as wholes for the evidence."
        )
    return int(np.clip(round(share * n), min(_LEAST, n // 2), _MOST))


def _series(systems: Systems) -> Systems:
    """Return the systems' responses, or the mean of each group, whose order is examined."""
    if systems.groups is None:
        return systems
    means = means_of(systems.values, systems.groups)
    seen = np.ones((len(means), len(systems.sizes)), bool)
    return replace(systems, values=means, observed=seen, stimuli=None, groups=None)


def held_out_rows(n: int, share: float) -> int:
    """Return how many of ``n`` stimuli that all systems answered the evidence rests on."""
    return int(np.clip(round(share * n), _LEAST, _MOST))


def order_of_systems(systems: Systems, said: str) -> stats.Order:
    """Find out whether at least two of the systems depend on the order of the stimuli.

    The reach is the largest of a pair of systems: the smaller of the two reaches.
    """
    stats.check_order(said)
    if said == "exchangeable":
        return stats.Order(in_time=False)
    rows = stats.rows_to_test(len(systems), max(systems.sizes))
    found = [
        stats.serial_dependence(systems.values[rows, systems.columns(number)])
        for number in range(len(systems.sizes))
    ]
    dependent = [each for each in found if each.found or said == "time"]
    if len(dependent) < 2:
        return stats.Order(in_time=False)
    reach = sorted(each.reach for each in dependent)[-2]
    periods = (stats.shared_period(a, b) for a, b in combinations(dependent, 2))
    period = next((each for each in periods if each), 0.0)
    drifts = sum(each.drifts for each in dependent) >= 2
    return stats.Order(in_time=True, reach=reach, drifts=drifts, period=period)
