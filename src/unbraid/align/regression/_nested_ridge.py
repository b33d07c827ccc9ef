"""Held-out ridge predictions, the penalty of each target chosen on inner folds.

The inner folds of outer fold ``f`` are the other outer folds, so that groups and runs stay whole;
the fit that leaves out ``f`` and ``g`` serves both as inner folds of each other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np

from unbraid._kernels.device import product
from unbraid._kernels.linear_algebra.ridge import LEAST, MOST, Spectrum, spectrum
from unbraid.align._dense import check_memory
from unbraid.errors import InputError
from unbraid.stats import Folds

ALPHAS = np.logspace(np.log10(LEAST), np.log10(MOST), 13)
"""Of ``PenaltyGrid``: in mean eigenvalues of the centred training Gram matrix."""
_NEAR = 3  # penalties, a decade each: of 24 fits that lost a third, one left three unnamed


@dataclass(frozen=True, eq=False)
class Predictions:
    """Held-out predictions of one block of targets."""

    held_out: np.ndarray
    """(n, q) minus the training mean."""
    centred: np.ndarray
    """(n, q) targets minus the training mean."""
    alphas: np.ndarray
    """(n_folds, q) index of the penalty chosen."""
    scales: np.ndarray
    """(2, n_folds, q) standard deviation of prediction and target on the training stimuli."""
    leading: np.ndarray
    """(n_folds, q) number of leading units that predict."""


class Nested(ABC):
    """Nested cross-validation of ridge; subclasses say how one training set is fitted.

    ``unsure`` is the share of targets and folds whose penalty was chosen from rough fits: at the
    chosen penalty or at the next three smaller ones, which better fits might have preferred.
    """

    residual = float("nan")
    """Largest relative residual of the fits that predict, where these are solved iteratively."""

    def __init__(self, x: Any, folds: Folds) -> None:
        self.x, self.n_folds = x, check_folds(folds.n_folds)
        self.rows = [np.flatnonzero(folds == fold) for fold in range(self.n_folds)]
        self.unsure = 0.0

    @abstractmethod
    def errors(self, out: tuple[int, ...], y: np.ndarray) -> tuple[list[np.ndarray], Any]:
        """Return squared errors (n_alphas, q) on each fold left out, and which fits are rough."""

    @abstractmethod
    def fitted(
        self, out: tuple[int, ...], y: np.ndarray, chosen: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Predict, minus the training mean, the stimuli left out (all, where no fold is).

        Also return the standard deviation (q,) of the predictions of the training stimuli.
        """

    def train(self, out: tuple[int, ...]) -> np.ndarray:
        """Return the rows of the training stimuli that leave out some folds."""
        kept = [rows for fold, rows in enumerate(self.rows) if fold not in out]
        return np.sort(np.concatenate(kept))

    def inner_errors(self, y: np.ndarray) -> np.ndarray:
        """Return squared errors (n_folds, n_alphas, q) over the inner folds of each fold."""
        errors = np.zeros((self.n_folds, len(ALPHAS), y.shape[1]))
        rough = np.zeros(errors.shape, dtype=bool)
        for out in combinations(range(self.n_folds), 2):
            (first, second), unfinished = self.errors(out, y)
            errors[out[1]] += first
            errors[out[0]] += second
            rough[list(out)] |= unfinished
        if rough.any():
            for _ in range(_NEAR):
                rough[:, 1:] |= rough[:, :-1]
            chosen = np.take_along_axis(rough, errors.argmin(axis=1)[:, None], axis=1)
            self.unsure = max(self.unsure, float(chosen.mean()))
        return errors

    def predict(self, y: np.ndarray, chosen: np.ndarray | None = None) -> Predictions:
        """Return held-out predictions of ``y`` (n, q), with the penalties ``chosen`` or chosen."""
        chosen = self.inner_errors(y).argmin(axis=1) if chosen is None else chosen
        held_out, centred = np.empty_like(y), np.empty_like(y)
        scales = np.empty((2, *chosen.shape))
        for fold, rows in enumerate(self.rows):
            held_out[rows], spread = self.fitted((fold,), y, chosen[fold])
            train = y[self.train((fold,))]
            scales[:, fold] = spread, train.std(axis=0)
            centred[rows] = y[rows] - train.mean(axis=0)
        return Predictions(
            held_out, centred, chosen, scales, np.full(chosen.shape, self.x.shape[1])
        )

    def fit_all(self, y: np.ndarray) -> np.ndarray:
        """Return the predictions of the fit on all stimuli, minus the mean (n, q)."""
        return self.fitted((), y, self.outer_errors(y).argmin(axis=0))[0]

    def outer_errors(self, y: np.ndarray) -> np.ndarray:
        """Return squared errors (n_alphas, q) over all folds, each left out in its turn."""
        return np.sum([self.errors((fold,), y)[0][0] for fold in range(self.n_folds)], axis=0)


