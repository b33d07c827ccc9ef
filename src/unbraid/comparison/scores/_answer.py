"""A paired difference of two scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unbraid._answers import plain
from unbraid._documented import documented_answer


@documented_answer
@dataclass(frozen=True, eq=False, kw_only=True)
class Change:
    """A paired difference of two scores on the same stimuli, for other stimuli and other seeds."""

    name: str
    """Which two sides are compared."""
    metric: str
    """Metric of both scores."""
    before: float
    """The first score, mean over seeds."""
    after: float
    """The second score, mean over seeds."""
    value: float
    """``after - before``."""
    low: float
    """Lower end of its interval; NaN where there is none."""
    high: float
    """Upper end of its interval; NaN where there is none."""
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
