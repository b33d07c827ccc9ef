"""Held-out ridge predictions from codes too many for any decomposition.

The definitions of ``NestedRidge``; every fit solves its linear systems by conjugate gradients,
all penalties at once, on the smaller side, with products of the codes alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.linear_algebra.shifted_conjugate_gradients import Solved, shifted_solves
from unbraid.align._dense import check_memory
from unbraid.align.regression._nested_ridge import ALPHAS, Nested
from unbraid.stats import Folds

_TO_CHOOSE = 1e-6, 500  # relative residual, and most steps, of fits that only choose penalties
_TO_PREDICT = 1e-10, 2000  # the same of fits that predict: as exact as a decomposition
_ROUGH = 1e-2  # from this relative residual a fit's errors do not show which penalty is best
_PREDICTION_BLOCK = 2.0**28  # bytes of predictions for all penalties held at once


class IterativeRidge(Nested):
    """Nested ridge from products with the codes; ``residual`` says how well it was solved."""

    def __init__(self, x: sp.csr_array, folds: Folds) -> None:
        super().__init__(x, folds)
        check_memory(3 * _PREDICTION_BLOCK + 64.0 * sum(x.shape), f"ridge of codes {x.shape}")
        self.residual = 0.0

    def fitted(
        self, out: tuple[int, ...], y: np.ndarray, chosen: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        fit = self._fit(out, y)
        weights = self._weights(fit, chosen)
        tests = self.x[np.concatenate([self.rows[fold] for fold in out])] if out else self.x
        return fit.see(tests, weights), fit.see(fit.x, weights).std(axis=0)

    def _weights(self, fit: _IterativeFit, chosen: np.ndarray) -> np.ndarray:
        """Return the solution (side, q) at each target's own penalty."""
        shifts = fit.unit * ALPHAS[chosen][None]
        found = fit.solve(lambda v: v, slice(None), shifts, _TO_PREDICT)
        self.residual = max(self.residual, float(found.residual.max()))
        return found.seen[0]

    def errors(self, out: tuple[int, ...], y: np.ndarray) -> tuple[list[np.ndarray], Any]:
        fit = self._fit(out, y)
        tests = np.concatenate([self.rows[fold] for fold in out])
        x, target = self.x[tests], y[tests] - fit.level
        edges = np.cumsum([0] + [len(self.rows[fold]) for fold in out])
        errors = np.empty((len(out), len(ALPHAS), y.shape[1]))
        residual = np.empty(errors.shape[1:])
        step = max(1, int(_PREDICTION_BLOCK / (16 * len(ALPHAS) * len(tests))))
        for start in range(0, y.shape[1], step):
            block = slice(start, start + step)
            shifts = np.repeat(fit.unit * ALPHAS[:, None], target[:, block].shape[1], axis=1)
            found = fit.solve(lambda v: fit.see(x, v), block, shifts, _TO_CHOOSE)
            residual[:, block] = found.residual
            for i, (a, b) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
                misses = found.seen[:, a:b] - target[a:b, block]
                errors[i, :, block] = np.einsum("atj,atj->aj", misses, misses)
        return list(errors), residual > _ROUGH

    def _fit(self, out: tuple[int, ...], y: np.ndarray) -> _IterativeFit:
        rows = self.train(out)
        x = self.x[rows]
        n, mean = len(rows), np.asarray(x.mean(axis=0)).ravel()
        power = np.asarray(x.power(2).sum(axis=0)).ravel() - n * mean**2
        # the mean over the eigenvalues that are not 0, for rows and units that are independent
        rank = min(n - 1, int((power > 1e-14 * power.max(initial=0.0)).sum()))
        unit = float(power.sum()) / max(rank, 1)
        level = y[rows].mean(axis=0)
        return _IterativeFit(x, x.T.tocsr(), mean, y[rows] - level, level, rows, unit or 1.0)


@dataclass(frozen=True, eq=False)
class _IterativeFit:
    """Centred training codes as operators, on the side of the stimuli or of the latents."""

    x: sp.csr_array
    turned: sp.csr_array
    mean: np.ndarray
    y: np.ndarray
    """(n, q) minus the training mean ``level``."""
    level: np.ndarray
    train: np.ndarray
    unit: float
    """Mean eigenvalue: the scale in which penalties are given."""

    @property
    def dual(self) -> bool:
        return self.x.shape[0] <= self.x.shape[1]

    def forth(self, x: sp.csr_array, v: np.ndarray) -> np.ndarray:
        """Centred codes times weights of the latents."""
        return x @ v - self.mean @ v

    def back(self, v: np.ndarray) -> np.ndarray:
        """Centred training codes, turned, times values of the stimuli."""
        return self.turned @ v - np.outer(self.mean, v.sum(axis=0))

    def see(self, x: sp.csr_array, v: np.ndarray) -> np.ndarray:
        """Return the predictions of the solution ``v`` for other codes."""
        return self.forth(x, self.back(v) if self.dual else v)

    def solve(self, see, block: slice, shifts: np.ndarray, until: tuple[float, int]) -> Solved:
        """Solve for the targets of a block at each of their penalties."""
        right = np.ascontiguousarray(self.y[:, block])
        if self.dual:
            return shifted_solves(
                lambda v: self.forth(self.x, self.back(v)), see, right, shifts, *until
            )
        return shifted_solves(
            lambda v: self.back(self.forth(self.x, v)), see, self.back(right), shifts, *until
        )
