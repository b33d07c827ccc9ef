"""The published code's protocols (Longon et al. 2025): its folds, dead-unit rule and ridge.

``longon2025`` is the code at commit b589eb7 (2025-09-16, the last before the preprint),
``longon2026`` at 76dcda6 (2026-07-08): they differ for ridge only.

Each fold's training and test rows are centred, and for the matching metrics scaled to unit norm,
by their own statistics; units that are all zero in any training or any test fold are dropped on
both sides; the value is the mean of the five folds' scores. A unit that is constant but not zero
on some fold's rows, 0/0 in the published code, is dropped like a silent one.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid.align._dense import finite_mean
from unbraid.align._estimator import Estimator, Measured
from unbraid.align._score import NAN
from unbraid.errors import InputError

_PUBLISHED_ALPHAS = np.logspace(-8, 8, 17)  # as in the published code
PUBLISHED = ("longon2025", "longon2026")
"""The published code's protocols."""


class LongonMetric(Estimator):
    """Estimator of the protocol; subclasses predict the test rows of a fold."""

    scaled = ()

    gap = NAN
    constant_is_dead = True
    """Whether a source that is constant, but not zero, on some fold's rows is dropped too."""

    def __init__(self, x, y, folds, **options) -> None:
        super().__init__(x, y, folds, **options)
        if options.get("sign", "signed") != "signed":
            raise InputError("A published protocol is signed; sign='absolute' needs 'unbraid'.")
        if options.get("mass", 1) != 1:
            raise InputError("A published protocol matches all mass; mass < 1 needs 'unbraid'.")
        self.rows = [np.flatnonzero(folds == fold) for fold in range(folds.n_folds)]
        self.alive_x = self._alive(x, self.constant_is_dead)

    @abstractmethod
    def predict(self, x_train: np.ndarray, y_train: np.ndarray, x_test: np.ndarray) -> Any:
        """Return the prediction of the normalised test rows of y, (n_test, q)."""

    def normalise(self, values: np.ndarray) -> np.ndarray:
        """Centre each column and give it unit norm."""
        values = values - values.mean(axis=0)
        norm = np.linalg.norm(values, axis=0)
        return values / np.where(norm > 0, norm, 1.0)

    def score(self, predicted: np.ndarray, y_test: np.ndarray) -> np.ndarray:
        """Return the score of each target, (q,)."""
        return np.einsum("tj,tj->j", predicted, y_test)

    def influence(self, x_test, predicted, y_test, score):
        """Return the derivative of the mean score by each test stimulus' weight."""
        del x_test
        product = predicted * y_test
        return (product - score * (predicted**2 + y_test**2) / 2).mean(axis=1)

    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        y = self.y if order is None else self.y[order]
        alive_y = self._alive(y, True)
        per_target = np.full((len(self.rows), y.shape[1]), np.nan)
        phi = np.zeros(len(y))
        if not (alive_y.any() and self.alive_x.any()):
            return self._nothing(y.shape[1])
        x, y = self.x[:, self.alive_x], y[:, alive_y]
        for fold, test in enumerate(self.rows):
            train = np.setdiff1d(np.arange(len(y)), test)
            parts = [self.normalise(part) for part in (x[train], y[train], x[test], y[test])]
            predicted = self.predict(parts[0], parts[1], parts[2])
            per_target[fold, alive_y] = score = self.score(predicted, parts[3])
            if influence:
                phi[test] = self.influence(parts[2], predicted, parts[3], score) / len(self.rows)
        per_fold = per_target[:, alive_y].mean(axis=1)
        if order is not None:
            return Measured(value=float(per_fold.mean()))
        whole = [self.normalise(part) for part in (x, y)]
        fitted = self.predict(whole[0], whole[1], whole[0])
        return Measured(
            value=float(per_fold.mean()),
            per_fold=per_fold,
            per_target=per_target.mean(axis=0),
            influence=phi if influence else None,
            in_sample=finite_mean(self.score(fitted, whole[1])),
            gap=self.gap,
            warnings=self.trap(x),
        )

    def trap(self, x: np.ndarray) -> tuple[str, ...]:  # noqa: ARG002
        """Return warnings about known problems of this protocol."""
        return ()

    def _alive(self, values: np.ndarray, constant_is_dead: bool) -> np.ndarray:
        alive = np.ones(values.shape[1], dtype=bool)
        for test in self.rows:
            held = np.zeros(len(values), dtype=bool)
            held[test] = True
            for rows in (held, ~held):
                part = values[rows]
                alive &= np.ptp(part, axis=0) > 0 if constant_is_dead else part.any(axis=0)
        return alive

    def _nothing(self, q: int) -> Measured:
        return Measured(
            value=NAN,
            per_fold=np.full(len(self.rows), np.nan),
            per_target=np.full(q, np.nan),
            warnings=("nothing is scored: every unit of a side is silent in some fold.",),
        )


