"""What a measure of interpretability answers: a score for each unit, and how certain it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from unbraid._documented import documented_answer
from unbraid.errors import InputError
from unbraid.interpret._groups import GROUPS, se_from_groups
from unbraid.stats import Interval

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class UnitScores:
    """Scores of units (or of concepts), each with its interval, chance level, or why it has none.

    Parameters
    ----------
    measure : str
        Name of the measure.
    values : array of shape (m,)
        NaN where a unit could not be scored.
    se : array of shape (m,)
        Standard error of each, for as many other stimuli; NaN where it is not known.
    chance : array of shape (m,)
        What a unit without meaning scores on average.
    reasons : tuple of m str
        Why a unit could not be scored; empty where it was.
    n : int
        Stimuli.
    judge : str
        What said which stimuli are alike.
    influence : array of shape (20, m), optional
        What each random group of stimuli adds to each value, 0 in sum: differences of two sides
        that saw the same stimuli are then paired. None where trials share stimuli in other ways.
    names : array of shape (m,), optional
        Of the units or concepts.
    details : mapping of str to array of shape (m,)
        Further numbers per unit, such as on how many stimuli it is active.
    of : str
        What the scores are of: ``units`` or ``concepts``.
    lowest, highest : float
        Ends of the range of a value; intervals are cut there.
    freedom : int
        Degrees of freedom of the standard errors.
    level : float
        Confidence level of intervals.
    """

    measure: str
    values: np.ndarray
    se: np.ndarray
    chance: np.ndarray
    reasons: tuple[str, ...]
    n: int
    judge: str = ""
    influence: np.ndarray | None = None
    names: np.ndarray | None = None
    details: Mapping[str, np.ndarray] = field(default_factory=dict)
    of: str = "units"
    lowest: float = 0.0
    highest: float = 1.0
    freedom: int = GROUPS - 1
    level: float = 0.95

    def __repr__(self) -> str:
        at = self.interval
        return (
            f"UnitScores({self.measure}: {self.value:.3f} [{at.low:.3f}, {at.high:.3f}], chance "
            f"{self.mean_chance:.3f}, {self.scored.sum()} of {len(self.values)} {self.of} scored)"
        )

    def __len__(self) -> int:
        return len(self.values)

    @property
    def scored(self) -> np.ndarray:
        """Which units have a score (m,)."""
        return np.isfinite(self.values)

    @property
    def coverage(self) -> float:
        """Share of the units that could be scored."""
        return float(self.scored.mean())

    @property
    def value(self) -> float:
        """Mean over the scored units; NaN where there is none."""
        return _mean(self.values[self.scored])

    @property
    def mean_chance(self) -> float:
        """Mean chance level of the scored units."""
        return _mean(self.chance[self.scored])

    @property
    def low(self) -> np.ndarray:
        """Lower end of each unit's interval (m,)."""
        return np.maximum(self.values - self._reach * self.se, self.lowest)

    @property
    def high(self) -> np.ndarray:
        """Upper end of each unit's interval (m,)."""
        return np.minimum(self.values + self._reach * self.se, self.highest)

    @property
    def above_chance(self) -> float:
        """Share of the scored units whose whole interval lies above chance (2.5 % by chance).

        A score that no stimulus moves, such as 1 of 1, has no interval and speaks for itself.
        """
        at_least = np.where(np.isfinite(self.low), self.low, self.values)
        return _mean((at_least > self.chance)[self.scored].astype(float))

    @cached_property
    def interval(self) -> Interval:
        """Interval of the mean, for other stimuli and other units of the same kind.

        The variance between stimuli, and what units differ by beyond their own errors over their
        number; by Student's t.
        """
        freedom = self.freedom if self.influence is not None else max(1, self.scored.sum() - 1)
        reach = special.stdtrit(freedom, (1 + self.level) / 2) * np.sqrt(_variance_of_mean(self))
        low, high = max(self.value - reach, self.lowest), min(self.value + reach, self.highest)
        return Interval(float(low), float(high), self.level)

    def why(self) -> dict[str, int]:
        """Return how many units could not be scored for each reason."""
        missing = [reason for reason in self.reasons if reason]
        return {reason: missing.count(reason) for reason in dict.fromkeys(missing)}

    def table(self) -> pd.DataFrame:
        """Return one row per unit."""
        import pandas as pd

        columns = {
            self.measure: self.values,
            "low": self.low,
            "high": self.high,
            "chance": self.chance,
            **self.details,
            "reason": self.reasons,
        }
        names = np.arange(len(self)) if self.names is None else self.names
        return pd.DataFrame(columns, index=pd.Index(names, name=self.of[:-1]))

    def record(self) -> dict[str, Any]:
        """Return the numbers over all units, as plain JSON data."""
        at = self.interval
        numbers = {
            "value": self.value,
            "low": at.low,
            "high": at.high,
            "chance": self.mean_chance,
            "coverage": self.coverage,
            "above_chance": self.above_chance,
        }
        plain = {k: float(v) if np.isfinite(v) else None for k, v in numbers.items()}
        about = {"measure": self.measure, "judge": self.judge, "of": self.of, "n": self.n}
        return {**about, "count": len(self), **plain, "not_scored": self.why()}

    @property
    def _reach(self) -> float:
        return float(special.stdtrit(self.freedom, (1 + self.level) / 2))


