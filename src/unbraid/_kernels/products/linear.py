"""The dense product at the heart of an encoder."""

from __future__ import annotations

import numpy as np

from unbraid._kernels.products.row_products import row_products

_CACHED = 2**18  # weights of single precision in 1 MiB


def affine(x: np.ndarray, weights: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    """Return ``x @ weights + bias`` (n, m), C-contiguous."""
    out = np.ascontiguousarray(product(x, weights))
    if bias is not None:
        out += bias
    return out


def product(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return ``x @ weights`` (n, m), each row to the same bits whatever the other rows are.

    So where the weights stay in a processor's cache; larger ones are read once for many rows by a
    BLAS, whose rounding depends on how many there are.
    """
    if weights.size > _CACHED or x.dtype != weights.dtype or x.dtype.kind != "f":
        return np.asarray(x @ weights)
    return row_products(x, weights)
