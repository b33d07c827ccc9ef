"""What noise allows: the best score of each target, and of all together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid.align._dense import finite_mean
from unbraid.align._score import NAN


@dataclass(frozen=True, eq=False)
class Ceiling:
    """Best score that noise allows each target."""

    best: np.ndarray
    """(q,) in [0, 1]; NaN where it is not known."""
    excluded: np.ndarray
    """(q,) targets whose reliability, or whose source's, is below the floor."""
    notes: tuple[str, ...] = ()
    """Reasons to doubt it."""

    def of(self, scored: np.ndarray) -> dict[str, Any]:
        """Return what a score reports of it, for the targets that are scored."""
        reliable = scored & ~self.excluded & ~np.isnan(self.best)
        every = self.best[scored]
        return {
            "ceiling": finite_mean(self.best[reliable]) if reliable.any() else NAN,
            "ceiling_over_all": finite_mean(every) if len(every) else NAN,
            "ceiling_per_target": np.where(reliable, self.best, NAN),
        }
