"""Stimuli that are only exchangeable as wholes: repeats of one, frames of a video, positions."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses import in_rows_of, parts_of
from unbraid.stats._folds import names_of_groups

FEWEST_GROUPS = 10
"""With fewer, none can be set aside for evidence that others could differ from."""


def groups_of(given: Any, stimuli: np.ndarray | None, n: int) -> np.ndarray | None:
    """Return the group of each row (n,), numbered as they appear; None: rows are exchangeable.

    Without ``given`` groups, ids ``STIMULUS@NUMBER`` name the stimulus that a row is a part of.
    """
    if given is None:
        parts = parts_of(stimuli)
        return None if parts is None else np.asarray(parts.whole)
    names = names_of_groups(in_rows_of(stimuli, given, "groups", "systems"))
    if names.shape != (n,):
        raise InputError(
            f"groups must name the group of each of the {n} stimuli, got {names.shape}. Where "
            "systems saw different stimuli, give a pandas Series with the ids as its index."
        )
    _, first, place = np.unique(names.astype(str), return_index=True, return_inverse=True)
    found = np.argsort(np.argsort(first))[place]
    return None if len(first) == n else found


def copies_in(x: np.ndarray) -> int:
    """Return how many rows are copies of an earlier one; 0 for counts, which are alike by chance.

    Copies of the most common row are not counted: units are often silent together.
    """
    if (x == np.round(x)).all():
        return 0
    count = Counter(row.tobytes() for row in np.ascontiguousarray(x))
    return len(x) - len(count) - (max(count.values()) - 1)


def means_of(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the mean of each group's rows, groups in the order of their numbers."""
    _, place, count = np.unique(groups, return_inverse=True, return_counts=True)
    sums = np.zeros((len(count), values.shape[1]))
    np.add.at(sums, place, values)
    return sums / count[:, None]


def in_place_of(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return rows of another group in place of a group's own, in their order, evenly spread."""
    return other[np.arange(len(own)) * len(other) // len(own)]


def thinned(rows: np.ndarray, groups: np.ndarray, most: int) -> np.ndarray:
    """Return about ``most`` of the rows (n,), evenly spread within each group."""
    if len(rows) <= most:
        return rows
    numbers = np.unique(groups)
    each = -(-most // len(numbers))
    kept = [rows[groups == number] for number in numbers]
    spread = [own[np.linspace(0, len(own) - 1, min(each, len(own))).astype(int)] for own in kept]
    return np.sort(np.concatenate(spread))
