"""Stimuli that stand in time: neighbours do not tell, rotations are the null, drifts have none."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from unbraid import InputError, align, stats
from unbraid.align import METRICS

BARE = {"permutations": 0, "resamples": 0}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def ar(rng, n=300, p=6, rho=0.9):
    z = rng.normal(size=(n, p))
    for t in range(1, n):
        z[t] = rho * z[t - 1] + np.sqrt(1 - rho**2) * z[t]
    return z


def drift(rng, n=300, p=6):
    return np.linspace(-1.7, 1.7, n)[:, None] * rng.normal(size=(1, p)) + rng.normal(size=(n, p))


def test_slow_series_that_share_nothing_are_not_predicted(rng):
    """The example of every manual: .58 [.57, .59] with p = .048 under shuffled folds."""
    x, y = (ar(np.random.default_rng(seed), 500, 12) for seed in (1, 2))
    score = align.ridge(x, y)
    assert score.order == "time"
    assert abs(score.value) < 0.1 and score.p_value > 0.05 and score.low < 0
    assert score.shuffled > 0.35
    assert score.shuffled == align.ridge(x, y, order="exchangeable").value
    assert "order: time, 0." in repr(score)
    record = score.record()
    assert (record["order"], record["shuffled"]) == ("time", score.shuffled)
    assert record["fold_gap"] == score.fold_gap > 0
    assert score.n == 500 - 4 * score.fold_gap
    assert 'sorted by kind say order="exchangeable"' in score.warnings[0]


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric_knows_the_order(name, rng):
    x, y = ar(rng), ar(rng)
    compute = METRICS[name].compute
    auto = compute(x, y, permutations=1, resamples=1)
    assert auto.order == "time" and np.isfinite(auto.shuffled)
    said = compute(x, y, permutations=1, resamples=1, order="time")
    assert said.value == auto.value and np.isnan(said.shuffled)
    either = compute(x, y, order="exchangeable", **BARE)
    assert either.order == "exchangeable"
    assert np.isclose(auto.shuffled, either.value, rtol=1e-12)  # sums in folds, in another order
    assert (auto.value == auto.shuffled) != METRICS[name].held_out
    assert auto.n == (300 if not METRICS[name].held_out else 300 - 4 * auto.fold_gap)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_shuffled_stimuli_have_the_same_bits_as_before(name, rng):
    order = rng.permutation(300)
    x, y = ar(rng)[order], ar(rng)[order]
    compute = METRICS[name].compute
    auto, plain = (compute(x, y, permutations=2, resamples=5, order=said)
                   for said in (None, "exchangeable"))  # fmt: skip
    assert auto.record() == plain.record()
    np.testing.assert_array_equal(auto.replicates, plain.replicates)
    assert auto.order == "exchangeable"


def test_one_slow_side_changes_nothing(rng):
    x, y = ar(rng), rng.normal(size=(300, 6))
    for a, b in ((x, y), (y, x)):
        assert align.ridge(a, b, **BARE).order == "exchangeable"


@pytest.mark.parametrize("metric", [align.ridge, align.cka_debiased, align.semi_matching])
def test_what_drifts_has_no_p_value(metric):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        score = metric(drift(rng), drift(rng), permutations=3, resamples=0)
        assert score.order == "drift"
        assert np.isnan(score.p_value) and np.isnan(score.null)
        assert "both sides drift" in score.warnings[1]


def test_a_drift_that_is_regressed_out_leaves_a_null():
    """Independent drifts: with time as nuisance one in twenty is rejected, not all."""
    time = np.linspace(-1, 1, 200)[:, None]
    p = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        score = align.without_nuisance(
            align.ridge, drift(rng, 200, 4), drift(rng, 200, 4), time, permutations=19, resamples=0
        )
        p.append(score.p_value)
    assert np.isfinite(p).mean() > 0.5
    assert np.sum(np.array(p) <= 0.05) <= 3  # 99.8 % of binomials of .05


@pytest.mark.parametrize("power", [1, 2])
def test_slow_residuals_of_time_have_no_p_value(power):
    """The same extrapolation on both sides makes them agree: .5 for two powers, AR .9."""
    time = np.linspace(-1, 1, 300)[:, None] ** np.arange(1, power + 1)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        score = align.without_nuisance(align.ridge, ar(rng), ar(rng), time, permutations=2)
        assert np.isnan(score.p_value) and score.order == "drift"
        assert "follow time are carried" in score.warnings[0]


def test_folds_that_split_neighbours_are_respected_without_a_p_value(rng):
    x, y = ar(rng), ar(rng)
    folds = stats.shuffled_folds(300, 5)
    score = align.ridge(x, y, folds=folds)
    assert score.value == align.ridge(x, y, folds=folds, order="exchangeable", **BARE).value
    assert score.order == "ignored" and np.isnan(score.p_value) and np.isnan(score.null)
    assert "split neighbours" in score.warnings[0]
    published = align.ridge(x, y, protocol="longon2025", permutations=1, resamples=0)
    assert published.order == "ignored" and np.isnan(published.p_value)
    assert 'Use protocol="unbraid"' in published.warnings[0]  # folds cannot be chosen under it
    assert "Leave folds" not in published.warnings[0]


def test_contiguous_folds_are_respected(rng):
    x, y = ar(rng), ar(rng)
    folds = stats.contiguous_folds(300, 4, gap=7)
    score = align.ridge(x, y, folds=folds, permutations=3)
    assert (score.order, score.fold_gap, score.n) == ("time", 7, 279)
    assert np.isfinite(score.p_value) and np.isnan(score.shuffled)
    plain = align.ridge(x, y, folds=np.repeat([0, 1, 2], 100), permutations=3)
    assert plain.order == "time" and len(plain.influence) <= 25


def test_stimuli_in_a_gap_are_as_if_they_were_not_there(rng):
    x, y = ar(rng), ar(rng)
    folds = stats.contiguous_folds(300, 5, gap=9)
    for name, metric in METRICS.items():
        if metric.held_out:
            rows = folds.used
            with_gap = metric.compute(x, y, folds=folds, order="time", **BARE)
            without = metric.compute(x[rows], y[rows], folds=folds.of(rows), order="time", **BARE)
            assert with_gap.value == without.value, name


def test_groups_of_neighbours_are_trusted_and_groups_in_time_are_not(rng):
    def shown(slow):
        return np.repeat(slow, 5, axis=0) + 0.3 * rng.normal(size=(300, 6))

    groups = stats.grouped_folds(np.repeat(np.arange(60), 5), 5)
    movies = align.ridge(shown(rng.normal(size=(60, 6))), shown(rng.normal(size=(60, 6))),
                         folds=groups, permutations=3)  # fmt: skip
    assert movies.order == "exchangeable" and np.isfinite(movies.p_value)
    scenes = align.ridge(shown(ar(rng, 60)), shown(ar(rng, 60)), folds=groups, permutations=3)
    assert scenes.order == "ignored" and np.isnan(scenes.p_value)


def test_codes_that_follow_each_other_are_seen(rng):
    x, y = (sp.csr_array(np.maximum(ar(rng, p=20) - 1, 0)) for _ in range(2))
    for metric in (align.semi_matching, align.ridge, align.jaccard):
        assert metric(x, y, **BARE).order in ("time", "drift")


def test_shared_slow_signals_are_still_found():
    """Two mixtures of the same slow features, contiguous folds: high, and beyond rotations."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        z = ar(rng, 400, 4, rho=0.8)
        x, y = (z @ rng.normal(size=(4, 8)) + 0.3 * ar(rng, 400, 8, rho=0.8) for _ in range(2))
        score = align.ridge(x, y)
        assert score.order in ("time", "drift")
        assert score.value > 0.8 and score.low > 0.7
        assert score.order == "drift" or score.p_value < 0.1


