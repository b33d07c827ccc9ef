"""What arrangement, chance and imperfect recovery allow a matching score to be."""

import numpy as np
import pytest

from unbraid import align, theory
from unbraid.errors import InputError


def test_two_mixtures_of_the_same_three_features():
    a = np.array([[1, 0], [1, 0], [0, 1]])  # {z1 + z2, z3}
    b = np.array([[1, 0], [0, 1], [0, 1]])  # {z1, z2 + z3}
    r = theory.unit_correlations(a, b)
    for score in (theory.semi_matching(r), theory.soft_matching(r), theory.one_to_one(r)):
        assert score == pytest.approx(np.sqrt(0.5))


def test_mixtures_that_share_t_of_s(rng):
    z = rng.normal(size=(50_000, 7))
    sums = z[:, :5].sum(1), z[:, 2:7].sum(1)
    assert theory.mixture_correlation(3, 5) == pytest.approx(np.corrcoef(*sums)[0, 1], abs=0.02)
    with pytest.raises(InputError, match="shared must lie in"):
        theory.mixture_correlation(6, 5)


def test_correlations_equal_the_sample(rng):
    a, b = rng.normal(size=(12, 4)), rng.normal(size=(12, 5))
    root = rng.normal(size=(12, 12))
    z = rng.normal(size=(80_000, 12)) @ root
    sample = np.corrcoef((z @ a).T, (z @ b).T)[:4, 4:]
    predicted = theory.unit_correlations(a, b, covariance=root.T @ root)
    np.testing.assert_allclose(predicted, sample, atol=0.02)


def test_metrics_on_responses_reach_the_prediction(rng):
    a, b = rng.normal(size=(20, 6)), rng.normal(size=(20, 6))
    z = rng.normal(size=(8_000, 20))
    r = theory.unit_correlations(a, b)
    measured = align.semi_matching(z @ a, z @ b, permutations=0, resamples=0).value
    assert measured == pytest.approx(theory.semi_matching(r), abs=0.03)
    measured = align.soft_matching(z @ a, z @ b, permutations=0, resamples=0).value
    assert measured == pytest.approx(theory.soft_matching(r), abs=0.03)


def test_soft_never_exceeds_semi_for_any_sizes(rng):
    for p, q in ((3, 9), (9, 3), (7, 7)):
        r = rng.uniform(-1, 1, size=(p, q))
        assert theory.soft_matching(r) <= theory.semi_matching(r) + 1e-12
    assert theory.soft_matching(r) == pytest.approx(theory.one_to_one(r))


def test_rectified_units_see_the_positive_part_when_features_are_rare(rng):
    a, b = rng.normal(size=(30, 8)), rng.normal(size=(30, 8))
    z = np.eye(30)[rng.integers(30, size=4_000)] * rng.random((4_000, 1))
    z *= rng.random((4_000, 1)) < 0.05  # mostly silence, one feature at most
    x, y = np.maximum(z @ a, 0), np.maximum(z @ b, 0)
    sample = np.corrcoef(x.T, y.T)[:8, 8:]
    predicted = theory.unit_cosines(np.maximum(a, 0), np.maximum(b, 0))
    assert np.abs(sample - predicted).mean() < 0.09
    assert np.abs(sample - predicted).mean() < np.abs(sample - theory.unit_cosines(a, b)).mean() / 2


def test_expected_maximum_of_normals(rng):
    assert theory.expected_maximum(1) == pytest.approx(0, abs=1e-9)
    assert theory.expected_maximum(2) == pytest.approx(1 / np.sqrt(np.pi))
    for m, e_m in ((8, 1.42), (16, 1.77), (32, 2.07)):
        assert theory.expected_maximum(m) == pytest.approx(e_m, abs=0.005)
    draws = rng.normal(size=(4_000, 1000)).max(axis=1)
    assert theory.expected_maximum(1000) == pytest.approx(draws.mean(), abs=0.03)
    with pytest.raises(InputError, match="m must be a whole number"):
        theory.expected_maximum(0)


@pytest.mark.parametrize("m", [8, 16, 32])
def test_random_encodings_match_by_chance(rng, m):
    draws = [
        theory.semi_matching(
            theory.unit_correlations(rng.normal(size=(64, m)), rng.normal(size=(64, m)))
        )
        for _ in range(30)
    ]
    assert np.mean(draws) == pytest.approx(theory.expected_semi_matching(m, 64), abs=0.012)


@pytest.mark.parametrize(("n", "expected"), [(100, 0.23), (1000, 0.075), (10_000, 0.024)])
def test_in_sample_bias_on_noise(rng, n, expected):
    assert theory.in_sample_bias(64, n) == pytest.approx(expected, abs=0.006)
    x, y = rng.normal(size=(n, 64)), rng.normal(size=(n, 64))
    best = np.corrcoef(x.T, y.T)[:64, 64:].max(axis=0).mean()
    assert best == pytest.approx(theory.in_sample_bias(64, n), rel=0.06)


def test_imperfect_codes_score_the_product(rng):
    z = rng.normal(size=(20_000, 15))

    def codes(rho):
        return rho * z + np.sqrt(1 - rho**2) * rng.normal(size=z.shape)

    measured = align.semi_matching(codes(0.8), codes(0.8), permutations=0, resamples=0).value
    assert theory.recovered_score(0.8, 0.8) == pytest.approx(0.64)
    assert measured == pytest.approx(0.64, abs=0.01)
    with pytest.raises(InputError, match="correlations in"):
        theory.recovered_score(1.2, 0.5)


def test_dead_units_are_left_out():
    a = np.array([[1.0, 0.0], [0.0, 0.0]])
    r = theory.unit_correlations(a, np.eye(2))
    assert np.isnan(r[1]).all()
    assert theory.semi_matching(r) == pytest.approx(0.5)
    with pytest.raises(InputError, match="at least one varying unit"):
        theory.semi_matching([[np.nan]])
    with pytest.raises(InputError, match=r"shape \(p, q\)"):
        theory.semi_matching([1.0, 2.0])
