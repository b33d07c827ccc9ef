"""Parts that several studies share: training by written-out gradients, and work side by side."""

import time
import warnings

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from unbraid.studies import _together
from unbraid.studies._together import together
from unbraid.studies.known_truth import _plain_topk, _relu_encoder, composition
from unbraid.studies.known_truth._keep_largest import keep_largest
from unbraid.studies.known_truth._supervised import gradients


@pytest.mark.parametrize("k", [1, 3, 20])
def test_the_k_largest_positive_numbers_stay(rng, k):
    values = rng.normal(size=(20, 150))
    values[:, :5] = -1
    kept = keep_largest(values, k)
    order = np.argsort(-values, axis=0)
    for column in range(150):
        best = order[:k, column]
        expected = np.zeros(20)
        expected[best] = np.maximum(values[best, column], 0)
        np.testing.assert_array_equal(kept[:, column], expected)


def test_supervised_gradients_equal_automatic_differentiation(rng):
    import torch

    x, z = rng.normal(size=(30, 4)), rng.random((30, 9)) * (rng.random((30, 9)) < 0.3)
    weights = torch.from_numpy(rng.normal(size=(4, 9))).requires_grad_()
    bias = torch.from_numpy(rng.normal(size=9)).requires_grad_()
    scores = (torch.from_numpy(x) @ weights + bias).relu()
    top = torch.topk(scores, 2, dim=1)
    codes = torch.zeros_like(scores).scatter(1, top.indices, top.values)
    (codes - torch.from_numpy(z)).square().sum(dim=1).mean().backward()
    slopes = gradients(x, z, weights.detach().numpy(), bias.detach().numpy(), 2)
    for slope, weight in zip(slopes, (weights, bias), strict=True):
        np.testing.assert_allclose(slope, weight.grad, rtol=1e-10, atol=1e-14)


def test_parts_side_by_side_come_back_in_order_and_in_silence():
    import torch

    def work(part):
        warnings.warn("noise", RuntimeWarning, stacklevel=1)
        return part**2, torch.get_num_threads()

    before, told = torch.get_num_threads(), []
    torch.set_num_threads(3)
    try:
        found = together(work, range(7), lambda s: f"part {s}", lambda *call: told.append(call))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert found == [(s**2, 1) for s in range(7)]
    assert sorted(message for message, _ in told) == [f"part {s}" for s in range(7)]
    assert told[-1][1] == 1
    assert together(work, [3], str, lambda *_: None) == [(9, 1)]


def test_an_error_in_one_part_is_the_studys_error():
    with pytest.raises(ZeroDivisionError):
        together(lambda s: 1 / s, [2, 1, 0], str, lambda *_: None)


def test_the_published_autoencoder_finds_atoms_where_one_feature_is_active_at_a_time(rng):
    atoms = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    x = np.eye(5)[rng.integers(5, size=1_000)] * rng.uniform(0.5, 1.5, (1_000, 1)) @ atoms
    options = {"n_latents": 30, "k": 1, "batch_size": 50, "learning_rate": 1e-2}
    learned = _plain_topk.train(x, **options, epochs=8, rng=rng)
    np.testing.assert_allclose(np.linalg.norm(learned.atoms, axis=1), 1, rtol=1e-6)
    assert np.median((atoms @ learned.atoms.T).max(axis=1)) > 0.95
    assert learned.fvu(x, learned.encode(x)) < 0.1
    once, again = (
        _plain_topk.train(x, **options, epochs=1, rng=np.random.default_rng(2)) for _ in range(2)
    )
    np.testing.assert_array_equal(once.atoms, again.atoms)


def test_area_under_the_curve_is_sklearns(rng):
    labels = rng.random(300) < 0.3
    codes = np.maximum(rng.normal(size=(300, 4)) + labels[:, None] * [0, 0.5, 1, 3], 0)  # ties
    theirs = [roc_auc_score(labels, column) for column in codes.T]
    np.testing.assert_allclose(composition._auc(codes, labels), theirs)


def test_after_an_error_nobody_begins_another_part(monkeypatch):
    monkeypatch.setattr(_together, "workers", lambda: 2)
    begun = []

    def work(part):
        begun.append(part)
        if part == 0:
            raise ArithmeticError("zero")
        time.sleep(0.01)

    with pytest.raises(ArithmeticError, match="zero"):
        together(work, range(500), str, lambda *_: None)
    time.sleep(0.05)
    so_far = len(begun)
    time.sleep(0.05)
    assert len(begun) == so_far < 100


def test_operations_of_an_encoder_by_hand():
    layers = ((np.zeros((8, 4)), np.zeros(4)), (np.zeros((4, 16)), np.zeros(16)))
    net = _relu_encoder.ReluAutoencoder(layers=layers, atoms=np.zeros((16, 8)))
    assert net.flops == 2 * 8 * 4 + 4 + 2 * 4 * 16 + 16
    assert net.training_flops(10, 5) == 3 * 10 * 5 * (net.flops + 2 * 16 * 8)
