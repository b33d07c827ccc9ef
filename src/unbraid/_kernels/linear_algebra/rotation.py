"""The rotation of one matrix that comes closest to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid._kernels.device import eigenvalues, eigh, product, singular_values, svd

# Of singular values squared, beside the largest: those below have vectors of their own; and of
# the corners between singular vectors: what one correction makes negligible (it leaves the square)
_WEAK, _CORRECTED, _EXACT = 1e-7, 1e-5, 1e-13
_NOTHING = 1e-12  # of singular values beside the largest: rounding


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


def rotation_of(cross: np.ndarray, device: Any = None) -> Rotation:
    """Return the best rotation of ``x`` onto ``y`` from ``x' y`` (p, q)."""
    p, q = cross.shape
    if p < q:
        found = _from_gram(cross.T, device)
        if found is not None:
            return Rotation(found.right.T, found.left.T, found.overlap)
    elif found := _from_gram(cross, device):
        return found
    left, values, right = svd(cross, device)
    keep = values > _NOTHING * max(values[0], 1e-300) if len(values) else values > 0
    return Rotation(left[:, keep], right[keep], float(values.sum()))


def _from_gram(cross: np.ndarray, device: Any) -> Rotation | None:
    """Return the rotation by the eigenvectors of ``cross' cross``, None where that is not exact.

    They take a third of the time of singular vectors. Squared, the smallest singular values lose
    their digits: the few weak ones are found again in ``cross @ V``. What is left are small corners
    ``E`` between its columns. With ``s`` their lengths, the rotation is ``(cross @ V / s) (I - B)
    V'``, ``B_ij = E_ij s_i / (s_i + s_j)``, to the square of ``E``.
    """
    if not cross.size:
        return None
    values, vectors = eigh(product(cross.T, cross, device), device)
    weak = int(np.searchsorted(values, _WEAK * values[-1]))
    if not values[-1] > 0 or weak > len(values) // 8 + 1:
        return None
    left = product(cross, vectors, device)
    if weak:
        own, small, turn = svd(left[:, :weak], device)
        vectors[:, :weak] = vectors[:, :weak] @ turn.T
        left[:, :weak] = own * small
        none = int((small <= _NOTHING * np.sqrt(values[-1])).sum())
        if none:  # the last of the weak ones: no direction at all
            kept = np.r_[: weak - none, weak : len(values)]
            left, vectors = left[:, kept], vectors[:, kept]
    gram = product(left.T, left, device)
    lengths = np.sqrt(np.diag(gram))
    corners = gram / lengths / lengths[:, None]
    np.fill_diagonal(corners, 0.0)
    size = float(np.linalg.norm(corners))
    if not size < _CORRECTED:
        return None
    left /= lengths
    if size > _EXACT:
        corners *= lengths[:, None] / (lengths + lengths[:, None])
        left -= product(left, corners, device)
    return Rotation(left, vectors.T, float(lengths.sum()))


def nuclear_norm(cross: np.ndarray, device: Any = None) -> float:
    """Return the sum of the singular values of ``x' y``: its product with the best rotation."""
    if not cross.size:
        return 0.0
    small = cross.T if cross.shape[0] < cross.shape[1] else cross
    values = eigenvalues(product(small.T, small, device), device)
    if values[0] > _WEAK * values[-1]:
        return float(np.sqrt(values).sum())
    found = _from_gram(small, device)
    return float(singular_values(cross, device).sum()) if found is None else found.overlap


def overlap(x: np.ndarray, y: np.ndarray) -> float:
    """Return the nuclear norm of ``x' y`` to the last digit, which distances near 0 need."""
    x, y = (np.linalg.qr(side.T)[1].T if len(side) < side.shape[1] else side for side in (x, y))
    return float(singular_values(x.T @ y).sum())
