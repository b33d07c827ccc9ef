"""Best partner of each column, found in float32 and decided in float64.

Cross-products of each fold are made in float32, twice as fast; every source whose correlation
comes within the rounding bound of the best is then compared in float64, so that the answer is that
of float64 arithmetic.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from unbraid._kernels.threads import in_blocks

_UNIT = 2.0**-24  # rounding of a float32, relative: half of the last of its 24 bits


@numba.njit(cache=True, nogil=True, fastmath={"contract", "arcp"})
def _near_best(start, stop, total, part, a, b, inverse, slack, absolute, first, count):  # fmt: skip
    """Fill the best row of each column, and how many come within ``slack`` of it."""
    p = total.shape[0]
    width = stop - start
    best = np.full(width, np.float32(-np.inf))
    r = np.empty(width, dtype=np.float32)
    for again in range(2):
        for i in range(p):
            if not inverse[i] > 0:
                continue
            for c in range(width):
                r[c] = (total[i, start + c] - part[i, start + c] - a[i] * b[start + c]) * inverse[i]
            if absolute:
                for c in range(width):
                    r[c] = abs(r[c])
            if again:
                for c in range(width):
                    if r[c] >= best[c]:
                        if count[start + c] == 0:
                            first[start + c] = i
                        count[start + c] += 1
            else:
                for c in range(width):
                    best[c] = max(best[c], r[c])
        if not again:
            for c in range(width):
                best[c] -= slack[start + c]


def near_best(
    total: np.ndarray, part: np.ndarray, means: tuple[np.ndarray, np.ndarray], inverse: np.ndarray,
    slack: np.ndarray, absolute: bool,
) -> tuple[Any, Any]:  # fmt: skip
    """Return the first source within ``slack`` of each target's best, and the number of them."""
    first, count = np.full(total.shape[1], -1), np.zeros(total.shape[1], dtype=np.int64)
    a, b = (part.astype(np.float32) for part in means)
    in_blocks(
        _near_best, total.shape[1], total, part, a, b, inverse.astype(np.float32),
        slack.astype(np.float32), absolute, first, count, least=64,
    )  # fmt: skip
    return first, count


def rounding(n_largest: int) -> float:
    """Return the bound of float32 rounding of a sum of fold cross-products, relative to norms."""
    return (n_largest + 16) * _UNIT