def test_an_unknown_order_is_refused(rng):
    x = rng.normal(size=(20, 2))
    with pytest.raises(InputError, match="order must be one of auto, exchangeable, time, got 'no'"):
        align.ridge(x, x, order="no")


def test_what_runs_metrics_heeds_the_order(rng):
    x, y, fast = ar(rng), ar(rng), rng.normal(size=(300, 6))
    chosen = align.best_of({"slow": x, "fast": fast}, y, align.ridge, **BARE)
    assert {score.order for score in chosen.scores.values()} <= {"time", "drift"}
    assert abs(chosen.value) < 0.2
    assert align.axis_test(x, y, rotations=2, **BARE).score.order in ("time", "drift")
    pairs = align.shared_pairs(x, y)
    assert pairs.order in ("time", "drift") and not pairs.shared.any()
    parts = align.variance_partition({"a": x, "b": ar(rng)}, y, candidates=2)
    assert max(np.mean(part) for part in (parts.full, *parts.alone.values())) < 0.1
    ignored = align.shared_pairs(x, y, folds=stats.shuffled_folds(300, 5))
    assert np.isnan(ignored.p_value).all() and not ignored.shared.any() and ignored.warnings


@pytest.mark.parametrize("folds, order, words", [
    (5, "drift", "both sides drift"), (stats.shuffled_folds(300), "ignored", "split neighbours"),
])  # fmt: skip
def test_scores_from_moments_say_what_was_found(folds, order, words):
    a, b, x, y = np.random.default_rng(0).normal(size=(4, 300, 4))
    slow = stats.fold_moments(a.cumsum(axis=0), b.cumsum(axis=0), folds=folds)
    score = align.streamed.ridge(slow)
    assert score.order == order
    assert words in score.warnings[-1]
    mixed = stats.fold_moments(x, y, folds=5)
    assert not any("order" in line for line in align.streamed.ridge(mixed).warnings)
    shifts = {"shift_x": slow.shift_x, "shift_y": slow.shift_y}
    mixed = replace(mixed, **shifts)  # only what merge compares
    assert slow.merge(mixed).order == mixed.merge(slow).order == order


