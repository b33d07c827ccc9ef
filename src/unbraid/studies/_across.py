"""One number over several seeds: its mean and how far it can be off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Across:
    """Mean over seeds, with a 95 % interval of Student's t (NaN for one seed)."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        if self.n < 2:
            return f"{self.mean:.3f} (one seed)"
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def agrees_with(self, reference: float, tolerance: float = 0.05) -> bool:
        """Whether a reference lies in the interval, or within ``tolerance`` of the mean."""
        return bool(abs(self.mean - reference) <= tolerance or self.low <= reference <= self.high)


def across(values: Sequence[float] | np.ndarray, level: float = 0.95) -> Across:
    """Summarise one number per seed.

    Parameters
    ----------
    values : sequence of float
        One a seed; independent of each other.
    level : float
    """
    from scipy.stats import t

    array = np.asarray(values, dtype=float)
    n = len(array)
    mean = float(array.mean())
    if n < 2:
        return Across(mean, float("nan"), float("nan"), n)
    half = float(t.ppf((1 + level) / 2, n - 1) * array.std(ddof=1) / np.sqrt(n))
    return Across(mean, mean - half, mean + half, n)