class LongonSemi(LongonMetric):
    """Best training correlation, scored by test correlation."""

    def predict(self, x_train, y_train, x_test):
        return x_test[:, (x_train.T @ y_train).argmax(axis=0)]


class LongonSoft(LongonMetric):
    """``sum_ij P_ij C_ij``: each target's score is its column of the plan, times q."""

    gap = 0.0

    def predict(self, x_train, y_train, x_test):
        from unbraid._kernels.matching.published_transport import published_transport

        plan = published_transport(x_train.T @ y_train)
        p, q = x_train.shape[1], y_train.shape[1]
        self._plan = sp.csc_array((plan.mass * q, (plan.sources, plan.targets)), shape=(p, q))
        self.gap = max(self.gap, plan.gap)
        return x_test @ self._plan

    def influence(self, x_test, predicted, y_test, score):
        """As for a correlation, but each source's square counts with the weight of its pairs."""
        plan = self._plan.tocoo()
        r = np.einsum("te,te->e", x_test[:, plan.row], y_test[:, plan.col])
        of_x = np.bincount(plan.row, plan.data * r, minlength=x_test.shape[1])
        squares = x_test**2 @ of_x + y_test**2 @ score
        return (np.einsum("tj,tj->t", predicted, y_test) - squares / 2) / y_test.shape[1]


class LongonRidge(LongonMetric):
    """RidgeCV with one alpha for all targets, leave-one-out on columns centred by hand."""

    constant_is_dead = False

    def normalise(self, values: np.ndarray) -> np.ndarray:
        """Centre each column."""
        return values - values.mean(axis=0)

    def predict(self, x_train, y_train, x_test):
        from sklearn.linear_model import RidgeCV

        model = RidgeCV(alphas=_PUBLISHED_ALPHAS, fit_intercept=False).fit(x_train, y_train)
        return model.predict(x_test).reshape(len(x_test), -1)

    def score(self, predicted: np.ndarray, y_test: np.ndarray) -> np.ndarray:
        norms = np.linalg.norm(predicted, axis=0) * np.linalg.norm(y_test, axis=0)
        cosine = np.einsum("tj,tj->j", predicted, y_test)
        return np.where(norms > 0, cosine / np.where(norms > 0, norms, 1.0), 0.0)

    def influence(self, x_test, predicted, y_test, score):
        """As for a correlation of prediction and target."""
        unit = [part / np.maximum(np.linalg.norm(part, axis=0), 1e-300) for part in
                (predicted, y_test)]  # fmt: skip
        return super().influence(x_test, unit[0], unit[1], score)

    def trap(self, x: np.ndarray) -> tuple[str, ...]:
        n_train = min(len(x) - len(rows) for rows in self.rows)
        if x.shape[1] < n_train:
            return ()
        return (
            f"p = {x.shape[1]} >= {n_train} training stimuli: leave-one-out on columns centred by "
            "hand then picks alpha = 1e-8, and the score is too low; see protocol='unbraid'.",
        )


class LongonScaledRidge(LongonRidge):
    """The same on columns of unit norm, training and test rows each by their own."""

    constant_is_dead = True

    def normalise(self, values: np.ndarray) -> np.ndarray:
        """Centre each column and give it unit norm."""
        return LongonMetric.normalise(self, values)
