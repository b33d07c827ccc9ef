"""Faults of published trainers, none of which may come back."""

import numpy as np
import pytest
import torch

from unbraid.sparse import (
    PCA,
    AbsTopK,
    Archetypal,
    BatchTopK,
    Dictionary,
    Gated,
    JumpRelu,
    MatchingPursuit,
    Matryoshka,
    ReluL1,
    TopK,
    Training,
    fit,
)
from unbraid.sparse.autoencoders._dense_net import DenseNet, scores
from unbraid.sparse.autoencoders._sparse_net import SparseNet

SHORT = {"steps": 150, "learning_rate": 1e-2}
METHODS = [
    *(kind(k=2, n_latents=24, training=SHORT)
      for kind in (TopK, BatchTopK, Matryoshka, AbsTopK, MatchingPursuit, Archetypal)),
    *(kind(n_latents=24, training=SHORT) for kind in (ReluL1, Gated, JumpRelu)),
]  # fmt: skip


def relu_rule(w, h, share):
    codes = scores(w, h).relu()
    return codes, codes.new_zeros(())


def dense_net(rng, dead):
    """Return a net of which five latents are silent, and its gradient after a step."""
    atoms = rng.normal(size=(20, 8))
    weights = {
        "atoms": atoms / np.linalg.norm(atoms, axis=1, keepdims=True),
        "encoder": atoms,
        "bias": np.where(np.arange(20) < 5, -100.0, 0.0),
        "offset": rng.normal(size=8),
    }
    net = DenseNet(weights, relu_rule, 64, Training())
    net.since[:5] = 10**6 if dead else 0
    x = rng.normal(size=(64, 8)).astype(np.float32)
    seen = {}
    net.descent.step = lambda rate: seen.update(
        {name: g.copy() for name, g in net.descent.gradient.items()}
    )
    net.step(x, 0.1, 1.0)
    return seen


def test_auxiliary_loss_reaches_the_encoder_of_dead_latents_and_nothing_else():
    alive, dead = (dense_net(np.random.default_rng(0), flag) for flag in (False, True))
    assert not alive["encoder"][:5].any()
    assert (np.abs(dead["encoder"][:5]).sum(1) > 0).all()
    assert (np.abs(dead["atoms"][:5]).sum(1) > 0).all()
    for name in ("atoms", "encoder", "bias"):
        np.testing.assert_array_equal(dead[name][5:], alive[name][5:])
    np.testing.assert_array_equal(dead["offset"], alive["offset"])


@pytest.mark.parametrize("steps, revived", [(10, False), (11, True)])
def test_the_dead_window_is_one_pass_over_ten_thousand_stimuli(rng, steps, revived):
    atoms = rng.normal(size=(30, 6))
    net = SparseNet(atoms, 2, 10_000, Training())
    net.bias[10:] = -50
    x = rng.normal(size=(1000, 6)).astype(np.float32)
    for _ in range(steps):
        show = net.step(x, 0.0, 1.0)
    assert show.dead == 0  # a pass is over, not yet exceeded
    assert (net.since[10:] == 1000 * steps).all()
    before = net.encoder[10:].copy()
    net.step(x, 1e-3, 1.0)
    assert (net.encoder[10:] != before).any() == revived


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_an_offset_of_the_data_kills_no_latents(make_world, method):
    world = make_world(n=1200)
    centred = fit(world.x - world.x.mean(0), method, rng=0)
    x = world.x + 10 * world.x.std() * np.ones(14)
    learned = fit(x, method, rng=0)
    assert learned.evidence.dead < max(0.05, centred.evidence.dead + 0.05)
    assert learned.evidence.fvu == pytest.approx(centred.evidence.fvu, abs=0.04)


def test_the_error_is_relative_to_the_variance_about_the_mean(rng):
    x = rng.normal(size=(500, 4)) + 100
    silent = Dictionary(atoms=np.eye(4), offset=x.mean(0), method=TopK())
    assert silent.fvu(x, np.zeros((500, 4))) == pytest.approx(1)


def test_the_variance_is_about_the_mean_of_all_stimuli_not_of_each_part(rng, monkeypatch):
    x = np.repeat(rng.normal(size=(20, 4)), 50, axis=0) + 0.1 * rng.normal(size=(1000, 4))
    whole = fit(x, PCA(n_latents=2), rng=0)
    monkeypatch.setattr(
        "unbraid.sparse.evidence._measure._EVIDENCE_NUMBERS", 400
    )  # parts alike within
    parts = fit(x, PCA(n_latents=2), rng=0)
    assert parts.evidence.fvu == pytest.approx(whole.evidence.fvu, rel=1e-9)
    assert parts.evidence.fvu == pytest.approx(whole.fvu(x, whole.encode(x)), rel=1e-9)


def test_a_global_threshold_gives_each_stimulus_its_own_number(make_world, tmp_path):
    world = make_world(n=1200, k=3)
    x = world.x * np.linspace(0.2, 3, 1200)[:, None]  # loud stimuli have more to tell
    learned = fit(x, BatchTopK(k=3, n_latents=30, training={"steps": 150}), rng=0)
    again = Dictionary.load(learned.save(tmp_path / "d"))
    counts = np.diff(again.encode(x).indptr)
    assert counts[-300:].mean() > counts[:300].mean() + 1
    np.testing.assert_array_equal(again.encoder.threshold, learned.encoder.threshold)
    # alone, a stimulus has the codes that it has among others
    np.testing.assert_array_equal(again.encode(x[:1]).indices, again.encode(x).indices[: counts[0]])


def test_the_global_random_state_is_left_alone(make_world):
    torch.manual_seed(7)
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    x = make_world(n=300).x
    for method in (TopK(training={"steps": 5}), Gated(training={"steps": 5})):
        fit(x, method, rng=0)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002
