"""What pictures look like as a judge of which are alike: their pixels, and their colour."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.interpret.judges.judge import Judge, embeddings, similarity
from unbraid.responses import Responses

_SIDE = 16  # pixels to which pictures are averaged


def pixels(pictures: Any, *, stimuli: Any = None) -> Judge:
    """Judge pictures by the cosine of their pixels about the mean picture, at 16 x 16.

    Parameters
    ----------
    pictures : array of shape (n, height, width[, 3])
        Whole numbers or fractions; brought to 16 x 16.
    stimuli : sequence of length n, optional
        Ids of the stimuli.

    Returns
    -------
    Judge
        Cosines, in [-1, 1]; 0 is as alike as two pictures of the set are on average.

    Raises
    ------
    InputError
        Something else than pictures.

    Examples
    --------
    >>> import numpy as np
    >>> pictures = np.random.default_rng(0).random((10, 32, 32))
    >>> pixels(pictures).embeddings.shape
    (10, 256)
    """
    array = _pictures(pictures)
    small = _shrunk(array).reshape(len(array), -1)
    return replace(
        embeddings(Responses(small, stimuli=stimuli), name="pixels", centre=True), name="pixels"
    )


def colour(pictures: Any, *, stimuli: Any = None) -> Judge:
    """Judge pictures by their mean colour: 1 - distance / largest distance.

    Parameters
    ----------
    pictures : array of shape (n, height, width, 3)
        Pictures in colour, or in grey without the last axis.
    stimuli : sequence of length n, optional
        Ids of the stimuli.

    Returns
    -------
    Judge
        In [0, 1]: 1 for equal mean colours, 0 for the two that differ most.

    Raises
    ------
    InputError
        Something else than pictures; pictures of one mean colour.

    Examples
    --------
    >>> import numpy as np
    >>> grey = np.ones((3, 8, 8)) * np.array([0.0, 0.5, 1.0])[:, None, None]
    >>> colour(grey).matrix[0].round(3).tolist()
    [1.0, 0.5, 0.0]
    """
    array = _pictures(pictures)
    mean = array.reshape(len(array), -1, array.shape[-1]).mean(axis=1)
    square = np.square(mean).sum(axis=1)
    apart = np.sqrt(np.maximum(square[:, None] + square - 2 * mean @ mean.T, 0))
    np.fill_diagonal(apart, 0)
    largest = apart.max()
    if not largest > 0:
        raise InputError("pictures must differ in mean colour, but all have the same.")
    return similarity(1 - apart / largest, stimuli=stimuli, name="colour")


def _pictures(values: Any) -> np.ndarray:
    array = _validate.as_floats(values, "pictures")
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or array.shape[-1] not in (1, 3, 4) or 0 in array.shape:
        raise InputError(
            f"pictures must have shape (n, height, width) or (n, height, width, 3), got "
            f"{array.shape}."
        )
    return array[..., :3].astype(np.float64)


def _shrunk(array: np.ndarray) -> np.ndarray:
    """Return pictures averaged over blocks to at most 16 x 16 pixels."""
    for axis in (1, 2):
        size = array.shape[axis]
        if size > _SIDE:
            edges = np.linspace(0, size, _SIDE + 1).astype(int)[:-1]
            counts = np.diff([*edges, size])
            shape = [1, 1, 1, 1]
            shape[axis] = _SIDE
            array = np.add.reduceat(array, edges, axis=axis) / counts.reshape(shape)
    return array
