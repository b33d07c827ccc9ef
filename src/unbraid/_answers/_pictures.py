"""Pictures that are given as an array, one for each stimulus that an answer was given."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.errors import InputError


def checked_pictures(pictures: Any, rows: np.ndarray, given_to: str) -> np.ndarray:
    """Return pictures as an array that holds one for each of some rows of what was given."""
    array = np.asarray(pictures)
    if array.dtype != np.uint8 or array.ndim not in (3, 4) or len(array) <= rows.max():
        raise InputError(
            "pictures must be uint8 of shape (n, height, width) or (n, height, width, 3), one "
            f"per stimulus given to {given_to}, got {array.dtype} of shape {array.shape}."
        )
    return array
