"""What is known of the dictionaries that a verdict rests on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from unbraid.align import Score
from unbraid.comparison.dictionaries._system import Pair, side_of


@dataclass(frozen=True, kw_only=True)
class Grounds:
    """What is known of the dictionaries beside the scores; NaN where it is not known."""

    beyond_bound: bool = False
    """Whether a system has fewer units than K ln(N/K)."""
    unexplained: tuple[float, float] = (math.nan, math.nan)
    """Share of the variance of new stimuli that the codes of x and y leave unexplained."""
    unpredicted: tuple[float, float] = (math.nan, math.nan)
    """Share of the variance of units left out that the atoms do not predict."""
    agreement: tuple[float, float] = (math.nan, math.nan)
    """Headline score of the codes of two seeds of one system."""


def grounds_of(
    headline: str, lifted: Sequence[Pair], scores: Sequence[Score], beyond: bool
) -> Grounds:
    """Return the grounds of both systems, means over seeds."""
    sides = [side_of(lifted, side) for side in (0, 1)]

    def both(found: Iterable[Iterable[float]]) -> tuple[float, float]:
        x, y = (_mean(values) for values in found)
        return x, y

    return Grounds(
        beyond_bound=beyond,
        unexplained=both([each.fvu for each in side] for side in sides),
        unpredicted=both(
            [each.dictionary.evidence.fvu_held_out_units for each in side] for side in sides
        ),
        agreement=both(
            [s.value for s in scores if (s.metric, s.systems) == (headline, systems)]
            for systems in ("x->x", "y->y")
        ),
    )


def _mean(values: Iterable[float]) -> float:
    """Return the mean of the finite values, NaN where there is none."""
    finite = [value for value in values if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else math.nan
