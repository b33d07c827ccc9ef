"""The matching-pursuit autoencoder: the laws of greedy steps, planted features, files."""

import numpy as np
import pytest

from unbraid.sparse import Dictionary, Encoder, MatchingPursuit, RandomDictionary, fit


def unit(rng, m, p):
    atoms = rng.normal(size=(m, p))
    return atoms / np.linalg.norm(atoms, axis=1, keepdims=True)


def encoded(h, atoms, k):
    encoder = Encoder(weights=atoms.T, bias=np.zeros(len(atoms)), activation="pursuit", k=k)
    return encoder(h).toarray()


def test_each_step_takes_the_square_of_its_value_from_what_is_left(rng):
    atoms, h = unit(rng, 30, 8), rng.normal(size=(20, 8))
    before, energy = np.zeros((20, 30)), np.square(h).sum(1)
    for k in range(1, 12):
        codes = encoded(h, atoms, k)
        value = (codes - before).sum(1)  # what the last step added
        left = h - codes @ atoms
        np.testing.assert_allclose(np.square(left).sum(1), energy - value**2, atol=1e-10)
        taken = atoms[(codes - before).argmax(1)]
        np.testing.assert_allclose((left * taken).sum(1), 0, atol=1e-10)
        before, energy = codes, np.square(left).sum(1)
    assert codes.min() >= 0


def test_orthonormal_atoms_give_the_largest_positive_projections(rng):
    atoms = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    h = rng.normal(size=(15, 6))
    scores = h @ atoms.T
    edge = np.sort(scores, axis=1)[:, -2:-1]
    expected = np.where(scores >= edge, np.maximum(scores, 0), 0)
    np.testing.assert_allclose(encoded(h, atoms, 2), expected, atol=1e-12)


def test_planted_features_are_found_and_files_are_exact(make_world, tmp_path):
    world = make_world(n_units=20)
    method = MatchingPursuit(k=2, n_latents=32, training={"steps": 600, "learning_rate": 1e-2})
    learned = fit(world.x[:2000], method, rng=0)
    codes = learned.encode(world.x)
    chance = fit(world.x[:2000], RandomDictionary(of=method), rng=0).encode(world.x)
    assert world.mcc(codes) > 0.85
    assert world.mcc(codes) > world.mcc(chance) + 0.2
    assert learned.fvu(world.x, codes) < 0.15
    np.testing.assert_allclose(np.linalg.norm(learned.atoms, axis=1), 1, rtol=1e-4)
    again = Dictionary.load(learned.save(tmp_path / "d"))
    np.testing.assert_allclose(again.encode(world.x).toarray(), codes.toarray(), atol=1e-5)


def test_the_gradient_goes_through_every_step(rng):
    import torch

    from unbraid.sparse.autoencoders._dense_net import DenseNet
    from unbraid.sparse.training._training import Training

    seen = []

    def learn(method, x, rng, log, rule, **options):
        seen.append(rule)
        raise KeyboardInterrupt

    x = rng.normal(size=(40, 5))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("unbraid.sparse.autoencoders._autoencode.learn", learn)
        fit(x, MatchingPursuit(k=3, n_latents=7), rng=0)
    start = unit(rng, 7, 5)
    net = DenseNet({"atoms": start, "offset": np.zeros(5)}, seen[0], 40, Training(), unit=False)

    def loss(atoms):
        h = torch.from_numpy(x.astype(np.float32))
        codes, _ = seen[0]({"atoms": atoms}, h, 1.0)
        return (codes @ atoms - h).square().sum(1).mean()

    (expected,) = torch.autograd.grad(loss(net.weights["atoms"]), net.weights["atoms"])
    direction = torch.from_numpy(unit(rng, 7, 5).astype(np.float32))
    with torch.no_grad():
        ahead, back = (loss(net.weights["atoms"] + s * direction) for s in (1e-3, -1e-3))
    slope = float((ahead - back) / 2e-3)
    assert float((expected * direction).sum()) == pytest.approx(slope, rel=0.05, abs=0.01)