@documented_answer
@dataclass(frozen=True, kw_only=True)
class ScoreDifference:
    """Difference of two sides' mean scores, with an interval."""

    value: float
    """Mean of the first side less that of the second."""
    low: float
    """Lower end of its interval; NaN where there is none."""
    high: float
    """Upper end of its interval; NaN where there is none."""
    level: float
    """Confidence level of ``[low, high]``."""
    paired: bool
    """Whether both sides saw the same stimuli, so that their errors are paired."""

    def __repr__(self) -> str:
        return f"ScoreDifference({self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}])"


def score_difference(a: UnitScores, b: UnitScores) -> ScoreDifference:
    """Return the mean of ``a`` less that of ``b``, for other stimuli and other units of each kind.

    Parameters
    ----------
    a : UnitScores
        Scores of one side.
    b : UnitScores
        Scores of the other, by the same measure.

    Returns
    -------
    ScoreDifference
        Paired where both sides saw the same stimuli and say how much each of them adds.

    Raises
    ------
    InputError
        Two different measures, which have no difference.

    Examples
    --------
    >>> import unbraid as ub
    >>> rng = np.random.default_rng(0)
    >>> kinds = rng.integers(4, size=400)
    >>> good = ub.interpret.label_purity(np.eye(4)[kinds], kinds)  # a unit for each kind
    >>> bad = ub.interpret.label_purity(rng.normal(size=(400, 4)), kinds)
    >>> found = score_difference(good, bad)
    >>> found.low > 0.3, found.paired
    (True, True)
    """
    if a.measure != b.measure:
        raise InputError(f"Both sides must have one measure, got {a.measure} and {b.measure}.")
    value = a.value - b.value
    ia, ib = _mean_influence(a), _mean_influence(b)
    paired = ia is not None and ib is not None and a.n == b.n
    if ia is not None and ib is not None and a.n == b.n:
        variance = _from_groups(ia - ib) + _between_units(a) + _between_units(b)
    else:
        variance = _variance_of_mean(a) + _variance_of_mean(b)
    freedom = min(
        s.freedom if s.influence is not None else max(1, s.scored.sum() - 1) for s in (a, b)
    )
    reach = float(special.stdtrit(freedom, (1 + a.level) / 2)) * float(np.sqrt(variance))
    return ScoreDifference(
        value=value, low=value - reach, high=value + reach, level=a.level, paired=paired
    )


def scores_from_groups(
    measure: str, values: np.ndarray, influence: np.ndarray, *, chance: Any, **about: Any
) -> UnitScores:
    """Return scores whose errors are those of groups of stimuli, one chance for all or one each."""
    return UnitScores(
        measure=measure,
        values=values,
        se=np.where(np.isfinite(values), se_from_groups(influence), np.nan),
        chance=np.full(len(values), chance),
        influence=influence,
        **about,
    )


def _from_groups(psi: np.ndarray) -> float:
    return float(GROUPS / (GROUPS - 1) * np.square(psi).sum())


def _mean_influence(scores: UnitScores) -> np.ndarray | None:
    if scores.influence is None or not scores.scored.any():
        return None
    return np.asarray(scores.influence[:, scores.scored].mean(axis=1))


def _between_units(scores: UnitScores) -> float:
    """Return the variance of the mean for other units: what they differ by beyond their errors."""
    values = scores.values[scores.scored]
    if len(values) < 2:
        return 0.0
    own = np.nan_to_num(np.square(scores.se[scores.scored])).mean()
    extra = values.var(ddof=1) - (own if scores.influence is not None else 0.0)
    return float(max(0.0, extra) / len(values))


def _variance_of_mean(scores: UnitScores) -> float:
    psi = _mean_influence(scores)
    count = int(scores.scored.sum())
    if psi is None:
        if count == 0:
            return float("nan")
        return _between_units(scores) if count > 1 else float(scores.se[scores.scored][0] ** 2)
    return _from_groups(psi) + _between_units(scores)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
