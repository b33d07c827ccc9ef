"""The dense product at the heart of an encoder, reproducible for any block of rows."""

from __future__ import annotations

import numpy as np


def affine(x: np.ndarray, weights: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    """Return ``x @ weights + bias`` (n, m), C-contiguous."""
    out = np.ascontiguousarray(x @ weights)
    if bias is not None:
        out += bias
    return out
