"""Latents have the law they claim, the generator can be undone, discrimination inverts it."""

import numpy as np
import pytest
from scipy.special import ive

from unbraid.worlds import Discriminator, SphereWorld


@pytest.mark.parametrize(("d", "kappa"), [(3, 10.0), (5, 10.0), (10, 50.0)])
def test_von_mises_fisher_has_its_mean_length(rng, d, kappa):
    sphere = SphereWorld(dimension=d, n_classes=2, concentration=kappa).build(rng=rng)
    drawn = sphere.sample(20_000, rng=rng)
    np.testing.assert_allclose(np.linalg.norm(drawn.latents, axis=1), 1)
    own = drawn.latents[drawn.classes == 0]
    expected = ive(d / 2, kappa) / ive(d / 2 - 1, kappa)  # ratio of Bessel functions
    np.testing.assert_allclose(own.mean(axis=0), expected * sphere.cluster_vectors[0], atol=0.015)


def test_the_generator_can_be_undone(rng):
    sphere = SphereWorld(dimension=4, slope=0.3).build(rng=rng)
    drawn = sphere.sample(50, rng=rng)
    x = drawn.observations
    for i, layer in reversed(list(enumerate(sphere.layers))):
        if i < len(sphere.layers) - 1:
            x = np.where(x > 0, x, x / 0.3)
        x = x @ layer.T
    np.testing.assert_allclose(x, drawn.latents, atol=1e-12)


@pytest.mark.parametrize("law", ["normal", "laplace", "uniform"])
def test_other_laws_stay_on_the_sphere_around_their_clusters(rng, law):
    sphere = SphereWorld(law=law, concentration=30).build(rng=rng)
    drawn = sphere.sample(500, rng=rng)
    np.testing.assert_allclose(np.linalg.norm(drawn.latents, axis=1), 1)
    near = np.sum(drawn.latents * sphere.cluster_vectors[drawn.classes], axis=1)
    assert near.mean() > 0.85


def test_class_discrimination_learns_and_is_repeatable(rng):
    import torch

    state = torch.get_rng_state()
    sphere = SphereWorld(dimension=3, n_classes=10, concentration=30).build(rng=rng)
    drawn = sphere.sample(4_000, rng=rng)
    method = Discriminator(dimension=3, hidden=(32,), steps=200, batch_size=256)
    a, b = (method.train(drawn.observations, drawn.classes, rng=1) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(a.classifier, b.classifier)
    assert a.loss < 0.6 * np.log(10)
    f = a.represent(drawn.observations)
    np.testing.assert_allclose(np.linalg.norm(f, axis=1), 1, rtol=1e-5)
    named = (f @ a.classifier.T).argmax(axis=1)
    assert (named == drawn.classes).mean() > 0.6
    untrained = method.with_options(["steps=0"]).train(drawn.observations, drawn.classes, rng=1)
    assert np.isnan(untrained.loss)


@pytest.mark.parametrize(("law", "fourth"), [("normal", 3.0), ("laplace", 6.0), ("uniform", 1.8)])
def test_noise_has_variance_one_and_its_laws_fourth_moment(rng, law, fourth):
    from unbraid.worlds.sphere import _unit_variance

    drawn = _unit_variance(law, (400_000,), rng)
    assert drawn.var() == pytest.approx(1, abs=0.02)
    assert np.mean(drawn**4) == pytest.approx(fourth, rel=0.06)


def test_cluster_vectors_follow_their_law(rng):
    def corners(law):
        sphere = SphereWorld(dimension=3, n_classes=20_000, cluster_law=law).build(rng=rng)
        np.testing.assert_allclose(np.linalg.norm(sphere.cluster_vectors, axis=1), 1)
        return np.mean(np.abs(sphere.cluster_vectors).max(axis=1) > 0.95)

    # directions near an axis: a cap of height .05 around each of six, .15 of the sphere
    assert corners("normal") == pytest.approx(0.15, abs=0.015)
    assert corners("laplace") > 0.18 > 0.12 > corners("uniform")
