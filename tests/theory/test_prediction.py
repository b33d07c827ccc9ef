"""Each metric measured on many stimuli reaches what its closed form predicts."""

import numpy as np
import pytest

from unbraid import align, theory
from unbraid.errors import InputError

PROBABILITY = 0.15
UNIFORM = (1 / 2, 1 / 3, 1 / 4, 1 / 5)


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(11)
    z = rng.random((8_000, 18)) * (rng.random((8_000, 18)) < PROBABILITY)
    a, b = rng.normal(size=(18, 9)), rng.normal(size=(18, 6))
    b[:, 0] = a[:, 0]  # one unit in common
    a[0], b[1] = 0, 0  # a feature that one side has alone: noise
    return z, a, b


def test_every_name_is_a_metrics():
    assert set(theory.PREDICTABLE) <= set(align.METRICS)


@pytest.mark.parametrize("metric", theory.PREDICTABLE)
def test_measured_equals_predicted(world, metric):
    z, a, b = world
    variance, fourth = theory.bernoulli_cumulants(PROBABILITY, UNIFORM)
    few = slice(2_000 if metric == "rsa" else None)
    compute = align.METRICS[metric].compute
    measured = compute(z[few] @ a, z[few] @ b, permutations=0, resamples=0).value
    predicted = theory.predict(
        metric, a, b, covariance=np.full(18, variance), fourth_cumulants=fourth
    )
    assert measured == pytest.approx(predicted, abs=0.03)  # sampling, 8,000 stimuli


@pytest.mark.parametrize("metric", theory.PREDICTABLE)
def test_correlated_gaussian_features(rng, metric):
    mixed = rng.normal(size=(7, 7))
    z = rng.normal(size=(4_000, 7)) @ mixed
    a, b = rng.normal(size=(2, 7, 4))
    few = slice(1_500 if metric == "rsa" else None)
    compute = align.METRICS[metric].compute
    measured = compute(z[few] @ a, z[few] @ b, permutations=0, resamples=0).value
    predicted = theory.predict(metric, a, b, covariance=mixed.T @ mixed)
    assert measured == pytest.approx(predicted, abs=0.06)


def test_a_rotation_leaves_geometry_and_changes_units(rng):
    a = rng.normal(size=(20, 6))
    turned = 3 * a @ np.linalg.qr(rng.normal(size=(6, 6)))[0]
    for metric in ("procrustes", "cca", "cka", "rsa", "ridge", "ridge_r2"):
        assert theory.predict(metric, a, turned) == pytest.approx(1), metric
    for metric in ("semi_matching", "one_to_one", "soft_matching"):
        assert theory.predict(metric, a, turned) < 0.95, metric


def test_canonical_correlations_do_not_care_for_stretch_but_procrustes_does(rng):
    a = rng.normal(size=(20, 6))
    stretched = a @ rng.normal(size=(6, 6))
    assert theory.cca(a, stretched) == pytest.approx(1)
    assert theory.procrustes(a, stretched) < 0.95
    assert theory.cca(a, a[:, :2]) == pytest.approx(1)


def test_undefined_and_mistaken():
    zero, one = np.zeros((3, 2)), np.ones((3, 2))
    for metric in ("procrustes", "cca", "ridge_r2", "cka"):
        assert np.isnan(theory.predict(metric, one, zero)), metric
    with pytest.raises(InputError, match="did you mean 'procrustes'"):
        theory.predict("procrustean", one, one)
    with pytest.raises(InputError, match="known: semi_matching"):
        theory.predict("?", one, one)
    with pytest.raises(InputError, match="covariance that is not diagonal"):
        theory.predict("rsa", one, one, covariance=np.ones((3, 3)), fourth_cumulants=1.0)
