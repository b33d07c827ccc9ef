"""A few numbers that distinguish a model's output from any other output."""

from __future__ import annotations

from typing import Any

import numpy as np

_SIZE = 8  # projections: two different arrays are alike in all with a chance of about .02^8
_CLOSE = 0.02  # of the size: half precision on another machine stays below


def sketch(values: np.ndarray) -> list[float]:
    """Return random projections ``r_j . x / |r_j|`` of an array, the same for every array."""
    flat = np.asarray(values, dtype=np.float64).ravel()
    rng = np.random.default_rng(0)
    drawn = (rng.standard_normal(flat.size) for _ in range(_SIZE))
    return [float(direction @ flat / np.sqrt(flat.size)) for direction in drawn]


def differ(values: Any, others: Any) -> bool:
    """Return whether two arrays of one shape differ by more than rounding."""
    values, others = np.asarray(values, np.float64), np.asarray(others, np.float64)
    return bool(np.linalg.norm(values - others) > _CLOSE * np.linalg.norm(others))
