"""Penalties are chosen in single precision where that can tell; the choice is that of double."""

import numpy as np
import pytest
import scipy.sparse as sp

from unbraid import align, stats
from unbraid._kernels.linear_algebra import ridge as kernel
from unbraid.align.regression._nested_ridge import ALPHAS, Nested, NestedRidge


def noisy(rng, n=90, p=12, q=40):
    x = rng.normal(size=(n, p))
    return x, x @ rng.normal(size=(p, q)) + 3 * rng.normal(size=(n, q))


def linear(rng):
    x = rng.normal(size=(90, 12))
    return x, x @ rng.normal(size=(12, 40))


def wide(rng):
    return noisy(rng, p=150)


def codes(rng):
    z, w = (rng.random((120, m)) * (rng.random((120, m)) < 0.03) for m in (200, 60))
    return sp.csr_array(z), np.hstack([w, z[:, :20]])


def uneven(rng):
    x, y = noisy(rng)
    return x * np.logspace(0, 9, 12), y * np.logspace(-150, 150, 40)


def heavy(rng):
    x, y = rng.standard_t(1.5, size=(2, 90, 12))
    return x, x + y


def unrelated(rng):
    return rng.normal(size=(90, 12)), rng.normal(size=(90, 40))


KINDS = [noisy, linear, wide, codes, uneven, heavy, unrelated]


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("errors", ["inner_errors", "outer_errors"])
def test_the_penalty_chosen_is_that_of_double_precision(make, errors, rng):
    x, y = make(rng)
    fit = NestedRidge(x, stats.shuffled_folds(len(y), 5, rng))
    found, exact = getattr(fit, errors)(y), getattr(Nested, errors)(fit, y)
    np.testing.assert_array_equal(found.argmin(axis=-2), exact.argmin(axis=-2))
    np.testing.assert_allclose(found.min(axis=-2), exact.min(axis=-2), rtol=1e-4)


@pytest.mark.parametrize("make", KINDS)
def test_errors_are_off_by_no_more_than_said(make, rng):
    x, y = make(rng)
    fit = NestedRidge(x, stats.shuffled_folds(len(y), 5, rng))
    for fold in range(5):
        exact = fit.errors((fold,), y)[0][0]
        near, off = fit._near_errors((fold,), y)[0]
        assert np.all((np.abs(near - exact) <= off) | ~np.isfinite(near))


def test_most_targets_need_no_double_precision(rng, monkeypatch):
    x, y = noisy(rng, n=200, q=300)
    sizes, real = [], Nested.inner_errors
    monkeypatch.setattr(
        Nested, "inner_errors", lambda self, y: sizes.append(len(y.T)) or real(self, y)
    )
    align.ridge(x, y, permutations=0, resamples=0)
    assert sum(sizes) < 30


@pytest.mark.parametrize("off", [np.inf, np.nan, 1.0])
def test_where_single_precision_cannot_tell_double_decides(off, rng, monkeypatch):
    x, y = noisy(rng)
    fit = NestedRidge(x, stats.shuffled_folds(len(y), 5, rng))
    drawn = rng.random((len(ALPHAS), len(y.T)))
    drawn[:, :5] *= 0.01
    drawn[3, :5] = -9.0  # single precision is sure of these
    bound = np.where(np.arange(len(y.T)) < 5, 0.01, off) * np.ones_like(drawn)
    monkeypatch.setattr(kernel.Spectrum, "near_errors", lambda *_: (drawn, bound))
    found, exact = fit.outer_errors(y), Nested.outer_errors(fit, y)
    np.testing.assert_array_equal(found[:, 5:], exact[:, 5:])
    np.testing.assert_array_equal(found[:, :5], 5 * drawn[:, :5])
