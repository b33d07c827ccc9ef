"""The archetypal autoencoder: atoms within reach of the hull, planted features."""

import numpy as np
import pytest
from scipy.optimize import nnls

from unbraid.sparse import Archetypal, Dictionary, RandomDictionary, fit

TRAINING = {"steps": 500, "learning_rate": 1e-2}


def distances_from_hull(atoms, points):
    """Distance of each atom from the convex hull, by least squares on the simplex."""
    heavy = 1e4  # a heavy extra row holds the weights' sum at 1
    system = np.vstack([points.T, np.full(len(points), heavy)])
    return np.array([nnls(system, np.append(atom, heavy), maxiter=10_000)[1] for atom in atoms])


@pytest.mark.parametrize("relaxation", [0.0, 0.2])
def test_atoms_stay_within_reach_of_the_hull(rng, relaxation):
    x = rng.gamma(1.0, size=(120, 5)) + 3
    learned = fit(
        x,
        Archetypal(k=2, n_latents=8, relaxation=relaxation, n_points=1000,
                   training={"steps": 150, "held_out": 0}),
        rng=0,
    )  # fmt: skip
    centred = x - x.mean(0)
    typical = np.sqrt(np.square(centred).sum(1).mean())
    far = distances_from_hull(learned.atoms, centred)
    assert far.max() <= relaxation * typical * 1.01 + 1e-3


@pytest.mark.seed(2)
def test_the_relaxation_binds_where_the_hull_is_too_small(rng, monkeypatch):
    x = rng.normal(size=(200, 5))
    scale = np.sqrt(np.square(x - x.mean(0)).mean())
    corners = np.eye(5)[:2].astype(np.float32)
    monkeypatch.setattr("unbraid.sparse.autoencoders.archetypal._points", lambda x, n, rng: corners)
    learned = fit(
        x, Archetypal(k=2, n_latents=8, relaxation=0.2, training={"steps": 300, "held_out": 0}),
        rng=0,
    )  # fmt: skip
    far = distances_from_hull(learned.atoms / scale, corners)
    assert far.max() == pytest.approx(0.2 * np.sqrt(5), rel=0.01)


def test_planted_features_are_found_and_files_are_exact(make_world, tmp_path):
    world = make_world(n_features=16, n_units=16, k=2)
    method = Archetypal(k=2, n_latents=32, relaxation=0.3, training=TRAINING)
    learned = fit(world.x[:2000], method, rng=0)
    codes = learned.encode(world.x)
    chance = fit(world.x[:2000], RandomDictionary(of=method), rng=0).encode(world.x)
    assert world.mcc(codes) > 0.7
    assert world.mcc(codes) > world.mcc(chance) + 0.15
    assert learned.fvu(world.x, codes) < 0.3
    again = Dictionary.load(learned.save(tmp_path / "d"))
    np.testing.assert_allclose(again.encode(world.x).toarray(), codes.toarray(), rtol=1e-5)
