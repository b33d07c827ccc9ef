"""One measure of one side over the dictionary seeds, and by how much the codes exceed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from unbraid._answers import plain
from unbraid._documented import documented_answer
from unbraid.evaluation._baselines import TITLES
from unbraid.evaluation._measures import MEASURES
from unbraid.interpret import UnitScores, score_difference
from unbraid.stats import Interval


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SideScore:
    """One measure of one side, over the dictionary seeds where there are several."""

    side: str
    """``base``, ``codes`` or a baseline's name."""
    measure: str
    """Name of the measure."""
    seeds: tuple[UnitScores, ...]
    """Scores unit by unit, one per seed."""

    def __repr__(self) -> str:
        at = self.interval
        return (
            f"SideScore({self.side} {self.measure} {self.value:.3f} [{at.low:.3f}, {at.high:.3f}])"
        )

    @property
    def value(self) -> float:
        """Mean over units, and over seeds."""
        return float(np.mean([scores.value for scores in self.seeds]))

    @property
    def spread(self) -> float:
        """Standard deviation over dictionary seeds; NaN where there is one."""
        values = [scores.value for scores in self.seeds]
        return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")

    @property
    def interval(self) -> Interval:
        """For other stimuli, other units, and other seeds where there are several."""
        first = self.seeds[0]
        half = (first.interval.high - first.interval.low) / 2
        low, high = _with_seeds(self.value, half, [s.value for s in self.seeds], first.level)
        return Interval(max(low, first.lowest), min(high, first.highest), first.level)

    @property
    def chance(self) -> float:
        """Mean chance level."""
        return float(np.mean([scores.mean_chance for scores in self.seeds]))

    @property
    def coverage(self) -> float:
        """Share of the units that could be scored."""
        return float(np.mean([scores.coverage for scores in self.seeds]))

    def record(self) -> dict[str, Any]:
        """Return plain JSON data."""
        at = self.interval
        return {
            **self.seeds[0].record(),
            "measure": self.measure,
            "side": self.side,
            "value": plain(self.value),
            "low": plain(at.low),
            "high": plain(at.high),
            "seeds": len(self.seeds),
            "spread_over_seeds": plain(self.spread),
        }


@documented_answer
@dataclass(frozen=True, kw_only=True)
class BaselineContrast:
    """By how much the codes exceed another side in one measure."""

    measure: str
    """Name of the measure."""
    side: str
    """The side that the codes are set beside."""
    value: float
    """Mean score of the codes less that of the side."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end of its interval."""

    def record(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {name: plain(value) for name, value in vars(self).items()}


def contrast(codes: SideScore, other: SideScore) -> BaselineContrast:
    """Return the difference, for other stimuli, units and seeds."""
    first = score_difference(codes.seeds[0], other.seeds[0])
    values = [scores.value - other.seeds[i % len(other.seeds)].value
              for i, scores in enumerate(codes.seeds)]  # fmt: skip
    value = codes.value - other.value
    low, high = _with_seeds(value, (first.high - first.low) / 2, values, first.level)
    return BaselineContrast(measure=codes.measure, side=other.side, value=value, low=low, high=high)


def title_of(name: str) -> str:
    """Return what a side or a measure is called on pages and in sentences.

    Parameters
    ----------
    name : str
        Name of a side (``base``, ``codes`` or a baseline) or of a measure.

    Returns
    -------
    str
        Such as ``units`` for ``base``.

    Examples
    --------
    >>> title_of("base"), title_of("k_means")
    ('units', 'k-means directions')
    """
    return TITLES[name] if name in TITLES else MEASURES[name].title


def _with_seeds(
    value: float, half: float, values: list[float], level: float
) -> tuple[float, float]:
    """Return an interval that a spread over seeds widens (Welch and Satterthwaite)."""
    count = len(values)
    if count < 2 or not np.isfinite(half):
        return value - half, value + half
    freedom = 19
    own = (half / special.stdtrit(freedom, (1 + level) / 2)) ** 2
    seeds = np.var(values, ddof=1) / count
    both = own + seeds
    if both <= 0:
        return value, value
    joint = both**2 / (own**2 / freedom + seeds**2 / (count - 1))
    reach = float(special.stdtrit(joint, (1 + level) / 2) * np.sqrt(both))
    return value - reach, value + reach
