"""wMPPC of two code matrices, without densifying either."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.align._estimator import Measured
from unbraid.align.matching.solvers._matched import Pooled
from unbraid.align.matching.solvers._sparse_matched import SparseSemi
from unbraid.align.matching.solvers._weighed import unweighed, weighed


class SparseWeighted(SparseSemi):
    """Semi-matching of codes whose targets count by their size."""

    by_target = False

    def pool(self, target: Any, plans: Any, scored: Any) -> Pooled:
        return weighed(super().pool(target, plans, scored), self.y)

    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        return unweighed(super().estimate(order, influence))
