"""Ridge regression for many penalties at once: one eigendecomposition a training set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.device import eigh, product

Values = Any
_FAR = 1e-6  # well below what power-law spectra of recordings reach, far above rounding


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
    def unit(self) -> float:
        """The scale in which penalties are given."""
        return penalty_unit(self.values)

    def project(self, x: Values, y: np.ndarray) -> np.ndarray:
        """Return ``y`` (n, q), centred on the training stimuli, in the eigenbasis: (r, q)."""
        target = y[self.train] - y[self.train].mean(axis=0)
        if self.primal:
            target = product(x[self.train].T, target, self.device)
        return product(self.basis.T, target, self.device)

    def predict(self, test: int, projected: np.ndarray, alpha: Any) -> np.ndarray:
        """Predict ``y`` minus its training mean; ``alpha`` in units of ``unit``, per target."""
        penalised = self.values[:, None] + self.unit * np.atleast_1d(alpha)
        if self.unit == 0:
            return np.zeros((len(self.tests[test]), projected.shape[1]))
        return product(self.tests[test], projected / penalised, self.device)

    def spread(self, projected: np.ndarray, alpha: Any) -> np.ndarray:
        """Return the standard deviation (q,) of the predictions of the training stimuli."""
        if self.unit == 0:
            return np.zeros(projected.shape[1])
        shrunk = projected / (self.values[:, None] + self.unit * np.atleast_1d(alpha))
        power = self.values if self.primal else self.values**2
        return np.sqrt(np.einsum("r,rj->j", power, shrunk**2) / len(self.train))


def penalty_unit(values: np.ndarray) -> float:
    """Return the scale of penalties: the mean eigenvalue, or the median where that is far less.

    One unit of another scale, a million times the others', would otherwise raise the smallest
    penalty above all that the others hold.
    """
    mean, median = float(values.sum() / len(values)), float(np.median(values))
    return median if 0 < median < _FAR * mean else mean


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
    """Eigenvalues above rounding and their vectors; one zero where there are none."""
    values, vectors = eigh(matrix, device)
    keep = values > 1e-14 * max(values[-1], 0.0)
    if not keep.any():
        return np.zeros(1), np.zeros((len(matrix), 1))
    return values[keep], vectors[:, keep]
