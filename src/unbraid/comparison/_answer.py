"""A paired difference, and the verdict on all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False, kw_only=True)
class Change:
    """A paired difference of two scores on the same stimuli, for other stimuli and other seeds."""

    name: str
    metric: str
    before: float
    after: float
    value: float
    low: float
    high: float
    p_value: float = float("nan")
    """Two-sided, of no difference."""
    width: int | None = None
    """Units of the wide random expansion that it exceeds or not: the median of those chosen."""

    @property
    def is_gain(self) -> bool:
        """Whether the whole interval is above zero."""
        return self.low > 0

    def record(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {name: plain(value) for name, value in vars(self).items()}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the comparison found, in one sentence that a control can overturn."""

    tone: str
    """``gain``, ``no gain``, ``explained by a control`` or ``cannot help``."""
    sentence: str
    reasons: tuple[str, ...] = ()


def plain(value: Any) -> Any:
    """Return plain JSON data; numbers that are not finite become None."""
    if isinstance(value, float | np.floating):
        return None if not np.isfinite(value) else float(value)
    return value