class NestedRidge(Nested):
    """All eigendecompositions of ``x`` that nested cross-validation needs, made once."""

    def __init__(self, x: Any, folds: Folds, device: Any = None) -> None:
        super().__init__(x, folds)
        self.device = device
        n, p = x.shape
        side = min(p, n)
        check_memory(8.0 * 3 * side * side, f"ridge of {n} stimuli x {p} units")
        self.kernel = None
        if p > n - max(len(rows) for rows in self.rows):
            kernel = product(x, x.T, device)
            self.kernel = kernel if isinstance(kernel, np.ndarray) else kernel.toarray()
        fits = self.n_folds * (self.n_folds + 1) // 2 + 1
        kept = int(2**30 / (16.0 * side * n / 2 + 1))  # decompositions that stay within 1 GiB
        self.spectrum = lru_cache(maxsize=fits if kept >= fits else 1)(self._spectrum)

    def _spectrum(self, out: tuple[int, ...]) -> Spectrum:
        tests = [self.rows[fold] for fold in out] or [np.arange(self.x.shape[0])]
        return spectrum(self.x, self.train(out), tests, self.kernel, self.device)

    def errors(self, out: tuple[int, ...], y: np.ndarray) -> tuple[list[np.ndarray], Any]:
        fit = self.spectrum(out)
        projected = fit.project(self.x, y)
        mean = y[fit.train].mean(axis=0)
        answer = []
        for test, fold in enumerate(out):
            target, errors = y[self.rows[fold]] - mean, np.empty((len(ALPHAS), y.shape[1]))
            for error, alpha in zip(errors, ALPHAS, strict=True):
                missed = target - fit.predict(test, projected, alpha)
                np.einsum("tj,tj->j", missed, missed, out=error)
            answer.append(errors)
        return answer, False

    def inner_errors(self, y: np.ndarray) -> np.ndarray:
        def near() -> tuple[np.ndarray, np.ndarray]:
            found = np.zeros((2, self.n_folds, len(ALPHAS), y.shape[1]))
            for out in combinations(range(self.n_folds), 2):
                for other, one in zip(out[::-1], self._near_errors(out, y), strict=True):
                    found[:, other] += one
            return found[0], found[1]

        return self._decided(y, near, super().inner_errors)

    def outer_errors(self, y: np.ndarray) -> np.ndarray:
        def near() -> tuple[np.ndarray, np.ndarray]:
            folds = range(self.n_folds)
            found = np.sum([self._near_errors((fold,), y)[0] for fold in folds], axis=0)
            return found[0], found[1]

        return self._decided(y, near, super().outer_errors)

    def _decided(self, y: np.ndarray, near: Any, exact: Any) -> np.ndarray:
        """Return errors (..., n_alphas, q) exact enough to tell which penalty is best.

        In single precision, but for targets of which it cannot tell.
        """
        if self.device is not None:
            return np.asarray(exact(y))
        errors, off = near()
        lowest = (errors + off).min(axis=-2, keepdims=True)
        clear = (errors - off > lowest).sum(axis=-2) == len(ALPHAS) - 1
        doubtful = ~clear.all(axis=tuple(range(clear.ndim - 1)))
        if doubtful.any():
            errors[..., doubtful] = exact(y[:, doubtful])
        return errors

    def _near_errors(self, out: tuple[int, ...], y: np.ndarray) -> list[np.ndarray]:
        """Return errors on each fold left out, and how far they may be off: (2, n_alphas, q)."""
        fit = self.spectrum(out)
        projected, mean = fit.project(self.x, y), y[fit.train].mean(axis=0)
        return [
            np.stack(fit.near_errors(test, projected, y[self.rows[fold]] - mean, ALPHAS))
            for test, fold in enumerate(out)
        ]

    def fitted(
        self, out: tuple[int, ...], y: np.ndarray, chosen: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        fit = self.spectrum(out)
        projected = fit.project(self.x, y)
        alphas = ALPHAS[chosen]
        return fit.predict(0, projected, alphas), fit.spread(projected, alphas)


def check_folds(n_folds: int, metric: str = "ridge", chosen: str = "penalty") -> int:
    """Return the number of folds, enough to choose something on inner ones."""
    if n_folds < 3:
        raise InputError(
            f"{metric} needs at least 3 folds, since the {chosen} is chosen on inner ones, got "
            f"{n_folds}. Pass folds=3 or more."
        )
    return n_folds
