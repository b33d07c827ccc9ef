"""The compiled kernels against plain NumPy and torch."""

import numpy as np
import pytest
import torch

from unbraid._kernels.adam import adam
from unbraid._kernels.codes.topk import top_k
from unbraid._kernels.products.sparse_rows import decode, scatter, unexplained


@pytest.mark.parametrize("m", [1, 7, 32, 33, 100, 2048])
@pytest.mark.parametrize("k", [1, 3, 50])
def test_top_k_are_the_largest_positive(rng, m, k):
    scores = rng.normal(size=(40, m)).astype(np.float32)
    scores[0] = -1
    chosen = top_k(scores, k)
    for row, columns in zip(scores, chosen, strict=True):
        kept = columns[columns >= 0]
        best = np.sort(row[row > 0])[::-1][:k]
        np.testing.assert_array_equal(np.sort(row[kept])[::-1], best)
        assert (np.diff(kept) > 0).all()


def test_top_k_among_equals_is_a_set_of_the_right_size(rng):
    scores = rng.integers(0, 3, size=(50, 300)).astype(np.float64)
    chosen = top_k(scores, 20)
    assert all(len(set(row)) == 20 for row in chosen.tolist())
    assert np.take_along_axis(scores, chosen, 1).min() == 2


@pytest.mark.parametrize("threads", [1, 3])
def test_sparse_products_equal_dense_ones(rng, monkeypatch, threads):
    monkeypatch.setattr("unbraid._kernels.threads.workers", lambda: threads)
    n, m, p, k = 500, 30, 200, 7
    atoms, x, offset = rng.normal(size=(m, p)), rng.normal(size=(n, p)), rng.normal(size=p)
    active = np.argsort(rng.random((n, m)), axis=1)[:, :k].astype(np.int32)
    codes = rng.normal(size=(n, k))
    active[0, 2:] = -1
    codes[0, 2:] = 0
    z = np.zeros((n, m))
    for i in range(n):
        for latent, value in zip(active[i], codes[i], strict=True):
            z[i, latent] += value if latent >= 0 else 0
    np.testing.assert_allclose(decode(active, codes, atoms, offset), z @ atoms + offset)
    residual, along = unexplained(active, codes, atoms, offset, x)
    np.testing.assert_allclose(residual, z @ atoms + offset - x, atol=1e-10)
    full = np.take_along_axis(residual @ atoms.T, np.maximum(active, 0), 1) * (active >= 0)
    np.testing.assert_allclose(along, full, atol=1e-10)
    out, other = np.zeros((2, m, p))
    scatter(active, (codes, x, out), (along, residual, other))
    np.testing.assert_allclose(out, z.T @ x, atol=1e-10)
    dense = np.zeros((n, m))
    np.add.at(dense, (np.arange(n)[:, None], np.maximum(active, 0)), along)
    np.testing.assert_allclose(other, dense.T @ residual, atol=1e-10)


def test_adam_equals_torch(rng):
    rows = rng.normal(size=(5, 4)).astype(np.float32)
    weight = torch.from_numpy(rows.copy()).requires_grad_()
    optimizer = torch.optim.Adam([weight], lr=0.01)
    moments = np.zeros((2, 5, 4), np.float32)
    for step in range(1, 6):
        gradient = rng.normal(size=(5, 4)).astype(np.float32)
        weight.grad = torch.from_numpy(gradient.copy())
        optimizer.step()
        adam(rows, moments, gradient, step=step, rate=0.01, unit=False)
        assert not gradient.any()
    np.testing.assert_allclose(rows, weight.detach().numpy(), rtol=1e-5)


def test_adam_keeps_atoms_at_unit_length(rng):
    rows = rng.normal(size=(6, 9)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    adam(rows, np.zeros((2, 6, 9), np.float32), rng.normal(size=(6, 9)).astype(np.float32),
         step=1, rate=0.1, unit=True)  # fmt: skip
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-6)
