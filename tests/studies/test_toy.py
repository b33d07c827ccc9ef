"""The toy study: training together equals training alone; the fast version finds the result."""

import json

import numpy as np
import pytest

from unbraid import sparse, studies, worlds
from unbraid.studies.known_truth.toy._autoencoders import gradients, train_together


def test_gradients_equal_automatic_differentiation(rng):
    import torch

    def leaf(*shape):
        return torch.from_numpy(rng.normal(size=shape)).requires_grad_()

    y = torch.from_numpy(rng.normal(size=(3, 40, 5)))
    weights = enc, bias, atoms, offset = leaf(3, 5, 12), leaf(3, 12), leaf(3, 12, 5), leaf(3, 5)
    with torch.no_grad():
        bias[1] -= 4.0  # a model with dead latents
    pre = y @ enc + bias[:, None]
    top = torch.topk(pre.relu(), 2, dim=2)
    z = torch.zeros_like(pre).scatter(2, top.indices, top.values)
    residual = y - (z @ atoms + offset[:, None])
    dead = (z == 0).all(dim=1, keepdim=True)
    assert dead[1].any()
    aux = torch.where(dead, pre, 0) @ atoms + offset[:, None]
    losses = residual.square().mean((1, 2)) + 0.1 * (aux - residual).square().mean((1, 2))
    losses.sum().backward()
    with torch.no_grad():
        loss, grads = gradients(y, *weights, k=2, aux_weight=0.1)
    assert loss == pytest.approx(float(losses.detach().sum()))
    for weight, grad in zip(weights, grads, strict=True):
        np.testing.assert_allclose(grad, weight.grad, rtol=1e-9, atol=1e-13)


def test_together_equals_alone():
    world = worlds.ToyWorld(
        n_units=6, features=worlds.SparseFeatures(n_features=12, active=1.5), steps=60
    )
    models = world.train(2, rng=0)
    method = sparse.Longon2025Toy(n_latents=16, k=3)
    together = train_together(models, method, [0, 1], steps=30, progress=lambda *_: None)
    stream = models.training_features(30 * method.batch_size)
    for i, learned in enumerate(together):
        alone = sparse.fit(models.responses(i, stream), method, rng=i)
        # float32 sums in another order: about 1e-6 a step
        np.testing.assert_allclose(learned.atoms, alone.atoms, atol=2e-4)
        np.testing.assert_allclose(learned.encoder.weights, alone.encoder.weights, atol=2e-4)


@pytest.fixture(scope="module")
def result():
    return studies.run(studies.Toy(fast=True))


def cell(result, units, quantity):
    (row,) = (r for r in result.table if r["units"] == units and r["quantity"] == quantity)
    return row["mean"]


def test_codes_align_far_better_than_neurons_above_the_bound(result):
    codes, neurons = (cell(result, 32, f"semi {side}") for side in ("S->S", "N->N"))
    assert codes > 0.7
    assert codes > 2 * neurons
    assert cell(result, 32, "semi R->S") < codes - 0.3
    assert cell(result, 32, "ridge R->N") < cell(result, 32, "ridge S->N") - 0.2


def test_codes_align_worse_below_the_bound(result):
    assert cell(result, 8, "semi S->S") < cell(result, 8, "semi N->N")


def test_the_result_is_plain_data_with_a_verdict(result):
    record = json.loads(json.dumps(result.record(), allow_nan=False))
    assert record["verdict"].startswith("5 of 5 claims hold")
    assert record["settings"]["steps"] == 1200
    assert all(row["reference"] is None for row in result.table)  # reduced: nothing to agree with
    for figure in result.figures:
        for series in figure.series:
            assert len(series.x) == len(series.y)


def test_options_set_by_hand_survive_the_fast_version():
    settled = studies.Toy(fast=True, sae_steps=11).settled()
    assert settled.sae_steps == 11
    assert settled.steps == 1200
    assert studies.Toy().settled().steps == 10_000
