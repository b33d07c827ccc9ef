"""Dissimilarities that a caller brings in place of responses: checked, and rows paired by id."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses import Responses, as_responses, pair

GIVEN = "given"
_ALIKE = 1e-6  # of the largest: what writing and reading leaves of symmetry


def paired(x: Any, y: Any, kinds: tuple[str, str]) -> tuple[Responses, Responses]:
    """Return both sides in one order of stimuli; of given dissimilarities the columns too."""
    sides = [
        _square(side, name) if kind == GIVEN else as_responses(side, name)
        for side, name, kind in zip((x, y), ("x", "y"), kinds, strict=True)
    ]
    left, right = pair(sides[0], sides[1])
    return tuple(  # type: ignore[return-value]
        _turned(before, after) if kind == GIVEN else after
        for before, after, kind in zip(sides, (left, right), kinds, strict=True)
    )


def _square(x: Any, name: str) -> Responses:
    """Return dissimilarities as a square matrix with the ids of its rows."""
    if not isinstance(x, Responses) and np.ndim(x) == 1:
        return Responses(_unfolded(np.asarray(x), name))
    responses = as_responses(x, name)
    n, p = responses.shape
    if n != p and 1 in (n, p):
        return Responses(_unfolded(responses.toarray().ravel(), name))
    values = responses.toarray().astype(np.float64)
    size = np.abs(values).max(initial=0.0)
    if n != p or not np.allclose(values, values.T, rtol=0, atol=_ALIKE * size):
        what = f"shape {values.shape}" if n != p else "a matrix that is not symmetric"
        raise InputError(f"{name} must be {_WANTED}, got {what}.")
    if np.abs(np.diagonal(values)).max() > _ALIKE * size:
        raise InputError(
            f"{name} must be {_WANTED}, got a diagonal that is not 0, as similarities have: give 1 "
            "less them."
        )
    return Responses((values + values.T) / 2, stimuli=responses.stimuli)


_WANTED = (
    "dissimilarities (rdm='given'): a symmetric matrix (n, n) with 0 on its diagonal, or its "
    "upper triangle in a row"
)


def _unfolded(values: np.ndarray, name: str) -> np.ndarray:
    """Return the square matrix of which a row is the upper triangle, pair by pair."""
    n = round((1 + np.sqrt(1 + 8 * len(values))) / 2)
    if n < 2 or n * (n - 1) // 2 != len(values) or values.dtype.kind not in "biuf":
        raise InputError(f"{name} must be {_WANTED}, got {len(values)} values.")
    square = np.zeros((n, n))
    square[np.triu_indices(n, 1)] = values
    return square + square.T


def _turned(before: Responses, after: Responses) -> Responses:
    """Return dissimilarities whose columns stand in the order that pairing gave to the rows."""
    if before.stimuli is None or after.stimuli is None:
        return after
    place = {str(id): at for at, id in enumerate(before.stimuli)}
    columns = [place[str(id)] for id in after.stimuli]
    return Responses(np.asarray(after.toarray())[:, columns], stimuli=after.stimuli)
