"""Ridge regression for many penalties at once: one eigendecomposition a training set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.device import eigh, product

Values = Any
LEAST, MOST = 1e-8, 1e4
"""Ends of the grid of penalties, in mean eigenvalues."""
# Of two eigenvalues, well above what spectra of recordings leave between two neighbours; and the
# share of the largest that single precision rounds away
_GAP, _ROUNDING = 1e7, 1e-13


@dataclass(frozen=True, eq=False)
class PenaltyGrid:
    """The penalties that stand for the numbers ``LEAST`` to ``MOST``.

    They are so many mean eigenvalues. Where a gap sets a tenth of the eigenvalues or more far below
    the others, as beside units of another scale, the same numbers reach further down: the least
    then stands for so many of those below, and the steps between are as much wider.
    """

    mean: float
    stretch: float

    @classmethod
    def of(cls, values: np.ndarray) -> PenaltyGrid:
        """Return the grid for eigenvalues (r,) in ascending order."""
        mean, kept = float(values.sum() / len(values)), values[values > _ROUNDING * values[-1]]
        first = max(1, len(kept) // 10)
        rises = kept[first:] / kept[first - 1 : -1]
        if not len(rises) or rises.max() < _GAP:
            return cls(mean, 1.0)
        low = float(kept[(first + int(rises.argmax())) // 2])
        return cls(mean, 1 + float(np.log(mean / low) / np.log(MOST / LEAST)))

    def penalties(self, alpha: Any) -> np.ndarray:
        """Return the penalty of each number of the grid."""
        alpha = np.atleast_1d(alpha)
        return self.mean * (alpha if self.stretch == 1 else MOST * (alpha / MOST) ** self.stretch)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Centred training set in its eigenbasis, and the test sets seen in it.

    Predictions at penalty ``a`` are ``tests[i] @ ((project(y)) / (values + a)[:, None])``.
    """

    values: np.ndarray
    """(r,) eigenvalues of the centred Gram or kernel matrix, >= 0."""
    basis: np.ndarray
    """(p, r) primal or (n_train, r) dual eigenvectors."""
    primal: bool
    train: np.ndarray
    """Row numbers of the training stimuli."""
    tests: tuple[np.ndarray, ...]
    """(n_test, r) each."""
    device: Any = None

    @cached_property
    def grid(self) -> PenaltyGrid:
        """What penalties are for these eigenvalues."""
        return PenaltyGrid.of(self.values)

    def project(self, x: Values, y: np.ndarray) -> np.ndarray:
        """Return ``y`` (n, q), centred on the training stimuli, in the eigenbasis: (r, q)."""
        target = y[self.train] - y[self.train].mean(axis=0)
        if self.primal:
            target = product(x[self.train].T, target, self.device)
        return product(self.basis.T, target, self.device)

    def predict(self, test: int, projected: np.ndarray, alpha: Any) -> np.ndarray:
        """Predict ``y`` minus its training mean; ``alpha`` of the grid, per target."""
        penalised = self.values[:, None] + self.grid.penalties(alpha)
        if self.grid.mean == 0:
            return np.zeros((len(self.tests[test]), projected.shape[1]))
        return product(self.tests[test], projected / penalised, self.device)

    def near_errors(
        self, test: int, projected: np.ndarray, target: np.ndarray, alphas: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return squared errors (n_alphas, q) by single precision, and how far they may be off.

        Rounding is bounded as of sums of so many terms with independent errors: predictions are
        sums of ``r``, of the size that they have without cancellation. NaN or infinite where single
        precision overflows.
        """
        seen, size = self.tests[test], np.einsum("tj,tj->j", target, target)
        if self.grid.mean == 0:  # nothing is predicted, at any penalty
            return np.tile(size, (len(alphas), 1)), np.zeros((len(alphas), len(size)))
        length = np.where(size > 0, np.sqrt(size), 1.0)
        shrunk = 1 / (self.values + self.grid.penalties(alphas[:, None]))  # (n_alphas, r)
        unit = np.abs(seen).max(initial=0.0) or 1.0
        seen, target = (seen / unit).astype(np.float32), (target / length).astype(np.float32)
        projected = (projected * (unit * shrunk.max() / length)).astype(np.float32)
        shrunk = (shrunk / shrunk.max()).astype(np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            errors = np.empty((len(alphas), len(length)))
            for error, weights in zip(errors, shrunk, strict=True):
                missed = target - (seen * weights) @ projected
                np.einsum("tj,tj->j", missed, missed, out=error)
            power = np.einsum("tr,tr->r", seen, seen)
            size = np.sqrt((shrunk**2 * power) @ projected**2)
            eps = np.finfo(np.float32).eps
            off = eps * np.sqrt(len(self.values)) * size  # of predictions
            off = (2 * np.sqrt(errors) + off) * off + eps * np.sqrt(len(seen)) * errors
            return errors * length**2, off * length**2

    def spread(self, projected: np.ndarray, alpha: Any) -> np.ndarray:
        """Return the standard deviation (q,) of the predictions of the training stimuli."""
        if self.grid.mean == 0:
            return np.zeros(projected.shape[1])
        shrunk = projected / (self.values[:, None] + self.grid.penalties(alpha))
        power = self.values if self.primal else self.values**2
        return np.sqrt(np.einsum("r,rj->j", power, shrunk**2) / len(self.train))


def spectrum(
    x: Values, train: np.ndarray, tests: list[np.ndarray], kernel: Any, device: Any = None
) -> Spectrum:
    """Eigendecompose the training rows of ``x``: primal for ``kernel=None``, else ``x @ x.T``."""
    if kernel is None:
        part = x[train]
        mean = np.asarray(part.mean(axis=0)).ravel()
        gram = product(part.T, part, device)
        gram = gram.toarray() if sp.issparse(gram) else gram
        gram -= np.outer(len(train) * mean, mean)
        values, basis = eigen(gram, device)
        seen = [product(x[rows], basis, device) - mean @ basis for rows in tests]
        return Spectrum(values, basis, True, train, tuple(seen), device)
    block = kernel[np.ix_(train, train)]
    columns = block.mean(axis=0)
    level = columns.mean()
    values, basis = eigen(block - columns - columns[:, None] + level, device)
    seen = []
    for rows in tests:
        cross = kernel[np.ix_(rows, train)]
        centred = cross - cross.mean(axis=1)[:, None] - columns + level
        seen.append(product(centred, basis, device))
    return Spectrum(values, basis, False, train, tuple(seen), device)


def eigen(matrix: np.ndarray, device: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues above rounding, ascending, and their vectors; one zero where there are none."""
    values, vectors = eigh(matrix, device)
    keep = values > 1e-14 * max(values[-1], 0.0)
    if not keep.any():
        return np.zeros(1), np.zeros((len(matrix), 1))
    return values[keep], vectors[:, keep]
