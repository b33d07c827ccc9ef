"""The k largest positive numbers of each column, many columns at a time."""

from __future__ import annotations

import numba
import numpy as np

_WIDTH = 64  # columns that one pass over the rows carries along


@numba.njit(nogil=True, cache=True)
def keep_largest(values, k):
    """Return ``values (m, B)`` with all but each column's k largest positive numbers set to 0.

    Each column keeps its k best so far, sorted; a new row is sifted down them by minima and
    maxima alone, which run side by side over the columns. Equal numbers at rank k all stay.
    """
    m, n = values.shape
    kept = np.zeros_like(values)
    best = np.empty((k, _WIDTH), values.dtype)
    carried = np.empty(_WIDTH, values.dtype)
    for start in range(0, n, _WIDTH):
        width = min(_WIDTH, n - start)
        best[:] = 0
        for j in range(m):
            for c in range(width):
                carried[c] = values[j, start + c]
            for i in range(k):
                for c in range(width):
                    here, new = best[i, c], carried[c]
                    best[i, c] = new if new > here else here
                    carried[c] = here if new > here else new
        for j in range(m):
            for c in range(width):
                value = values[j, start + c]
                if value >= best[k - 1, c] and value > 0:
                    kept[j, start + c] = value
    return kept
