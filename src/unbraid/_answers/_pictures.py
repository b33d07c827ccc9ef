"""The pictures of the stimuli that an answer was given, however a caller has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses import Images, pictures_by_id

Pictures = Callable[[int], np.ndarray]
"""The picture of a stimulus of the answer, by its place."""


def pictures_of(pictures: Any, stimuli: Any, rows: np.ndarray, given_to: str) -> Pictures | None:
    """Return what gives the picture of a stimulus: by its row in what was given, or by its id."""
    if pictures is None:
        return None
    if isinstance(pictures, str | Path | Images):
        if stimuli is None:
            raise InputError("pictures are matched by stimulus id, and there are no ids.")
        return pictures_by_id(pictures, stimuli)
    array = np.asarray(pictures)
    if array.dtype != np.uint8 or array.ndim not in (3, 4) or len(array) <= rows.max():
        raise InputError(
            "pictures must be uint8 of shape (n, height, width) or (n, height, width, 3), one "
            f"per stimulus given to {given_to}, got {array.dtype} of shape {array.shape}."
        )
    return lambda at: array[rows[at]]
