"""RSA of the published protocol: silent units and stimuli dropped, rows normalised."""

from __future__ import annotations

import numpy as np

from unbraid.align._estimator import Estimator, Measured
from unbraid.align._score import NAN
from unbraid.align.geometry._rdm import correlation_distance
from unbraid.align.geometry._rdm_compare import Pearson
from unbraid.errors import InputError


class LongonRsa(Estimator):
    """Pearson correlation of correlation distances; stimuli are dropped jointly on both sides."""

    def __init__(self, x, y, folds, *, rdm: str, compare: str) -> None:
        super().__init__(x, y, folds)
        if compare != "pearson" or rdm not in ("correlation", "euclidean"):
            raise InputError(
                "A published protocol compares correlation distances by Pearson r: leave rdm and "
                "compare alone."
            )
        x, y = x[:, x.any(axis=0)], y[:, y.any(axis=0)]
        self.used = np.ones(len(x), dtype=bool)
        for side in (x, y):
            self.used &= np.ptp(side, axis=1) > 0 if side.shape[1] else False
        self.ok = self.used.sum() >= 3
        if self.ok:
            self.agreement = Pearson(*(correlation_distance(v[self.used]) for v in (x, y)))

    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        if not self.ok:
            return Measured(value=NAN, warnings=("undefined: fewer than 3 stimuli are left.",))
        if order is not None:
            rows = np.argsort(np.argsort(order[np.isin(order, np.flatnonzero(self.used))]))
            return Measured(value=self.agreement.value(rows))
        value = self.agreement.value()
        losses = np.zeros(len(self.used))
        if influence:
            losses[self.used] = self.agreement.losses(value, np.arange(len(self.agreement.a)))
        return Measured(value=value, influence=losses if influence else None, in_sample=value)
