"""How many latents look shared where none is: everything learned from wrongly paired stimuli."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from unbraid._progress import Progress, part
from unbraid.sharing._config import JointConfig
from unbraid.sharing.evidence._evidence import evidence_of
from unbraid.sharing.evidence._latents import UNDECIDED
from unbraid.sharing.evidence._pairings import pairings
from unbraid.sharing.learning._learn import LearnedTogether, learn
from unbraid.sharing.systems._groups import in_place_of
from unbraid.sharing.systems._scales import scales_of
from unbraid.sharing.systems._split import JointSplit
from unbraid.sharing.systems._stack import Systems


def expected_shared(
    parts: JointSplit,
    learned: LearnedTogether,
    config: JointConfig,
    rng: np.random.Generator,
    tell: Progress,
) -> float:
    """Return the mean number of latents of several systems after wrong pairing; NaN without refits.

    The rows of each system but the first are permuted among those that the same systems answered
    (rotated, where stimuli follow each other in time), apart for training and evidence; the method,
    with the width that was chosen, learns again and is evaluated in the same way.
    """
    if not config.refits:
        return float("nan")
    found = []
    for number, own in enumerate(rng.spawn(config.refits)):
        told = part(tell, number / config.refits, (number + 1) / config.refits, "wrong pairing: ")
        train = _wrongly_paired(parts.train, parts.order.in_time, own)
        held = _wrongly_paired(parts.held, parts.order.in_time, own)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            again = learn(train, learned.dictionary.method, own, told, config.order)
        pairs = pairings(len(held), parts.order, own, held.groups)
        seen = evidence_of(
            held,
            again,
            pairs,
            hidden=[each.few_units for each in scales_of(train)],
            level=config.level,
            permutations=config.permutations,
            rng=own,
            tell=told,
        )
        alone = {UNDECIDED, *(f"{name} only" for name in held.names)}
        found.append(sum(kind not in alone for kind in seen.latents.kind))
    return float(np.mean(found))


def _swapped(
    rows: np.ndarray, groups: np.ndarray | None, in_time: bool, rng: np.random.Generator
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return which rows stand in place of which: of permuted, or rotated, stimuli or groups."""
    names = np.arange(len(rows)) if groups is None else np.unique(groups)
    n = len(names)
    step = int(rng.integers(n // 4, 3 * n // 4 + 1)) if in_time else 0
    moved = np.roll(np.arange(n), step) if in_time else rng.permutation(n)
    if groups is None:
        return [(rows, rows[moved])]
    members = [rows[groups == name] for name in names]
    return [
        (own, in_place_of(own, members[other])) for own, other in zip(members, moved, strict=True)
    ]


def _wrongly_paired(systems: Systems, in_time: bool, rng: np.random.Generator) -> Systems:
    values = systems.values.copy()
    _, pattern = np.unique(systems.observed, axis=0, return_inverse=True)
    for number in range(1, len(systems.sizes)):
        columns = systems.columns(number)
        for which in range(int(pattern.max()) + 1):
            rows = np.flatnonzero(pattern == which)
            groups = None if systems.groups is None else systems.groups[rows]
            for own, other in _swapped(rows, groups, in_time, rng):
                values[own, columns] = systems.values[other, columns]
    return replace(systems, values=values)
