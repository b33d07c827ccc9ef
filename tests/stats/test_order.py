"""Whether stimuli depend on their order: found where they do, and only there."""

from itertools import permutations

import numpy as np
import pytest
import scipy.sparse as sp

from unbraid import InputError, stats
from unbraid.stats._order import LEVEL, _variance


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def ar(rng, n=200, p=8, rho=0.9):
    z = rng.normal(size=(n, p))
    for t in range(1, n):
        z[t] = rho * z[t - 1] + np.sqrt(1 - rho**2) * z[t]
    return z


def noise(rng, n=200, p=8):
    return rng.normal(size=(n, p))


def drift(rng):
    """One direction of many drifts, with a twentieth of each unit's variance."""
    slow = np.linspace(-1.7, 1.7, 200)[:, None] * rng.normal(size=(1, 40))
    return 0.23 * slow + noise(rng, p=40)


def blocks(rng):
    return np.repeat(noise(rng, 20), 10, axis=0) + noise(rng)


def bouts(rng):
    """Neighbours alike in nothing but the size of their responses."""
    size = np.exp(ar(rng, p=1))
    return size * noise(rng)


def periodic(rng):
    """Seven stimuli, again and again in one order: neighbours are unlike."""
    return np.tile(noise(rng, 7), (29, 1))[:200] + 0.5 * noise(rng)


def codes(rng):
    active = ar(rng, p=30, rho=0.95) > 1.6
    return active * rng.exponential(size=(200, 30))


def counts(rng):
    return rng.poisson(np.exp(0.7 * ar(rng) - 1)).astype(float)


def sorted_by_kind(rng):
    return np.repeat(noise(rng, 2), 100, axis=0) + noise(rng)


def one_unit(rng):
    return ar(rng, p=1)


SLOW = [drift, blocks, bouts, periodic, codes, counts, sorted_by_kind, one_unit]


@pytest.mark.parametrize("world", SLOW, ids=lambda w: w.__name__)
@pytest.mark.parametrize("seed", range(3))
def test_what_depends_on_order_is_found_and_not_when_shuffled(world, seed):
    rng = np.random.default_rng(seed)
    x = world(rng)
    assert stats.serial_dependence(x).found
    assert not stats.serial_dependence(rng.permutation(x)).found


@pytest.mark.parametrize("rho", [0.5, 0.7, 0.9, 0.98])
@pytest.mark.parametrize("n", [100, 300])
def test_autoregressive_series_are_found(rho, n):
    for seed in range(5):
        assert stats.serial_dependence(ar(np.random.default_rng(seed), n, 12, rho)).found


def heavy(rng, n):
    return rng.standard_cauchy(size=(n, 6))


def sparse(rng, n):
    return (rng.random((n, 20)) < 0.03) * rng.exponential(size=(n, 20))


def kinds(rng, n):
    return np.eye(5)[rng.integers(5, size=n)]


def one_direction(rng, n):
    return rng.normal(size=(n, 1)) @ rng.normal(size=(1, 6)) + 0.01 * rng.normal(size=(n, 6))


@pytest.mark.parametrize("world", [heavy, sparse, kinds, one_direction], ids=lambda w: w.__name__)
@pytest.mark.parametrize("n", [30, 100])
def test_exchangeable_rows_are_hardly_ever_found(world, n):
    """Of 300 draws each at most one at the level (two: once in 2,000), few at ten times the level.

    Kinds of equal variance have no leading directions: rounding turns them, on each processor.
    """
    rng = np.random.default_rng(0)
    p = np.array([stats.serial_dependence(world(rng, n)).p_value for _ in range(300)])
    assert (p <= LEVEL).sum() <= 1
    assert (p <= 10 * LEVEL).sum() <= 3


def test_the_variance_is_that_over_all_orders(rng):
    """Of the serial products of lag 1 round the circle, summed over two dependent series."""
    z = rng.normal(size=(2, 7)) ** 3
    z -= z.mean(axis=1, keepdims=True)
    z *= np.sqrt(7 / (z**2).sum(axis=1, keepdims=True))
    found = [
        sum(float(s @ np.roll(s, 1)) for s in z[:, list(order)]) for order in permutations(range(7))
    ]
    assert np.isclose(np.mean(found), -2 * 7 / 6)
    assert np.isclose(np.var(found), _variance(z))


def test_codes_are_read_as_they_are(rng):
    x = codes(rng)
    whole, stored = stats.serial_dependence(x), stats.serial_dependence(sp.csr_array(x))
    assert np.isclose(np.log(whole.p_value), np.log(stored.p_value), rtol=0.05)
    assert whole.reach == stored.reach


