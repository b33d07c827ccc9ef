"""One slow unit among many is found and named; weak slopes of many units add up."""

import numpy as np
import pytest
import scipy.sparse as sp

from unbraid import align, stats
from unbraid.stats._order import LEVEL


def ar(rng, n, p, rho):
    z = rng.normal(size=(n, p))
    for t in range(1, n):
        z[t] = rho * z[t - 1] + np.sqrt(1 - rho**2) * z[t]
    return z


def walk(rng, n):
    return rng.normal(size=n).cumsum()


def standard_walk(rng, n):
    slow = walk(rng, n)
    return (slow - slow.mean()) / slow.std()


def with_outliers(rng, n):
    """A slow unit of which the variance is that of three responses."""
    slow = ar(rng, n, 1, 0.99)[:, 0]
    slow[rng.choice(n, 3, replace=False)] = 1e6
    return slow


def slope(rng, n):
    return 0.7 * np.linspace(-1.7, 1.7, n) + rng.normal(size=n)


def in_blocks(rng, n):
    return np.repeat(rng.normal(size=n // 10), 10)


def among(rng, n, p, one, at=7):
    x = rng.normal(size=(n, p))
    x[:, at] = one(rng, n)
    return x


@pytest.mark.parametrize("one", [walk, with_outliers, slope, in_blocks], ids=lambda f: f.__name__)
def test_one_slow_unit_among_many_is_found_and_named(one):
    """Before, most of these passed for exchangeable."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        x = among(rng, 200, 60, one)
        found = stats.serial_dependence(x)
        assert found.found and 7 in found.units and len(found.units) <= 2
        assert not stats.serial_dependence(rng.permutation(x)).found


@pytest.mark.parametrize("n, p", [(100, 30), (100, 100), (200, 100)])
def test_an_autoregressive_unit_is_found(n, p):
    for seed in range(10):
        x = among(np.random.default_rng(seed), n, p, lambda rng, n: ar(rng, n, 1, 0.99)[:, 0])
        assert stats.serial_dependence(x).found


def test_one_slow_code_among_many_is_found():
    rng = np.random.default_rng(0)
    x = (rng.random((400, 80)) < 0.05) * rng.exponential(size=(400, 80))
    x[:, 3] = np.maximum(ar(rng, 400, 1, 0.98)[:, 0] - 0.5, 0)
    for same in (x, sp.csr_array(x)):
        found = stats.serial_dependence(same)
        assert found.found and found.units == (3,)


@pytest.mark.parametrize("slope_of_noise, units", [(0.1, 40), (0.2, 12)])
def test_weak_slopes_of_many_units_add_up(slope_of_noise, units):
    """Random signs and sizes: found in 11 and 28 of 40 draws before."""
    found = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        slow = slope_of_noise * np.linspace(-1.7, 1.7, 300)[:, None] * rng.normal(size=(1, units))
        found += stats.serial_dependence(slow + rng.normal(size=(300, units))).found
    assert found >= 15


@pytest.mark.parametrize("draw", [
    lambda rng, n, p: rng.normal(size=(n, p)),
    lambda rng, n, p: rng.standard_cauchy(size=(n, p)),
    lambda rng, n, p: (rng.random((n, p)) < 0.05).astype(float),
], ids=["gauss", "heavy", "binary"])  # fmt: skip
@pytest.mark.parametrize("n, p", [(20, 60), (80, 100)])
def test_of_many_units_the_slowest_looks_by_chance_as_slow_as_it_may(draw, n, p):
    rng = np.random.default_rng(0)
    p_values = np.array([stats.serial_dependence(draw(rng, n, p)).p_value for _ in range(150)])
    assert (p_values <= LEVEL).sum() <= 1
    assert (p_values <= 100 * LEVEL).sum() <= 7  # of 1.5 expected at most


def test_two_slow_units_are_no_shared_pair():
    """Of independent worlds with one random walk on each side; 5 to 13 false pairs before."""
    claimed = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        x, y = among(rng, 100, 30, walk), among(rng, 100, 30, walk, at=20)
        pairs = align.shared_pairs(x, y)
        assert pairs.order != "exchangeable"
        claimed += int(pairs.shared.sum())
    assert claimed <= 1
    assert "only units 7 of x and 20 of y do" in pairs.warnings[0]


def test_units_shared_in_time_are_still_found_beside_slow_ones():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(300, 5))
    x, y = among(rng, 300, 60, standard_walk), among(rng, 300, 60, standard_walk, at=20)
    x[:, 10:15], y[:, 10:15] = z + 0.5 * x[:, 10:15], z + 0.5 * y[:, 10:15]
    pairs = align.shared_pairs(x, y)
    assert pairs.order == "time"
    assert pairs.shared[10:15].all() and not pairs.shared[20]


def test_single_drifting_units_leave_other_sides_a_null():
    """A mean over targets hardly moves; where one side drifts as a whole, or the unit holds much of
    the variance, there is no null."""
    rng = np.random.default_rng(1)
    single = among(rng, 200, 50, standard_walk), among(rng, 200, 50, standard_walk)
    found = stats.order_of(*single)
    assert found.in_time and found.units == ((7,), (7,)) and not found.drifts
    large = [side * np.where(np.arange(50) == 7, 10, 1) for side in single]
    assert stats.order_of(*large).drifts
    whole = rng.normal(size=(200, 6)).cumsum(axis=0)
    assert stats.order_of(single[0], whole).drifts and stats.order_of(whole, single[0]).drifts


def test_what_cannot_be_tested_is_said():
    x, y = np.random.default_rng(0).normal(size=(2, 12, 3))
    score = align.ridge(x, y, permutations=0, resamples=0)
    assert any("fewer than 16 stimuli depend on their order cannot be tested" in line
               for line in score.warnings)  # fmt: skip
    for said in ("time", "exchangeable"):
        again = align.ridge(x, y, permutations=0, resamples=0, order=said)
        assert not any("cannot be tested" in line for line in again.warnings)


@pytest.mark.parametrize("folds", [40, 300])
def test_gaps_that_are_too_short_are_said(folds):
    """Leave-one-out has no room for gaps; the number of folds that is named has."""
    rng = np.random.default_rng(0)
    x, y = ar(rng, 300, 3, 0.8), ar(rng, 300, 3, 0.8)
    score = align.semi_matching(x, y, folds=folds, permutations=0, resamples=0)
    line = next(line for line in score.warnings if line.startswith("gaps between folds are"))
    fewer = int(line.split("folds=")[1].rstrip("."))
    kept = align.semi_matching(x, y, folds=fewer, permutations=0, resamples=0)
    assert not any(line.startswith("gaps between") for line in kept.warnings)
    assert fewer >= 3


def test_a_reach_with_no_room_for_gaps_asks_for_more_stimuli():
    rng = np.random.default_rng(0)
    x, y = ar(rng, 100, 3, 0.95), ar(rng, 100, 3, 0.95)
    score = align.semi_matching(x, y, permutations=0, resamples=0)
    assert any("may be too high; record longer" in line for line in score.warnings)
