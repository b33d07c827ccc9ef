"""The k largest positive entries of each short row, all others set to zero, in one pass."""

from __future__ import annotations

import numba
import numpy as np


def keep_top(scores: np.ndarray, k: int) -> np.ndarray:
    """Return ``scores`` (n, m) with all but each row's k largest positive entries set to 0.

    For rows of at most a few hundred entries; at a tie the first entries are kept.
    """
    kept = np.zeros_like(scores)
    _keep_top(scores, k, kept)
    return kept


@numba.njit(nogil=True, cache=True)
def _keep_top(scores, k, kept):
    n, m = scores.shape
    values = np.empty(k, scores.dtype)
    columns = np.empty(k, np.int64)
    for row in range(n):
        count = 0
        for j in range(m):
            value = scores[row, j]
            if value <= 0 or (count == k and value <= values[k - 1]):
                continue
            at = count if count < k else k - 1
            while at > 0 and values[at - 1] < value:
                values[at] = values[at - 1]
                columns[at] = columns[at - 1]
                at -= 1
            values[at] = value
            columns[at] = j
            if count < k:
                count += 1
        for i in range(count):
            kept[row, columns[i]] = values[i]
