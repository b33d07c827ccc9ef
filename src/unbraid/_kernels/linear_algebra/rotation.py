"""The rotation of one matrix that comes closest to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid._kernels.device import product, singular_values, svd

# Stimuli per unit below which the span of the units is worth finding first: at .78, of 1024 units,
# it saves a sixth of the time
_THIN = 0.8


@dataclass(frozen=True, eq=False)
class Rotation:
    """``x -> x @ left @ right``: a partial isometry kept in factors."""

    left: np.ndarray
    """(p, r) orthonormal columns."""
    right: np.ndarray
    """(r, q) orthonormal rows."""
    overlap: float
    """``<x R, y>`` on the stimuli it was fitted on: the nuclear norm of ``x' y``."""

    def apply(self, x: np.ndarray, device: Any = None) -> np.ndarray:
        """Rotate ``x (n, p)`` into the space of ``y``, (n, q)."""
        return product(product(x, self.left, device), self.right, device)


def best_rotation(x: np.ndarray, y: np.ndarray, device: Any = None) -> Rotation:
    """Rotation of ``x`` (n, p) with the largest inner product with ``y`` (n, q)."""
    n, p = x.shape
    basis_x, basis_y = None, None
    if n < _THIN * p:
        basis_x, x = _row_space(x)
    if n < _THIN * y.shape[1]:
        basis_y, y = _row_space(y)
    found = rotation_of(product(x.T, y, device), device)
    left = found.left if basis_x is None else basis_x @ found.left
    right = found.right if basis_y is None else found.right @ basis_y.T
    return Rotation(left, right, found.overlap)


def rotation_of(cross: np.ndarray, device: Any = None) -> Rotation:
    """Return the best rotation of ``x`` onto ``y`` from ``x' y`` (p, q)."""
    left, values, right = svd(cross, device)
    keep = values > 1e-12 * max(values[0], 1e-300) if len(values) else values > 0
    return Rotation(left[:, keep], right[keep], float(values.sum()))


def overlap(x: np.ndarray, y: np.ndarray, device: Any = None) -> float:
    """Return the nuclear norm of ``x' y``, the inner product with the best rotation of ``x``."""
    if len(x) < _THIN * x.shape[1]:
        x = _row_space(x)[1]
    if len(y) < _THIN * y.shape[1]:
        y = _row_space(y)[1]
    return float(singular_values(product(x.T, y, device), device).sum())


def _row_space(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal basis (p, n) of the rows' span, and the rows in it (n, n)."""
    basis, triangle = np.linalg.qr(x.T)
    return basis, triangle.T