def test_scale_shift_and_outliers_change_little(rng):
    x = ar(rng)
    for same in (1e8 + 1e-3 * x, 1e60 * x, 1e-60 * x, (1e30 * x).astype(np.float32)):
        assert stats.serial_dependence(same).found
    x[5] = 1e9
    assert stats.serial_dependence(x).found


def test_too_few_or_constant_rows_depend_on_nothing(rng):
    ends = 1e300 * ar(rng), 1e-200 * ar(rng), np.full((50, 2), np.nan)
    for x in (ar(rng, 15), np.ones((50, 3)), np.zeros((50, 2)), *ends):
        assert stats.serial_dependence(x).p_value == 1
    assert "p=1" in repr(stats.serial_dependence(np.ones((50, 3))))


@pytest.mark.parametrize("rho, low, high", [(0.5, 2, 5), (0.9, 10, 25)])
def test_the_reach_is_that_of_the_correlation(rho, low, high):
    """.9 ** 15 = .2: where neighbours keep a fifth of what they share."""
    reach = [stats.serial_dependence(ar(np.random.default_rng(s), 600, 4, rho)).reach
             for s in range(10)]  # fmt: skip
    assert low <= np.median(reach) <= high


def test_what_drifts_is_told_from_what_is_stationary():
    """Of twenty draws each; one AR .8 series in five at most looks as if it drifted."""
    drifting = sum(stats.serial_dependence(drift(np.random.default_rng(s))).drifts
                   for s in range(20))  # fmt: skip
    walking = sum(
        stats.serial_dependence(noise(np.random.default_rng(s)).cumsum(axis=0)).drifts
        for s in range(20)
    )
    standing = sum(stats.serial_dependence(ar(np.random.default_rng(s), 400, rho=0.8)).drifts
                   for s in range(20))  # fmt: skip
    assert min(drifting, walking) >= 18
    assert standing <= 6


def test_both_sides_must_depend_on_order(rng):
    slow, fast = ar(rng), noise(rng)
    assert stats.order_of(slow, ar(rng)).in_time
    assert not stats.order_of(slow, fast).in_time
    assert not stats.order_of(fast, slow).in_time
    assert not stats.order_of(slow, slow, "exchangeable").in_time
    assert stats.order_of(fast, fast, "time").in_time
    with pytest.raises(InputError, match="order must be one of auto, exchangeable, time, got 'x'"):
        stats.order_of(fast, fast, "x")


def test_folds_in_time_keep_a_gap_and_enough_stimuli(rng):
    order = stats.order_of(ar(rng, 300), ar(rng, 300))
    folds = order.folds(300, 5)
    assert folds.in_order
    for fold in range(4):
        last = np.flatnonzero(folds == fold)[-1]
        first = np.flatnonzero(folds == fold + 1)[0]
        assert first - last - 1 == min(order.reach, 15) > 1
    assert len(folds.used) >= 0.75 * 300
    assert stats.Order(in_time=True, reach=200).folds(300, 5).used.size == 240


def test_gaps_are_used_by_no_fold():
    folds = stats.contiguous_folds(20, 4, gap=2)
    assert folds.tolist() == [0] * 4 + [-1] * 2 + [1] * 3 + [-1] * 2 + [2] * 3 + [-1] * 2 + [3] * 4
    assert folds.n_folds == 4
    again = stats.as_folds(folds, 20)
    np.testing.assert_array_equal(again, folds)
    assert stats.as_folds(np.repeat([-1, 1], 10), 20).tolist() == [0] * 10 + [1] * 10
    kept = folds.of(folds.used)
    assert kept.min() == 0 and len(kept) == len(kept.blocks) == 14
    with pytest.raises(InputError, match="gap must be smaller than a fold of 5 stimuli, got 5"):
        stats.contiguous_folds(20, 4, gap=5)


def test_folds_know_whether_they_follow_the_order(rng):
    assert stats.contiguous_folds(50, 5).in_order
    assert not stats.shuffled_folds(50, 5).in_order
    assert stats.as_folds(np.repeat([2, 0, 1], 10), 30).in_order
    assert stats.grouped_folds(np.repeat(np.arange(5), 10), 5).in_order
    assert not stats.grouped_folds(np.tile(np.arange(5), 10), 5).in_order


def test_the_rotation_null_is_drawn_from_the_whole_circle():
    blocks = np.arange(40) // 8
    offsets = {int(order[0]) for order in stats.permuted_rows(40, 2000, 0, blocks)}
    assert offsets == set(range(40))


