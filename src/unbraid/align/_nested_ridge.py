"""Held-out ridge predictions, the penalty of each target chosen on inner folds.

The inner folds of outer fold ``f`` are the other outer folds, so that groups and runs stay whole;
the fit that leaves out ``f`` and ``g`` serves both as inner folds of each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from unbraid._kernels.ridge import Spectrum, spectrum
from unbraid.align._dense import check_memory
from unbraid.errors import InputError
from unbraid.stats import Folds

ALPHAS = np.logspace(-8, 4, 13)
"""In units of the mean eigenvalue of the centred training Gram matrix."""


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


class NestedRidge:
    """All eigendecompositions of ``x`` that nested cross-validation needs, made once."""

    residual = float("nan")
    """Nothing is solved iteratively."""
    unsure = 0.0

    def __init__(self, x, folds: Folds) -> None:
        self.n_folds = check_folds(folds)
        self.x = x
        self.rows = [np.flatnonzero(folds == fold) for fold in range(self.n_folds)]
        n, p = x.shape
        side = min(p, n)
        check_memory(8.0 * 3 * side * side, f"ridge of {n} stimuli x {p} units")
        self.kernel = None
        if p > n - max(len(rows) for rows in self.rows):
            kernel = x @ x.T
            self.kernel = kernel if isinstance(kernel, np.ndarray) else kernel.toarray()
        fits = self.n_folds * (self.n_folds + 1) // 2 + 1
        kept = int(2**30 / (16.0 * side * n / 2 + 1))  # decompositions that stay within 1 GiB
        self.spectrum = lru_cache(maxsize=fits if kept >= fits else 1)(self._spectrum)

    def _spectrum(self, out: tuple[int, ...]) -> Spectrum:
        train = [rows for fold, rows in enumerate(self.rows) if fold not in out]
        tests = [self.rows[fold] for fold in out] or [np.arange(self.x.shape[0])]
        return spectrum(self.x, np.sort(np.concatenate(train)), tests, self.kernel)

    def inner_errors(self, y: np.ndarray) -> np.ndarray:
        """Return squared errors (n_folds, n_alphas, q) over the inner folds of each fold."""
        errors = np.zeros((self.n_folds, len(ALPHAS), y.shape[1]))
        for out in combinations(range(self.n_folds), 2):
            first, second = self._errors(out, y)
            errors[out[1]] += first
            errors[out[0]] += second
        return errors

    def predict(self, y: np.ndarray, chosen: np.ndarray | None = None) -> Predictions:
        """Return held-out predictions of ``y`` (n, q), with the penalties ``chosen`` or chosen."""
        chosen = self.inner_errors(y).argmin(axis=1) if chosen is None else chosen
        held_out, centred = np.empty_like(y), np.empty_like(y)
        scales = np.empty((2, *chosen.shape))
        for fold, rows in enumerate(self.rows):
            fit = self.spectrum((fold,))
            projected = fit.project(self.x, y)
            held_out[rows] = fit.predict(0, projected, ALPHAS[chosen[fold]])
            scales[:, fold] = fit.spread(projected, ALPHAS[chosen[fold]]), y[fit.train].std(axis=0)
            centred[rows] = y[rows] - y[fit.train].mean(axis=0)
        return Predictions(held_out, centred, chosen, scales)

    def fit_all(self, y: np.ndarray) -> np.ndarray:
        """Return the predictions of the fit on all stimuli, minus the mean (n, q)."""
        errors = sum(self._errors((fold,), y)[0] for fold in range(self.n_folds))
        fit = self.spectrum(())
        return fit.predict(0, fit.project(self.x, y), ALPHAS[np.argmin(errors, axis=0)])

    def _errors(self, out: tuple[int, ...], y: np.ndarray) -> list[np.ndarray]:
        """Squared errors (n_alphas, q) on each fold left out."""
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
        return answer


def check_folds(folds: Folds) -> int:
    """Return the number of folds, enough to choose a penalty on inner ones."""
    if folds.n_folds < 3:
        raise InputError(
            "ridge needs at least 3 folds, since the penalty is chosen on inner ones, got "
            f"{folds.n_folds}. Pass folds=3 or more."
        )
    return folds.n_folds
