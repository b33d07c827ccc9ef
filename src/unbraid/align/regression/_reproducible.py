"""Sums over stimuli of what is predicted, and of what is reproducible, along directions."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.align._dense import check_memory
from unbraid.align.regression._nested_ridge import NestedRidge


class RecoverySums:
    """Sums over stimuli of what is predicted, and of what is reproducible, along directions."""

    def __init__(
        self, x: np.ndarray, trials: np.ndarray, folds: Any, axes: str, dimensions: int
    ) -> None:
        q = trials.shape[2]
        check_memory(8.0 * 3 * q * q, f"the covariance of {q} target units")
        there = ~np.isnan(trials).any(axis=2, keepdims=True)  # a trial counts if it is whole
        self.there, self.trials = there, np.where(there, trials, 0.0)
        self.count = there.sum(axis=0)[:, 0].astype(float)  # (n,)
        self.nested = NestedRidge(x - x.mean(axis=0), folds)
        self.axes, self.dimensions = axes, q if axes == "units" else min(dimensions, q)

    def sums(self, order: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Return predicted and reproducible (2, n, d), and reproducible of all directions (n,)."""
        order = np.arange(len(self.count)) if order is None else order
        trials, there, count = self.trials[:, order], self.there[:, order], self.count[order]
        found, total = np.zeros((2, len(order), self.dimensions)), np.zeros(len(order))
        for fold, rows in enumerate(self.nested.rows):
            train = self.nested.train((fold,))
            seen = there[:, train].sum(axis=1)
            centre = trials[:, train].sum(axis=1) / np.maximum(seen, 1)  # of each repeat, (R, q)
            centred = np.where(there, trials - centre[:, None], 0.0)
            directions = self._directions(centred[:, train], count[train])
            mean = centred.sum(axis=0) / count[:, None]
            target = mean @ directions
            predicted = self._predicted(fold, target)
            found[0, rows] = 2 * predicted * target[rows] - predicted**2
            found[1, rows] = _products(centred[:, rows] @ directions, count[rows])
            total[rows] = _products(centred[:, rows], count[rows]).sum(axis=1)
        return found, total

    def _directions(self, centred: np.ndarray, count: np.ndarray) -> np.ndarray:
        """Return directions (q, d): eigenvectors of the covariance across repeats, or units."""
        if self.axes == "units":
            return np.eye(centred.shape[2])
        weight = 1 / np.sqrt(count * (count - 1))
        whole = centred.sum(axis=0) * weight[:, None]
        singles = (centred * weight[None, :, None]).reshape(-1, centred.shape[2])
        covariance = whole.T @ whole - singles.T @ singles
        vectors = np.linalg.eigh(covariance)[1][:, ::-1]
        return np.asarray(vectors[:, : self.dimensions])

    def _predicted(self, fold: int, target: np.ndarray) -> np.ndarray:
        """Predict the stimuli of a fold, minus the training mean, penalties by inner folds."""
        errors: Any = 0.0
        for inner in set(range(self.nested.n_folds)) - {fold}:
            out = (min(fold, inner), max(fold, inner))
            errors = errors + self.nested.errors(out, target)[0][out.index(inner)]
        return self.nested.fitted((fold,), target, errors.argmin(axis=0))[0]


def _products(trials: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return the mean product (n, d) of two different repeats, from centred trials (R, n, d)."""
    whole, singles = trials.sum(axis=0), np.square(trials).sum(axis=0)
    return np.asarray((whole**2 - singles) / (count * (count - 1))[:, None])
