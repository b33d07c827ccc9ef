"""The autoencoders that others publish: planted features found, rules kept, files exact."""

import numpy as np
import pytest

from unbraid.sparse import (
    AbsTopK,
    BatchTopK,
    Dictionary,
    Gated,
    JumpRelu,
    Matryoshka,
    RandomDictionary,
    ReluL1,
    fit,
)

TRAINING = {"steps": 700, "learning_rate": 1e-2}
METHODS = [
    BatchTopK(k=2, n_latents=48, training=TRAINING),
    Matryoshka(k=2, n_latents=48, levels=2, training=TRAINING),
    AbsTopK(k=2, n_latents=48, training=TRAINING),
    ReluL1(n_latents=48, training=TRAINING),
    Gated(n_latents=48, training=TRAINING),
    JumpRelu(n_latents=48, training=TRAINING),
]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_planted_features_are_found(make_world, tmp_path, method):
    world = make_world(n_units=20)
    learned = fit(world.x[:2000], method, rng=0)
    test = slice(2000, None)
    codes = learned.encode(world.x[test])
    chance = fit(world.x[:2000], RandomDictionary(of=method), rng=0).encode(world.x[test])
    assert world.mcc(codes, test) > 0.75
    assert world.mcc(codes, test) > world.mcc(chance, test) + 0.15
    assert learned.fvu(world.x[test], codes) < 0.4
    np.testing.assert_allclose(np.linalg.norm(learned.atoms, axis=1), 1, rtol=1e-4)
    again = Dictionary.load(learned.save(tmp_path / "d"))
    np.testing.assert_allclose(
        again.encode(world.x).toarray(), learned.encode(world.x).toarray(), rtol=1e-5, atol=1e-6
    )
    assert world.mcc(learned.encode(world.x[test], by="fista"), test) > 0.85


@pytest.mark.parametrize("kind", [ReluL1, Gated, JumpRelu])
def test_many_latents_do_not_start_by_overshooting(make_world, kind):
    world = make_world(n=2000)
    method = kind(n_latents=16 * 24, training={"steps": 400})
    start = fit(world.x, RandomDictionary(of=method), rng=0)
    assert start.evidence.fvu < 1.1
    learned = fit(world.x, method, rng=0)
    assert world.mcc(learned.encode(world.x)) > 0.8


def test_batch_topk_keeps_its_threshold_and_its_mean_number(make_world):
    world = make_world()
    learned = fit(world.x, BatchTopK(k=3, n_latents=40, training={"steps": 100}), rng=0)
    assert learned.encode(world.x).l0 == pytest.approx(3, rel=0.05)


def test_abs_topk_codes_are_signed(make_world):
    world = make_world(n=500)
    learned = fit(world.x, AbsTopK(k=3, n_latents=20, training={"steps": 50}), rng=0)
    codes = learned.encode(world.x)
    assert codes.data.min() < 0 < codes.data.max()
    assert codes.l0 == 3


def test_penalties_make_codes_sparser(make_world):
    x = make_world(n=1000).x
    for kind in (ReluL1, JumpRelu, Gated):
        weak, strong = (
            fit(x, kind(penalty=penalty, n_latents=30, training={"steps": 300}), rng=0)
            for penalty in (0.01, 1.0)
        )
        assert strong.evidence.l0 < weak.evidence.l0


def test_the_thresholds_gradient_is_the_kernels(rng):
    """Equations 11 and 12 of the JumpReLU paper on one latent, by hand."""
    import torch

    z = torch.tensor([0.95, 1.04, 1.5])
    threshold = torch.tensor(1.0, requires_grad=True)
    width = 0.2
    step = (z > threshold).float()
    near = ((z - threshold).abs() < width / 2).float() / width
    smooth = step + near * (threshold.detach() - threshold)
    (gradient,) = torch.autograd.grad(smooth.sum(), threshold)
    assert float(gradient) == pytest.approx(-2 / width)
