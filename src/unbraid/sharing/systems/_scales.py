"""Systems of which a few units, or a few stimuli, hold nearly everything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unbraid.sharing.systems._stack import Systems

_HELD, _LOUD = 0.99, 0.25  # of the variance; of the units that vary
_FEWEST_UNITS = 4  # units of which a few can be told from the rest
_STRONGEST, _TAIL = 0.01, 0.5  # of the stimuli; of the power


@dataclass(frozen=True, kw_only=True)
class Scales:
    """How a system's variance lies over its units and stimuli."""

    loud: int
    """Units that hold 99 % of the variance, the fewest."""
    vary: int
    """Units that vary at all."""
    tail: float
    """Share of the power that the strongest hundredth of the stimuli holds."""

    @property
    def few_units(self) -> bool:
        """Whether a quarter of the units hold so much that the others' features cannot be seen."""
        return self.vary >= _FEWEST_UNITS and self.loud <= _LOUD * self.vary

    @property
    def few_stimuli(self) -> bool:
        """Whether a hundredth of the stimuli holds half of the power."""
        return self.tail > _TAIL


def scales_of(systems: Systems) -> tuple[Scales, ...]:
    """Return the scales of each system, from the stimuli that it answered."""
    return tuple(_scales(systems.only(number)) for number in range(len(systems.sizes)))


def _scales(x: np.ndarray) -> Scales:
    square = np.square(x - x.mean(axis=0, dtype=np.float64), dtype=np.float64)
    of_unit, of_row = square.mean(axis=0), square.sum(axis=1)
    sums = np.cumsum(np.sort(of_unit)[::-1])
    strongest = np.sort(of_row)[::-1][: max(1, round(_STRONGEST * len(x)))]
    return Scales(
        loud=int(np.searchsorted(sums, _HELD * sums[-1])) + 1,
        vary=int((of_unit > 0).sum()),
        tail=float(strongest.sum() / of_row.sum()) if of_row.any() else 0.0,
    )
