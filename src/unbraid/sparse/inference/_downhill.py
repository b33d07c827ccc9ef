"""The least of errors that fall and rise again along a list, without all of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_START = 3  # of the place: grids begin far above what is usually chosen


def downhill(error: Callable[[int], float], count: int) -> tuple[int, float]:
    """Return the place (of ``count``) from which no step lowers the error, and its error.

    Each place is asked for once at most. Where the first error is not finite, it ends there.
    """
    tried: dict[int, float] = {}

    def at(place: int) -> float:
        if place not in tried:
            tried[place] = error(place)
        return tried[place]

    best = _START
    while np.isfinite(at(best)):
        if best > 0 and at(best - 1) < at(best):
            best -= 1
        elif best < count - 1 and at(best + 1) < at(best):
            best += 1
        else:
            break
    return best, at(best)
