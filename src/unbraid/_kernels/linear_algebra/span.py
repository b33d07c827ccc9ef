"""What the training stimuli of a system span: coordinates in it of them and of other stimuli."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from unbraid._kernels.device import product

# Of pivots, beside the largest product of a stimulus with itself: what is rounding, and what is not
_VANISHED, _CLEAR = 1e-13, 1e-10
_SINGULAR = 1e-6  # condition (inverse) of the factor of their products, below which QR is safer


@dataclass(frozen=True, eq=False)
class Span:
    """Training and other stimuli, minus the training mean, in an orthonormal basis."""

    train: np.ndarray
    """(n_train, r)."""
    seen: np.ndarray
    """(n_seen, r) the others, projected onto the span."""
    extra: float = 0.0
    """Length of one coordinate more that all training stimuli share: see ``of_kernel``."""
    basis: np.ndarray | None = None
    """(p, r); None where the coordinates are the units, or ``factor`` is given."""
    factor: np.ndarray | None = None
    """(r, r) lower triangle: coordinates of as many training stimuli as span all."""
    centred: np.ndarray | None = None
    """(r, p) these stimuli themselves, beside ``factor``."""
    kept: np.ndarray | None = None
    """The units that the coordinates are, out of ``width``."""
    width: int = 0

    def lifted(self, coordinates: np.ndarray, device: Any = None) -> np.ndarray:
        """Return what has these coordinates (m, r) as responses (m, p)."""
        if self.factor is not None and self.centred is not None:
            weights = scipy.linalg.solve_triangular(
                self.factor, coordinates.T, trans=1, lower=True, check_finite=False
            )
            return product(weights.T, self.centred, device)
        if self.basis is not None:
            return product(coordinates, self.basis.T, device)
        if self.kept is None:
            return coordinates
        answer = np.zeros((len(coordinates), self.width))
        answer[:, self.kept] = coordinates
        return answer


def is_thin(n_train: int, p: int) -> bool:
    """Return whether so many stimuli, minus their mean, cannot span all units."""
    return n_train <= p


def span(
    values: np.ndarray, train: np.ndarray, seen: np.ndarray, kernel: np.ndarray | None = None
) -> Span:
    """Return what the rows ``train`` of ``values`` span, and the rows ``seen`` in it.

    ``kernel``: the products ``values @ values.T``, where stimuli are few.
    """
    mean = values[train].mean(axis=0)
    centred = values[train] - mean
    if not is_thin(*centred.shape):
        kept = np.flatnonzero(centred.any(axis=0))
        if len(kept) in (0, centred.shape[1]):
            return Span(centred, values[seen] - mean)
        return Span(
            centred[:, kept], values[np.ix_(seen, kept)] - mean[kept],
            kept=kept, width=centred.shape[1],
        )  # fmt: skip
    found = None if kernel is None else _of_kernel(kernel, train, seen, centred)
    if found is not None:
        return found
    basis, triangle = np.linalg.qr(centred.T)
    return Span(triangle.T, (values[seen] - mean) @ basis, basis=basis)


def _of_kernel(
    kernel: np.ndarray, train: np.ndarray, seen: np.ndarray, centred: np.ndarray
) -> Span | None:
    """Return the span by a Cholesky factor of centred products, with pivots; None if not clear.

    Centred, they are singular for the vector of ones: all training stimuli are given one more
    coordinate, orthogonal to all, so large that the products gain their mean eigenvalue. Of two
    systems with it, ``x' y`` gains one more singular value, the product of both lengths, and its
    rotation does not change: held-out stimuli have nothing in it.
    """
    block = kernel[np.ix_(train, train)]
    n, columns = len(block), block.mean(axis=0)
    level = columns.mean()
    block = block - columns - columns[:, None] + level
    extra = float(np.trace(block)) / n
    block += extra / n
    largest = block.diagonal().max()
    # symmetric: its transpose lies in memory as LAPACK wants it, and is overwritten
    lower, pivots, r, _ = scipy.linalg.lapack.dpstrf(
        block.T, tol=_VANISHED * largest, lower=1, overwrite_a=1
    )
    pivots, factor = pivots - 1, lower[:r, :r]  # above the diagonal is what was there
    if not (r and factor[-1, -1] ** 2 > _CLEAR * largest):
        return None
    if not scipy.linalg.lapack.dtrcon(factor, uplo="L")[0] > _SINGULAR:
        return None
    coordinates = np.zeros((n, r))
    coordinates[pivots] = np.tril(lower[:, :r])
    cross = kernel[np.ix_(seen, train)]
    cross = (cross - cross.mean(axis=1)[:, None] - columns + level)[:, pivots[:r]]
    others = scipy.linalg.solve_triangular(factor, cross.T, lower=True, check_finite=False)
    return Span(coordinates, others.T, np.sqrt(extra), factor=factor, centred=centred[pivots[:r]])
