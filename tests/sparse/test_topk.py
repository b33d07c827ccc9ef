"""TopK training: gradients, planted features, and the faults of published trainers."""

import numpy as np
import pytest
import torch

from unbraid.errors import InputError
from unbraid.sparse import RandomDictionary, TopK, Training, fit
from unbraid.sparse.autoencoders._sparse_net import SparseNet


def net_and_batch(rng, m=20, p=8, n=64, k=3, **options):
    atoms = rng.normal(size=(m, p))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    net = SparseNet(atoms, k, n, Training(**options))
    net.encoder += rng.normal(size=(m, p)).astype(np.float32) * 0.1
    net.bias += rng.normal(size=m).astype(np.float32) * 0.1
    net.offset += rng.normal(size=p).astype(np.float32) * 0.1
    return net, rng.normal(size=(n, p)).astype(np.float32)


def dense_gradients(net, x, k):
    atoms, encoder, bias, offset = (
        torch.from_numpy(a.copy()).requires_grad_()
        for a in (net.atoms, net.encoder, net.bias, net.offset)
    )
    x = torch.from_numpy(x)
    scores = (x - offset) @ encoder.T + bias
    top = torch.topk(scores, k, dim=1)
    codes = torch.zeros_like(scores).scatter(1, top.indices, top.values).relu()
    (offset + codes @ atoms - x).square().sum(1).mean().backward()
    return {"atoms": atoms.grad, "encoder": encoder.grad, "bias": bias.grad, "offset": offset.grad}


def test_sparse_gradients_equal_dense_ones(rng, monkeypatch):
    net, x = net_and_batch(rng)
    seen = {}
    monkeypatch.setattr(
        net.descent,
        "step",
        lambda rate: seen.update({k: v.copy() for k, v in net.gradient.items()}),
    )
    net.step(x, 0.1, 1.0)
    for name, expected in dense_gradients(net, x, 3).items():
        np.testing.assert_allclose(seen[name], expected.numpy(), rtol=1e-4, atol=1e-5)


def test_auxiliary_loss_reaches_the_encoder_of_dead_latents(rng, monkeypatch):
    net, x = net_and_batch(rng)
    net.bias[:5] = -100  # far below zero: even so they must learn
    net.since[:5] = 10**6
    seen = {}
    monkeypatch.setattr(
        net.descent,
        "step",
        lambda rate: seen.update({k: v.copy() for k, v in net.gradient.items()}),
    )
    net.step(x, 0.1, 1.0)
    assert (np.abs(seen["encoder"][:5]).sum(1) > 0).all()
    assert (np.abs(seen["atoms"][:5]).sum(1) > 0).all()


def test_auxiliary_target_excludes_offset_and_is_constant(rng, monkeypatch):
    net, x = net_and_batch(rng)
    net.bias[:5] = -100
    seen = []
    for dead in (False, True):
        net.since[:5] = 10**6 if dead else 0
        for array in net.gradient.values():
            array[...] = 0
        monkeypatch.setattr(
            net.descent,
            "step",
            lambda rate: seen.append({k: v.copy() for k, v in net.gradient.items()}),
        )
        net.step(x, 0.1, 1.0)
    # what is not dead learns from the main loss alone
    np.testing.assert_array_equal(seen[0]["offset"], seen[1]["offset"])
    np.testing.assert_array_equal(seen[0]["atoms"][5:], seen[1]["atoms"][5:])
    np.testing.assert_array_equal(seen[0]["encoder"][5:], seen[1]["encoder"][5:])


def test_dead_latents_are_counted_in_passes_and_revived(make_world):
    world = make_world(n=1500)
    net = SparseNet(np.tile(world.atoms[:2], (10, 1)), 2, 1500, Training(batch_size=100))
    net.bias[4:] = -2.0
    x = world.x.astype(np.float32)
    shares = [net.step(x[i % 15 * 100 :][:100], 0.01, 1.0).dead for i in range(150)]
    assert shares[14] == 0
    assert max(shares) >= 0.7
    assert shares[-1] < max(shares)


@pytest.mark.seed(1)
@pytest.mark.parametrize("mean", [2.0, 10.0])
def test_an_offset_of_the_data_kills_no_latents(make_world, mean):
    world = make_world()
    x = world.x + mean * world.x.std() * np.ones(14)
    learned = fit(x, TopK(k=2, n_latents=24, training={"steps": 600}), rng=0)
    assert learned.evidence.dead < 0.05
    assert learned.evidence.fvu < 0.3


def test_planted_features_are_found_better_than_by_units_and_by_chance(make_world):
    world = make_world(n_units=20)
    method = TopK(k=2, n_latents=48, training={"learning_rate": 1e-2, "steps": 800})
    learned = fit(world.x[:2000], method, rng=0)
    untrained = fit(world.x[:2000], RandomDictionary(of=method), rng=0)
    test = slice(2000, None)
    codes = world.mcc(learned.encode(world.x[test]), test)
    assert codes > 0.85
    assert codes > world.mcc(untrained.encode(world.x[test]), test) + 0.2
    assert world.mcc(learned.encode(world.x[test], by="fista"), test) > codes
    assert untrained.atoms.shape == learned.atoms.shape


def test_codes_obey_k_and_units_of_x(make_world):
    world = make_world(n=600)
    method = TopK(k=3, training={"steps": 100})
    learned = fit(world.x, method, rng=0)
    codes = learned.encode(world.x)
    assert np.diff(codes.indptr).max() <= 3
    assert codes.data.min() > 0
    np.testing.assert_allclose(np.linalg.norm(learned.atoms, axis=1), 1, rtol=1e-5)
    scaled = fit(1000 * world.x, method, rng=0)
    np.testing.assert_allclose(scaled.encode(1000 * world.x).toarray(), 1000 * codes.toarray(),
                               rtol=1e-2, atol=1.0)  # fmt: skip


def test_defaults_suit_small_systems(rng):
    learned = fit(rng.normal(size=(300, 5)), TopK(training={"steps": 20}), rng=0)
    assert learned.n_latents == 20
    assert 1 <= learned.k <= 5


def test_held_out_error_stops_in_time(rng):
    x = rng.normal(size=(60, 30))  # nothing to learn, easy to learn by heart
    with pytest.warns(RuntimeWarning, match="60 stimuli are few for 120 latents"):
        learned = fit(x, TopK(k=8, training={"learning_rate": 0.02}), rng=0)
    steps = [line["step"] for line in learned.evidence.history]
    assert steps[-1] < 1500
    held = [line["held_out"] for line in learned.evidence.history]
    assert learned.evidence.fvu_held_out == pytest.approx(min(held), rel=1e-3)


def test_k_above_the_number_of_latents_is_refused(rng):
    with pytest.raises(InputError, match="k must be at most the number of latents, 20, got 32"):
        fit(rng.normal(size=(50, 5)), TopK(k=32), rng=0)


def test_a_loss_that_breaks_is_told(rng):
    with (
        pytest.raises(Exception, match="loss became .* lower training.learning_rate"),
        np.errstate(all="ignore"),
    ):
        fit(rng.normal(size=(200, 5)), TopK(training={"learning_rate": 1e30}), rng=0)
