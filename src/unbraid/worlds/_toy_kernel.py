"""The output side of a toy autoencoder's loss, in one pass over memory."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz"})
def slope_of_loss(out, bias, z, importance, to_bias):
    """Return the loss, ``mean importance (relu(out + bias) - z)^2``, and turn ``out`` into slopes.

    ``out`` and ``z`` are (B, N); ``out`` becomes the loss's derivative by it, and its sum over
    rows is written to ``to_bias (N,)``.
    """
    n, n_features = out.shape
    scale = out.dtype.type(2.0 / (n * n_features))
    to_bias[:] = 0
    loss = 0.0
    for row in range(n):
        total = out.dtype.type(0)
        for j in range(n_features):
            made = out[row, j] + bias[j]
            alive = made > 0
            wrong = (made if alive else out.dtype.type(0)) - z[row, j]
            weighted = importance[j] * wrong
            total += weighted * wrong
            slope = scale * weighted if alive else out.dtype.type(0)
            out[row, j] = slope
            to_bias[j] += slope
        loss += np.float64(total)
    return loss / (n * n_features)