def test_groups_that_follow_each_other_are_tested_as_groups(rng):
    slow = [np.repeat(ar(rng, 60, 5), 4, axis=0) + noise(rng, 240, 5) for _ in range(2)]
    groups = np.repeat([f"scene {i}" for i in range(60)], 4)
    assert stats.order_of_groups(*slow, groups)
    apart = [np.repeat(noise(rng, 60, 5), 4, axis=0) + noise(rng, 240, 5) for _ in range(2)]
    assert stats.order_of(*apart).in_time and not stats.order_of_groups(*apart, groups)


def test_moments_of_stimuli_in_time_have_the_folds_of_a_metric(rng):
    from unbraid import align

    x, y = ar(rng, 300), ar(rng, 300)
    moments = stats.fold_moments(x, y, rows=77)
    score, streamed = align.ridge(x, y, permutations=0), align.streamed.ridge(moments)
    assert np.isclose(streamed.value, score.value)
    assert streamed.order == score.order != "exchangeable"
    assert moments.count.sum() == score.n < 300
    apart = stats.fold_moments(x, y, order="exchangeable")
    assert apart.count.sum() == 300 and apart.order == "exchangeable"
    assert align.streamed.ridge(apart).value > score.value + 0.1


def test_of_very_many_stimuli_long_runs_are_looked_at(rng):
    rows = stats.rows_to_test(10**6, 500)
    assert len(rows) <= 2**24 / 500 and rows[0] == 0 and rows[-1] == 10**6 - 1
    assert (np.diff(rows) > 1).sum() == 4
    assert len(stats.rows_to_test(10_000, 100)) == 10_000
    slow = np.tile(ar(rng, 2000, 3), (10, 1))
    assert stats.order_of(slow, slow).in_time


def waves(rng, n, period, p=6, size=1.4):
    """Waves of one period and its harmonics at random phases, in noise."""
    turns = np.arange(n)[:, None] / period * rng.integers(1, 4, size=p)
    return size * np.sin(2 * np.pi * (turns + rng.random(p))) + rng.normal(size=(n, p))


@pytest.mark.parametrize("n, period", [(120, 12), (120, 12.37), (150, 7.3), (250, 40.3)])
def test_a_period_that_both_sides_hold_is_found_and_named(n, period):
    """Rotated, such systems agree less than as they came: .5 of unrelated ones were rejected."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        found = stats.order_of(waves(rng, n, period), waves(rng, n, period))
        assert found.kind in ("period", "drift")
        multiple = period / found.period  # a wave, or one of its harmonics
        assert abs(multiple - round(multiple)) * n / period < 0.35  # cycles over the series


def test_periods_of_one_side_or_of_two_kinds_are_not_shared():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        x, other, none = waves(rng, 300, 12.4), waves(rng, 300, 17.1), ar(rng, 300, 6)
        assert not stats.order_of(x, other).period
        assert not stats.order_of(x, none).period


def test_related_series_without_a_period_keep_their_null():
    """Their spectra stand out at the same frequencies: one in twenty has a line by chance."""
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = ar(rng, 150, 6, rho=0.7)
        y = x @ rng.normal(size=(6, 6)) + 0.3 * rng.normal(size=(150, 6))
        found.append(stats.order_of(x, y).period > 0)
    assert sum(found) <= 6  # 99.7 % of binomials of .05


def test_a_line_is_told_from_noise_at_its_level(rng):
    """Weak waves of one period in many units, which lags hardly show."""
    from unbraid.stats._lines import against_noise

    values = [against_noise(rng.permuted(np.tile(np.arange(60.0), (8, 1)), axis=1) / 17.32 - 1.703)
              for _ in range(300)]  # fmt: skip
    assert np.mean(np.array(values) <= 0.05) < 0.08
    assert stats.serial_dependence(waves(rng, 400, 12.37, size=0.7)).found


def test_a_series_of_nothing_but_its_period_has_one():
    turns = np.arange(120)[:, None] / 12
    x, y = (np.sin(2 * np.pi * (turns + np.random.default_rng(s).random(4))) for s in (1, 2))
    assert stats.order_of(x, y).period == pytest.approx(12, rel=1e-3)
    for none in (np.ones((120, 3)), np.zeros((120, 1))):
        assert not stats.order_of(x, none, "time").period
        assert not stats.order_of(none, none, "time").period
    assert not stats.order_of(x[:12], y[:12], "time").period
