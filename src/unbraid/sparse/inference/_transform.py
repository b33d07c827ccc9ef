"""What a dictionary takes from each stimulus before it encodes it, and gives back."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from unbraid.errors import InputError

Transform = Literal["none", "layer_norm", "constant_norm_rescale"]
_LEAST_SPREAD = 1e-5  # added to the standard deviation, as the libraries do that save such encoders


def taken_from(x: np.ndarray, transform: Transform) -> tuple[np.ndarray, np.ndarray] | None:
    """Return shift and scale (n, 1) of each stimulus, ``(x - shift) / scale`` being transformed.

    ``layer_norm``: mean, and standard deviation over units. ``constant_norm_rescale``: 0, and the
    length over the square root of the number of units. None where nothing is taken.
    """
    if transform == "none":
        return None
    if transform == "constant_norm_rescale":
        length = np.sqrt(np.square(x, dtype=np.float64).sum(axis=1, keepdims=True))
        scale = np.where(length > 0, length, 1) / np.sqrt(x.shape[1])
        return np.zeros_like(scale, x.dtype), scale.astype(x.dtype)
    shift = x.mean(axis=1, keepdims=True)
    ddof = 1 if x.shape[1] > 1 else 0
    scale = (x - shift).std(axis=1, ddof=ddof, keepdims=True, dtype=np.float64) + _LEAST_SPREAD
    return shift, scale.astype(x.dtype)


def given_back(made: np.ndarray, codes: Any, transform: Transform) -> np.ndarray:
    """Return stimuli (n, p) with the shift and scale that were taken from them.

    Raises
    ------
    InputError
        Codes that do not remember them.
    """
    taken = getattr(codes, "taken", None)
    if taken is None:
        raise InputError(
            f"codes must be the Codes that encode returned, got {type(codes).__name__}: this "
            f"dictionary normalises each stimulus first ({transform}), and only they remember its "
            "mean and size. offset + codes @ atoms is the normalised stimulus."
        )
    shift, scale = taken
    return shift + scale * made
