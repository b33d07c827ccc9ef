"""What a latent answers to the parts of a stimulus: places, tokens, moments around it, trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from unbraid._documented import documented_answer
from unbraid.responses import Codes, parts_of

PartKind = Literal["places", "moments", "trials"]
_AROUND = 12  # stimuli before and after, where they follow each other in time


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False)
class LatentParts:
    """Codes of the parts of stimuli, and which rows they are of each stimulus."""

    kind: PartKind
    """Places of a picture or text, moments around a stimulus, or trials of it."""
    columns: sp.csc_array
    """(N, m): a row for each part."""
    table: np.ndarray
    """(n, parts): rows of ``columns``, -1 where there is none."""
    at: np.ndarray
    """(n,): which part the stimulus itself is; -1 for none."""
    own: bool
    """Whether the parts are themselves the stimuli, so that each is shown with its neighbours."""

    def map_of(self, latent: int, stimuli: np.ndarray) -> np.ndarray:
        """Return a latent's codes of the parts of some stimuli, NaN where there is no part."""
        part = slice(self.columns.indptr[latent], self.columns.indptr[latent + 1])
        rows, values = self.columns.indices[part], self.columns.data[part]
        wanted = self.table[stimuli]
        found = np.zeros(wanted.shape)
        if len(rows):
            where = np.minimum(np.searchsorted(rows, wanted), len(rows) - 1)
            found = np.where(rows[where] == wanted, values[where], 0.0)
        return np.where(wanted >= 0, found, np.nan)

    def apart(self, ranked: np.ndarray, count: int) -> np.ndarray:
        """Return the first of these stimuli of which none is shown as a part of another."""
        if not self.own:
            return ranked[:count]
        chosen: list[int] = []
        shown: set[int] = set()
        for row in ranked.tolist():
            if row not in shown:
                chosen.append(row)
                shown.update(self.table[row].tolist())
            if len(chosen) == count:
                break
        return np.array(chosen, dtype=int)


def parts_within(codes: Codes, stimuli: Any) -> LatentParts | None:
    """Return the parts, where the rows of the codes are parts: ``picture@17``; None elsewhere.

    Parameters
    ----------
    codes : Codes
        Of shape (n, m).
    stimuli : sequence of n ids
        Of its rows.

    Returns
    -------
    LatentParts or None
        Each row among the others of its stimulus.

    Examples
    --------
    >>> codes = Codes(np.array([[1.0], [0.0], [3.0]]))
    >>> found = parts_within(codes, ["cat@0", "cat@1", "dog@0"])
    >>> found.map_of(0, np.array([0, 2])).tolist()
    [[1.0, 0.0], [3.0, nan]]
    """
    parts = parts_of(stimuli)
    if parts is None:
        return None
    return LatentParts(
        kind="places",
        columns=columns_of_codes(codes),
        table=parts.table()[parts.whole],
        at=parts.position,
        own=True,
    )


def parts_around(codes: Codes, rows: np.ndarray, reach: int = _AROUND) -> LatentParts:
    """Return of each stimulus those before and after it, where they follow each other in time.

    Parameters
    ----------
    codes : Codes
        Of shape (n, m).
    rows : array of n whole numbers
        Place of each stimulus in the recording, rising.
    reach : int
        Stimuli before, and after.

    Returns
    -------
    LatentParts
        ``2 reach + 1`` moments of each, the stimulus itself in the middle.

    Examples
    --------
    >>> found = parts_around(Codes(np.array([[1.0], [2.0], [3.0]])), np.array([4, 5, 7]), reach=1)
    >>> found.map_of(0, np.array([1, 2])).tolist()
    [[1.0, 2.0, nan], [nan, 3.0, nan]]
    """
    rows = np.asarray(rows)
    wanted = rows[:, None] + np.arange(-reach, reach + 1)
    where = np.minimum(np.searchsorted(rows, wanted), len(rows) - 1)
    return LatentParts(
        kind="moments",
        columns=columns_of_codes(codes),
        table=np.where(rows[where] == wanted, where, -1),
        at=np.full(len(rows), reach),
        own=True,
    )


def columns_of_codes(codes: Codes) -> sp.csc_array:
    """Return codes by columns, each with its rows in order and no 0."""
    columns = sp.csc_array(codes.values)
    columns.eliminate_zeros()
    columns.sort_indices()
    return columns