def periodic(rng, n=200, p=6, period=12.37):
    turns = np.arange(n)[:, None] / period
    return np.sin(2 * np.pi * (turns + rng.random(p))) + 0.5 * rng.normal(size=(n, p))


@pytest.mark.parametrize("metric", [align.ridge, align.cka_debiased, align.semi_matching])
def test_systems_of_one_period_have_no_p_value(metric):
    kinds = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        score = metric(periodic(rng), periodic(rng), permutations=3, resamples=0)
        assert np.isnan(score.p_value) and np.isnan(score.null)
        assert any("both sides hold a period of 12." in line for line in score.warnings[1:3])
        kinds.append(score.order)
    assert kinds.count("period") >= 2 and set(kinds) <= {"period", "drift"}  # one in ten drifts


def test_what_stands_beside_a_period_is_found_without_it():
    """Sines and cosines of the period as nuisance: a relation is seen, none is made up."""
    p = {0.0: [], 0.6: []}
    for seed in range(10):
        rng = np.random.default_rng(seed)
        z = rng.normal(size=(200, 3))
        for size, found in p.items():
            x, y = (periodic(rng) + size * z @ rng.normal(size=(3, 6)) for _ in range(2))
            turns = 2 * np.pi * np.arange(200)[:, None] / stats.order_of(x, y).period
            clock = np.hstack([np.sin(turns), np.cos(turns)])
            score = align.without_nuisance(align.ridge, x, y, clock, permutations=19, resamples=0)
            found.append(score.p_value)
    assert np.sum(np.array(p[0.0]) <= 0.05) <= 2  # 98.8 % of binomials of .05
    assert np.sum(np.array(p[0.6]) <= 0.05) >= 8
