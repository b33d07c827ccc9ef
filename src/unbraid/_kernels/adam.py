"""Adam steps fused with what follows them, one pass over memory; each row is one latent's."""

from __future__ import annotations

import numba
import numpy as np

from unbraid._kernels.threads import in_blocks

_FAST = {"reassoc", "contract", "nsz", "arcp"}
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # as published (Kingma and Ba 2015)


def adam(
    rows: np.ndarray,
    moments: np.ndarray,
    gradient: np.ndarray,
    *,
    step: int,
    rate: float,
    unit: bool,
) -> None:
    """Take one Adam step on ``rows (m, p)`` in place, and clear ``gradient``.

    Parameters
    ----------
    moments : array of shape (2, m, p)
        First and second moments, updated in place.
    step : int
        Number of this step, from 1.
    unit : bool
        Remove the gradient along each row first and bring each row back to unit length.

    References
    ----------
    Kingma and Ba (2015), Adam, algorithm 1 (betas 0.9 and 0.999, epsilon 1e-8).
    """
    scale1 = rate / (1 - BETA1**step)
    scale2 = 1 / np.sqrt(1 - BETA2**step)
    scales = np.array([scale1, scale2], rows.dtype)
    in_blocks(_adam, len(rows), rows, moments, gradient, scales, unit, least=64)


# numpy's errors: Python's would check each divisor, and nothing could be done eight at a time
@numba.njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def _adam(start, stop, rows, moments, gradient, scales, unit):
    first, second = moments[0], moments[1]
    scale1, scale2 = scales[0], scales[1]
    kind = rows.dtype.type
    b1, b2, epsilon = kind(BETA1), kind(BETA2), kind(EPSILON)
    rest1, rest2 = kind(1 - BETA1), kind(1 - BETA2)  # 1 - kind(0.999) would be off by 5e-5
    one, zero = kind(1), kind(0)
    p = rows.shape[1]
    for i in range(start, stop):
        if unit:
            along = zero
            for c in range(p):
                along += gradient[i, c] * rows[i, c]
            for c in range(p):
                gradient[i, c] -= along * rows[i, c]
        squares = zero
        for c in range(p):
            g = gradient[i, c]
            m = b1 * first[i, c] + rest1 * g
            v = b2 * second[i, c] + rest2 * g * g
            first[i, c], second[i, c] = m, v
            new = rows[i, c] - scale1 * m / (np.sqrt(v) * scale2 + epsilon)
            rows[i, c] = new
            squares += new * new
            gradient[i, c] = zero
        if unit and squares > zero:
            shrink = one / np.sqrt(squares)
            for c in range(p):
                rows[i, c] *= shrink
