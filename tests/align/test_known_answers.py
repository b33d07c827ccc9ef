"""Worlds in which every score is known."""

import numpy as np
import pytest

from unbraid import align
from unbraid.align.matching._semi_matching import strongest_sources

FAST = {"permutations": 0, "resamples": 0}
MATCHING = [align.semi_matching, align.soft_matching, align.one_to_one]


def rotation(p, rng):
    return np.linalg.qr(rng.normal(size=(p, p)))[0]


@pytest.mark.parametrize("metric", [*MATCHING, align.ridge])
def test_the_same_units_in_another_order_and_scale_are_one(metric, rng):
    x = rng.normal(size=(200, 9))
    y = x[:, rng.permutation(9)] * rng.uniform(0.1, 10, 9) + rng.normal(size=9)
    score = metric(x, y, permutations=5, resamples=50)
    assert score.value == pytest.approx(1, abs=1e-6)
    assert score.low == pytest.approx(1, abs=1e-6)
    assert score.p_value <= 1 / 6 + 1e-12
    np.testing.assert_allclose(score.per_target, 1, atol=1e-6)


def test_a_rotation_keeps_the_space_and_not_the_units(rng):
    x = rng.normal(size=(300, 8))
    y = 3 * x @ rotation(8, rng) + 1
    for metric in (align.cka, align.cka_debiased, align.rsa, align.ridge, align.ridge_r2,
                   align.procrustes):  # fmt: skip
        assert metric(x, y, **FAST).value == pytest.approx(1, abs=1e-6)
    for metric in MATCHING:
        assert metric(x, y, **FAST).value < 0.8


@pytest.mark.parametrize("protocol", ["unbraid", "longon2025"])
@pytest.mark.parametrize("metric", [align.semi_matching, align.soft_matching])
def test_two_mixtures_of_three_features(metric, protocol, rng):
    z = rng.normal(size=(40_000, 3))
    a = np.stack([z[:, 0] + z[:, 1], z[:, 2]], axis=1)
    b = np.stack([z[:, 0], z[:, 1] + z[:, 2]], axis=1)
    score = metric(a, b, protocol=protocol, permutations=0)
    assert score.value == pytest.approx(1 / np.sqrt(2), abs=0.01)
    assert score.low - 0.005 < 1 / np.sqrt(2) < score.high + 0.005


def test_unrelated_units_score_zero_held_out_and_the_extreme_value_in_sample(rng):
    x, y = rng.normal(size=(2, 1000, 64))
    score = align.semi_matching(x, y)
    assert score.low - 0.01 < 0 < score.high + 0.01
    assert abs(score.value) < 0.02
    extreme = rng.normal(size=(10_000, 64)).max(axis=1).mean()
    assert score.in_sample == pytest.approx(extreme / np.sqrt(1000), abs=0.006)


@pytest.mark.parametrize("sizes", [(12, 12), (5, 17), (17, 5)])
def test_soft_never_exceeds_semi_in_sample(sizes, rng):
    p, q = sizes
    z = rng.normal(size=(150, 6))
    x, y = z @ rng.normal(size=(6, p)), z @ rng.normal(size=(6, q)) + rng.normal(size=(150, q))
    soft, semi = align.soft_matching(x, y, **FAST), align.semi_matching(x, y, **FAST)
    assert soft.in_sample <= semi.in_sample + 1e-12
    assert 0 <= soft.gap + 1e-12 < 1e-9


def test_soft_equals_one_to_one_for_equal_sizes(rng):
    x, y = rng.normal(size=(2, 120, 15))
    soft, single = align.soft_matching(x, y, **FAST), align.one_to_one(x, y, **FAST)
    assert soft.value == pytest.approx(single.value, abs=1e-12)
    np.testing.assert_array_equal(soft.matching, single.matching)


def test_codes_that_follow_the_truth_at_08_match_at_064(rng):
    truth = rng.normal(size=(20_000, 20))
    sides = [0.8 * truth + 0.6 * rng.normal(size=truth.shape) for _ in range(2)]
    assert align.semi_matching(*sides, **FAST).value == pytest.approx(0.64, abs=0.01)


def test_random_projections_follow_the_closed_forms(rng):
    n_features, m = 64, 16
    found = []
    for _ in range(30):
        z = rng.normal(size=(2500, n_features))
        a, b = rng.normal(size=(2, n_features, m)) / np.sqrt(m)
        found.append([metric(z @ a, z @ b, **FAST).value
                      for metric in (align.cka, align.cka_debiased, align.ridge_r2)])  # fmt: skip
    cka, debiased, explained = np.mean(found, axis=0)
    assert cka == pytest.approx(0.198, abs=0.01)
    assert debiased == pytest.approx(0.198, abs=0.01)
    assert explained == pytest.approx(0.25, abs=0.012)


def test_identical_features_can_look_less_alike_than_half_of_them(rng):
    """Raw alignment is not feature overlap: the inversion of closed forms II.4."""

    def cka(n_features, shared, m=20):
        z = rng.normal(size=(4000, 2 * n_features - shared))
        a, b = rng.normal(size=(2, n_features, m))
        return align.cka(z[:, :n_features] @ a, z[:, -n_features:] @ b, **FAST).value

    same = np.mean([cka(100, 100) for _ in range(5)])
    half = np.mean([cka(20, 10) for _ in range(5)])
    assert same == pytest.approx(0.165, abs=0.02)
    assert half == pytest.approx(0.244, abs=0.04)
    assert same < half


def test_an_example_by_hand(rng):
    x = np.array([[0.0, 1], [1, 0], [2, 3], [3, 2]])
    y = np.array([[0.0], [1], [2], [4]])
    folds = np.array([0, 0, 1, 1])
    # fold 0 is scored with rows 2, 3 as training: unit 0 follows y there, unit 1 does not
    a = [(np.array([0, 1]) - 2.5) / 0.5, (np.array([2, 3]) - 0.5) / 0.5]
    b = [(np.array([0, 1]) - 3.0) / 1.0, (np.array([2, 4]) - 0.5) / 0.5]
    num = sum(u @ v for u, v in zip(a, b, strict=True))
    norm = np.sqrt(sum(u @ u for u in a) * sum(v @ v for v in b))
    score = align.semi_matching(x, y, folds=folds, **FAST)
    assert score.value == pytest.approx(num / norm, abs=1e-12)
    np.testing.assert_array_equal(score.matching, [0])


@pytest.mark.parametrize("absolute", [False, True])
def test_sources_that_rounding_alone_tells_apart_are_tied(absolute):
    """The first is taken, though sums in another order made the second larger by 1e-15."""
    r = np.array([[0.5, 0.1, -0.3], [0.5 + 1e-15, 0.1 - 1e-9, 0.2], [0.5 - 1e-15, 0.1, 0.2 - 1e-8]])
    best, sign = strongest_sources(r, absolute)
    assert best.tolist() == [0, 0, 0 if absolute else 1]
    assert sign.tolist() == [1, 1, -1 if absolute else 1]
    apart, _ = strongest_sources(r + np.array([[0], [1e-9], [0]]) * (r > 0.4), absolute)
    assert apart[0] == 1
