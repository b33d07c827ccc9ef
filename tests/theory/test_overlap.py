"""Partly shared features, the inversion, and the capacity of random expansions."""

import numpy as np
import pytest

from unbraid import theory
from unbraid.errors import InputError


def partial(rng, m, n, shared):
    """Two Gaussian encodings of n features each, of which the first ``shared`` are common."""
    a, b = np.zeros((2, 2 * n - shared, m))
    a[:n] = rng.normal(size=(n, m))
    b[:shared] = rng.normal(size=(shared, m))
    b[n:] = rng.normal(size=(n - shared, m))
    return a, b


def test_overlap_formulas_equal_the_mean_of_draws(rng):
    draws = [partial(rng, 20, 30, 15) for _ in range(60)]
    cka = np.mean([theory.linear_cka(a, b) for a, b in draws])
    assert theory.expected_overlap_cka(20, 20, 30, 30, 15) == pytest.approx(cka, abs=0.01)
    r2 = np.mean([theory.r2(a, b) for a, b in draws])
    assert theory.expected_overlap_r2(20, 30, 30, 15) == pytest.approx(r2, abs=0.01)


def test_identical_features_can_score_below_half_shared_ones(rng):
    case = theory.inversion(
        n_units=20, n_features=100, partial_features=20, shared=10, partial_units=20
    )
    assert case.inverted
    assert case.identical_cka == pytest.approx(0.165, abs=5e-4)
    assert case.partial_cka == pytest.approx(0.244, abs=5e-4)
    assert (case.identical_r2, case.partial_r2) == pytest.approx((0.2, 0.5))
    identical = [theory.linear_cka(*partial(rng, 20, 100, 100)) for _ in range(20)]
    half = [theory.linear_cka(*partial(rng, 20, 20, 10)) for _ in range(40)]
    assert np.mean(identical) < np.mean(half)


def test_no_inversion_without_compression():
    case = theory.inversion(
        n_units=400, n_features=20, partial_features=20, shared=10, partial_units=400
    )
    assert not case.inverted


def test_sharing_more_than_there_is_is_refused():
    with pytest.raises(InputError, match="shared must lie between"):
        theory.expected_overlap_cka(5, 5, 10, 10, 11)


def test_separable_fraction_against_all_splits_of_a_few_points(rng):
    from scipy.optimize import linprog

    points = rng.normal(size=(6, 3))
    count = 0
    for split in range(2**6):
        signs = np.array([1 if split >> i & 1 else -1 for i in range(6)])
        solved = linprog(
            np.zeros(3), A_ub=-signs[:, None] * points, b_ub=-np.ones(6), bounds=(None, None)
        )
        count += solved.status == 0
    assert theory.separable_fraction(6, 3) == pytest.approx(count / 2**6)


def test_separable_fraction_at_its_landmarks():
    assert theory.separable_fraction(50, 50) == 1
    assert theory.separable_fraction(200, 100) == pytest.approx(0.5)
    assert theory.separable_fraction(1000, 100) < 1e-9
    with pytest.raises(InputError, match="n_stimuli must be a whole number"):
        theory.separable_fraction(0, 3)
