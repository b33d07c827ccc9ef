"""Toy models: gradients are right, seeds are independent of their company, the stream is one."""

import numpy as np
import pytest

from unbraid.worlds import SparseFeatures, ToyWorld
from unbraid.worlds.toy import gradients

TINY = ToyWorld(
    n_units=3, features=SparseFeatures(n_features=6, active=1.0), steps=120, batch_size=64
)


def test_gradients_equal_automatic_differentiation(rng):
    import torch

    z = torch.from_numpy(rng.random((50, 7)) * (rng.random((50, 7)) < 0.3))
    weights = torch.from_numpy(rng.normal(size=(4, 7, 3))).requires_grad_()
    biases = torch.from_numpy(rng.normal(size=(4, 7)) * 0.1).requires_grad_()
    importance = torch.from_numpy(rng.random(7))
    out = torch.relu(torch.relu(z @ weights) @ weights.transpose(1, 2) + biases[:, None])
    losses = (importance * (z - out) ** 2).mean(dim=(1, 2))
    losses.sum().backward()
    with torch.no_grad():
        loss, to_weights, to_biases = gradients(z, weights, biases, importance)
    np.testing.assert_allclose(loss, losses.detach(), rtol=1e-12)
    np.testing.assert_allclose(to_weights, weights.grad, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(to_biases, biases.grad, rtol=1e-10, atol=1e-14)


def test_a_model_does_not_depend_on_its_company():
    alone, together = (TINY.train(n, rng=5) for n in (1, 4))
    # float32 sums in another order: relative error about 1e-6 a step
    np.testing.assert_allclose(alone.weights[0], together.weights[0], atol=1e-4)
    assert not np.allclose(together.weights[0], together.weights[1], atol=0.01)


def test_one_seed_one_run_and_torch_is_left_alone():
    import torch

    state, threads = torch.get_rng_state(), torch.get_num_threads()
    calls = []
    a = TINY.train(2, rng=1, progress=lambda *call: calls.append(call))
    b = TINY.train(2, rng=1)
    np.testing.assert_array_equal(a.weights, b.weights)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    assert calls[-1][1] == 1


def test_held_out_samples_are_not_on_the_training_stream():
    models = TINY.train(1, rng=2)
    seen = models.training_features(120 * 64)
    unseen = models.held_out_features(500)
    assert seen.shape == (120 * 64, 6)
    rows = {row.tobytes() for row in seen if row.any()}
    assert not any(row.tobytes() in rows for row in unseen if row.any())
    np.testing.assert_array_equal(models.training_features(100), seen[:100])


@pytest.fixture(scope="module")
def trained():
    return ToyWorld(n_units=32, steps=1200, learning_rate=3e-3).train(2, rng=0)


def test_training_superposes_more_features_than_units(trained):
    norms = np.linalg.norm(trained.weights, axis=2)
    shared = (norms[0] * norms[1] >= 1).sum()
    assert shared > 40  # of 64, in 32 units
    assert trained.losses.max() < 0.003


def test_important_features_come_first():
    models = ToyWorld(n_units=8, steps=1200, learning_rate=3e-3).train(2, rng=0)
    norms = np.linalg.norm(models.weights, axis=2).mean(axis=0)
    assert norms[:16].mean() > 2 * norms[-16:].mean()


def test_units_answer_as_the_model_says(trained):
    z = trained.held_out_features(200)
    units = trained.responses(1, z)
    np.testing.assert_allclose(units, np.maximum(z @ trained.weights[1], 0), atol=1e-5)
    assert (units >= 0).all()
