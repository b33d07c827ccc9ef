"""Targets that count by how large they are, in a matching's held-out sums."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from unbraid.align._estimator import Measured
from unbraid.align.matching.solvers._matched import Pooled


def weighed(pooled: Pooled, values: Any) -> Pooled:
    """Return sums whose targets count by their summed size."""
    mass = np.asarray(abs(values).sum(axis=0), np.float64).ravel()
    mean = float(mass[pooled.share > 0].mean()) if (pooled.share > 0).any() else 0.0
    return replace(pooled, share=pooled.share * mass / mean) if mean > 0 else pooled


def unweighed(found: Measured) -> Measured:
    """Return the estimate with every scored target covered alike."""
    return replace(found, weights=None)
