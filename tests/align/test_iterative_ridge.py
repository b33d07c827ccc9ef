"""Ridge from codes by conjugate gradients equals the eigendecompositions of dense ridge."""

import numpy as np
import pytest
import scipy.sparse as sp

from unbraid import align
from unbraid._kernels.linear_algebra.shifted_conjugate_gradients import shifted_solves
from unbraid.align.regression import _iterative_ridge, _ridge


def codes(shape, rng, density=0.1):
    x = sp.random_array(shape, density=density, random_state=rng).tocsr()
    x.data += 0.5
    return x


@pytest.mark.parametrize("metric", ["ridge", "ridge_r2"])
@pytest.mark.parametrize("shape", [(120, 400), (260, 40), (90, 90)])
def test_equals_dense_ridge(metric, shape, rng, monkeypatch):
    x = codes(shape, rng)
    y = x @ rng.normal(size=(shape[1], 5)) + 2 * rng.normal(size=(shape[0], 5))
    y[:, 1] = rng.normal(size=shape[0])
    y[:, 2] = 7.0
    options = {"permutations": 1, "resamples": 20, "folds": 4}
    expected = getattr(align, metric)(x.toarray(), y, **options)
    monkeypatch.setattr(_ridge, "_DIRECT", 0)
    found = getattr(align, metric)(x, y, **options)
    for name in ("value", "in_sample", "null", "low", "high", "coverage"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-6), name
    np.testing.assert_allclose(found.per_target, expected.per_target, atol=1e-6)
    assert 0 < found.gap < 1e-8
    assert np.isnan(expected.gap)


def test_codes_are_never_made_dense(rng, monkeypatch):
    def refuse(self, *arguments, **options):
        raise AssertionError("densified")

    x = codes((300, 5000), rng, density=0.006)
    y = x @ rng.normal(size=(5000, 3))
    monkeypatch.setattr(_ridge, "_DIRECT", 100)
    monkeypatch.setattr(sp.csr_array, "toarray", refuse)
    monkeypatch.setattr(sp.csr_array, "todense", refuse)
    assert np.isfinite(align.ridge(x, y, permutations=0, resamples=0).value)


def test_what_is_not_solved_is_said(rng, monkeypatch):
    x = codes((150, 60), rng)
    x = sp.csr_array(x @ sp.diags_array(np.logspace(-4, 4, 60)))
    y = x @ rng.normal(size=(60, 2)) + rng.normal(size=(150, 2))
    monkeypatch.setattr(_ridge, "_DIRECT", 0)
    monkeypatch.setattr(_iterative_ridge, "_TO_PREDICT", (1e-10, 2))
    with pytest.warns(RuntimeWarning, match="stopped at a relative residual of .* less exact"):
        found = align.ridge(x, y, permutations=0, resamples=0)
    assert found.gap > 1e-7


def test_choices_that_rest_on_unfinished_fits_are_said(rng, monkeypatch):
    """Small penalties are needed for latents of small scale, and are the slowest to solve."""
    x = codes((200, 60), rng)
    x = sp.csr_array(x @ sp.diags_array(np.logspace(-2, 2, 60)))
    size = x.toarray().std(axis=0)
    y = x @ (rng.normal(size=(60, 3)) / size[:, None]) + 2 * rng.normal(size=(200, 3))
    options = {"permutations": 0, "resamples": 0, "folds": 3}
    best = align.ridge(x, y, **options)
    monkeypatch.setattr(_ridge, "_DIRECT", 0)
    monkeypatch.setattr(_iterative_ridge, "_TO_CHOOSE", (1e-6, 20))
    with pytest.warns(RuntimeWarning, match="fits that conjugate gradients did not finish"):
        found = align.ridge(x, y, **options)
    assert found.value < best.value - 0.01
    monkeypatch.setattr(_iterative_ridge, "_TO_CHOOSE", (1e-8, 3000))
    found = align.ridge(x, y, **options)
    assert found.value == pytest.approx(best.value, abs=1e-3)  # a neighbouring penalty at most
    assert not any("did not finish" in warning for warning in found.warnings)


def test_every_shift_solves_its_own_system(rng):
    root = rng.normal(size=(40, 30))
    matrix = root @ root.T
    right = np.column_stack([rng.normal(size=(40, 3)), np.zeros(40)])
    shifts = np.array([1e-2, 1e-3, 1.0, 1e6])[:, None] * np.array([1.0, 3.0, 0.1, 1.0])
    seen = rng.normal(size=(7, 40))
    found = shifted_solves(lambda v: matrix @ v, lambda v: seen @ v, right, shifts, 1e-12, 400)
    for k, j in np.ndindex(4, 4):
        exact = np.linalg.solve(matrix + shifts[k, j] * np.eye(40), right[:, j])
        np.testing.assert_allclose(found.seen[k, :, j], seen @ exact, rtol=1e-7, atol=1e-9)
    assert found.residual.max() <= 1e-12
    early = shifted_solves(lambda v: matrix @ v, lambda v: v, right, shifts, 1e-12, 5)
    for k, j in np.ndindex(4, 3):
        left = right[:, j] - (matrix + shifts[k, j] * np.eye(40)) @ early.seen[k, :, j]
        assert early.residual[k, j] == pytest.approx(
            np.linalg.norm(left) / np.linalg.norm(right[:, j]), rel=1e-6
        )
