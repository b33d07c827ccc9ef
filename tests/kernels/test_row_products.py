"""A row's product is the same whatever stands beside it, on any processor."""

import numpy as np
import pytest

from unbraid._kernels.products.row_products import row_products


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("p, m", [(7, 5), (40, 24), (257, 130)])
def test_rows_do_not_depend_on_their_neighbours(dtype, p, m):
    rng = np.random.default_rng(0)
    x, right = rng.normal(size=(1000, p)).astype(dtype), rng.normal(size=(m, p)).astype(dtype).T
    whole = row_products(x, right)
    np.testing.assert_allclose(whole, x @ right, rtol=0, atol=1e-3 if dtype == np.float32 else 1e-9)
    for rows in (slice(0, 1), slice(0, 9), slice(190, 194), slice(300, 613), slice(991, 1000)):
        np.testing.assert_array_equal(row_products(x[rows], right), whole[rows])
    shuffled = rng.permutation(len(x))
    np.testing.assert_array_equal(row_products(x[shuffled], right), whole[shuffled])


def test_no_rows_give_no_products():
    assert row_products(np.empty((0, 3)), np.ones((3, 2))).shape == (0, 2)
