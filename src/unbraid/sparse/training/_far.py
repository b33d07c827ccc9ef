"""Responses far from zero, brought near it before single precision takes their digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.sparse.training._source import OnDisk, spaced

_FAR = 1e3  # standard deviations: from there on single precision costs a ten-thousandth of one
_FAR_ROWS = 1000  # stimuli: enough to see an offset a thousand spreads away


def far_center(x: Any) -> np.ndarray | None:
    """Return a stimulus (p,), float64, in the middle of ``x``, or None if zero is not far off.

    Decided from up to 1,000 stimuli, evenly spaced.
    """
    some = np.asarray(x[spaced(np.arange(len(x)), _FAR_ROWS)], np.float64)
    center = some.mean(0)
    spread = np.sqrt(np.square(some - center).mean())
    return center if np.abs(center).max() > _FAR * spread else None


def moved(x: Any, center: np.ndarray) -> Any:
    """Return ``x`` less a stimulus; what is on disk stays there."""
    if isinstance(x, OnDisk):
        return OnDisk(x.where, center)
    return (x - center).astype(x.dtype, copy=False)
