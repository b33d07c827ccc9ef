"""The sums of least squares, against SciPy's sparse products: the same bits."""

import numpy as np
import pytest

from unbraid._kernels.products.normal_equations import sums
from unbraid.sparse.inference._encoder import from_active


def drawn(kind, n=300, m=40, p=7, k=6):
    """Return padded codes with gaps and zeros, and residuals."""
    rng = np.random.default_rng(5)
    active = np.argsort(rng.random((n, m)), axis=1)[:, :k].astype(np.int32)
    active[rng.random((n, k)) < 0.3] = -1
    codes = rng.normal(size=(n, k)).astype(kind)
    codes[rng.random((n, k)) < 0.1] = 0
    return active, codes, rng.normal(size=(n, p)).astype(kind), m


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_sums_are_the_products_of_sparse_matrices(kind):
    active, codes, residual, m = drawn(kind)
    z = from_active(active, codes, m)
    found = sums(active, codes, residual, m)
    assert np.array_equal(found.squares, (z.T @ z).toarray())
    assert np.array_equal(found.products, z.T @ residual)
    assert np.array_equal(found.means, np.asarray(z.mean(axis=0)).ravel())
    assert np.array_equal(found.used, np.bincount(z.indices, minlength=m))


def test_squares_are_left_out_where_they_are_not_wanted():
    active, codes, residual, m = drawn(np.float64)
    found = sums(active, codes, residual, m, squares=False)
    assert found.squares.shape == (0, 0)
    assert np.array_equal(found.products, sums(active, codes, residual, m).products)
