"""The float32 search with a float64 decision equals the plain float64 argmax."""

import numpy as np
import pytest

from unbraid import align
from unbraid.align.matching import _semi_matching


def systems(kind, rng, n=150, p=90, q=70):
    z = rng.normal(size=(n, 12))
    x, y = z @ rng.normal(size=(12, p)), z @ rng.normal(size=(12, q)) + rng.normal(size=(n, q))
    if kind == "duplicated":
        x[:, 45:] = x[:, :45] * (1 + 1e-9 * rng.normal(size=45))
        x[:, 7], y[:, 3] = 2, 1
    if kind == "wild":
        x, y = x * np.exp(4 * rng.normal(size=p)) + 100, rng.standard_t(1.5, size=y.shape)
    return x, y


@pytest.mark.parametrize("sign", ["signed", "absolute"])
@pytest.mark.parametrize("kind", ["plain", "duplicated", "wild"])
def test_equals_the_plain_path(kind, sign, rng, monkeypatch):
    x, y = systems(kind, rng)
    options = {"sign": sign, "permutations": 1, "resamples": 5}
    plain = align.semi_matching(x, y, **options)
    monkeypatch.setattr(_semi_matching, "_LARGE", 0)
    fast = align.semi_matching(x, y, **options)
    assert fast.value == pytest.approx(plain.value, abs=1e-12)
    assert fast.null == pytest.approx(plain.null, abs=1e-12)
    np.testing.assert_allclose(fast.replicates, plain.replicates, atol=1e-12)
    if kind != "duplicated":  # copies tie up to rounding
        np.testing.assert_array_equal(fast.matching, plain.matching)
