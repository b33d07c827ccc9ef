"""One number over several seeds: its mean and interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid.studies._study import Series


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

    @property
    def row(self) -> dict[str, Any]:
        """Its columns in a study's table."""
        return {"mean": self.mean, "low": self.low, "high": self.high, "seeds": self.n}

    def agrees_with(self, reference: float, tolerance: float = 0.05) -> bool:
        """Whether a reference lies in the interval, or within ``tolerance`` of the mean."""
        return bool(abs(self.mean - reference) <= tolerance or self.low <= reference <= self.high)


def across(
    values: Sequence[float] | np.ndarray,
    level: float = 0.95,
    *,
    most: float = np.inf,
    least: float = -np.inf,
) -> Across:
    """Summarise one number per seed.

    Parameters
    ----------
    values : sequence of float
        One per seed; independent of each other.
    level : float
    most : float
        What the number cannot exceed, where the interval ends at the latest: 1 for a score.
    least : float
        What it cannot be below, where the interval begins at the earliest: 0 for MCC.
    """
    from scipy.stats import t

    array = np.asarray(values, dtype=float)
    n = len(array)
    mean = float(array.mean())
    if n < 2:
        return Across(mean, float("nan"), float("nan"), n)
    half = float(t.ppf((1 + level) / 2, n - 1) * array.std(ddof=1) / np.sqrt(n))
    return Across(mean, max(mean - half, least), min(mean + half, most), n)


def series(
    name: str,
    x: Sequence[Any],
    rows: Sequence[Mapping[str, Any]],
    *,
    y: str = "mean",
    kind: str = "measured",
) -> Series:
    """Draw the column ``y`` of some rows, with their ``low`` and ``high``."""
    ends = {end: [row[end] for row in rows] for end in ("low", "high")}
    return Series(name=name, x=list(x), y=[row[y] for row in rows], **ends, kind=kind)
