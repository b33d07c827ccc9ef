"""Chosen rows, centred and scaled, in one pass over memory."""

from __future__ import annotations

import numba
import numpy as np

from unbraid._kernels.threads import in_blocks


def gather(x: np.ndarray, rows: np.ndarray, offset: np.ndarray, scale: float) -> np.ndarray:
    """Return ``(x[rows] - offset) / scale`` as float32, computed in float64.

    ``x (n, p)`` is float32 or float64, ``rows`` int64, ``offset (p,)`` float64.
    """
    out = np.empty((len(rows), x.shape[1]), np.float32)
    in_blocks(_gather, len(rows), x, rows, offset, 1 / scale, out, least=256)
    return out


@numba.njit(nogil=True, cache=True)
def _gather(start, stop, x, rows, offset, factor, out):
    for i in range(start, stop):
        row = rows[i]
        for c in range(x.shape[1]):
            out[i, c] = (x[row, c] - offset[c]) * factor
