"""Rows that are parts of one stimulus: positions of a picture, tokens of a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid._documented import documented_answer

_MARK = "@"  # stands between the id of a stimulus and the number of its part


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False)
class StimulusParts:
    """Which stimulus each row is a part of, and which part."""

    names: np.ndarray
    """Ids of the stimuli that have parts, in the order of their first row."""
    whole: np.ndarray
    """(n,): of each row the place of its stimulus in ``names``."""
    position: np.ndarray
    """(n,): of each row the number of the part, from 0."""

    @property
    def count(self) -> int:
        """Parts of a stimulus: the largest number of one, and 1."""
        return int(self.position.max()) + 1

    def table(self) -> np.ndarray:
        """Return the row of every part (stimuli, parts), -1 where there is none."""
        rows = np.full((len(self.names), self.count), -1)
        rows[self.whole, self.position] = np.arange(len(self.whole))
        return rows


def parts_of(stimuli: Any) -> StimulusParts | None:
    """Return what rows are parts of, where all ids are ``STIMULUS@NUMBER`` as ``Positions`` has it.

    Parameters
    ----------
    stimuli : sequence of n ids, or None
        Of the rows.

    Returns
    -------
    StimulusParts or None
        None where some id has another form, or no stimulus has two rows.

    Examples
    --------
    >>> found = parts_of(["cat@0", "cat@1", "dog@1"])
    >>> found.names.tolist(), found.table().tolist()
    (['cat', 'dog'], [[0, 1], [-1, 2]])
    >>> parts_of(["cat", "dog@1"]) is None
    True
    """
    if stimuli is None or not len(stimuli):
        return None
    split = np.char.rpartition(np.asarray(stimuli).astype(str), _MARK)
    names, number = split[:, 0], split[:, 2]
    if not (np.char.isdecimal(number) & (np.char.str_len(names) > 0)).all():
        return None
    found, first, whole = np.unique(names, return_index=True, return_inverse=True)
    if len(found) == len(names) or np.char.str_len(number).max() > 6:
        return None
    order = np.argsort(first)
    place = np.empty(len(order), dtype=int)
    place[order] = np.arange(len(order))
    return StimulusParts(names=found[order], whole=place[whole], position=number.astype(int))
