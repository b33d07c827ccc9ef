"""Calibration, shown: p-values are uniform under the null, intervals cover at their level.

More worlds, sizes and metrics: benchmarks/calibration.py. Each world plants five pairs of units
with correlation 0.8 (or none). The truth that an interval must cover is the score's expectation,
estimated by its mean over the replications.
"""

import numpy as np
import pytest
from scipy.stats import binom, kstest

from unbraid import stats
from unbraid.align import METRICS

N, WORLDS, MANY = 150, 30, 120


def dense(rng):
    return rng.normal(size=(N, 5))


def sparse(rng):
    return (rng.random((N, 5)) < 0.15) * rng.uniform(0.2, 1, (N, 5))


def heavy(rng):
    return rng.standard_t(5, size=(N, 5))


def heavier(rng):
    """No fourth moment: squared distances have no variance."""
    return rng.standard_t(3, size=(N, 5))


def autocorrelated(rng):
    z = rng.normal(size=(N, 5))
    for t in range(1, N):
        z[t] = 0.7 * z[t - 1] + np.sqrt(1 - 0.7**2) * z[t]
    return z


def folds_of(world):
    return stats.contiguous_folds(N, 4, run=10) if world is autocorrelated else 4


METRIC_NAMES = ["semi_matching", "ridge", "cka_debiased", "rsa", "procrustes"]
WORLD_KINDS = [dense, sparse, heavy, heavier, autocorrelated]


@pytest.mark.parametrize("world", [dense, sparse, heavy, autocorrelated], ids=lambda w: w.__name__)
@pytest.mark.parametrize("name", METRIC_NAMES)
def test_p_values_are_uniform_without_a_relation(name, world, rng):
    compute, folds = METRICS[name].compute, folds_of(world)
    p = np.array(
        [
            compute(world(rng), world(rng), folds=folds, permutations=9, resamples=0, rng=i).p_value
            for i in range(WORLDS)
        ]
    )
    p = p[np.isfinite(p)]  # a few slow worlds look as if they drifted: they have none
    assert len(p) > WORLDS / 2
    spread_out = p - rng.random(len(p)) / 10  # p-values stand on a grid of 1/10
    assert kstest(spread_out, "uniform").pvalue > 1e-3
    assert (p <= 0.1 + 1e-9).sum() <= binom.isf(1e-3, len(p), 0.1)


@pytest.mark.parametrize("rho", [0.5, 0.9, 0.98])
@pytest.mark.parametrize("name", ["semi_matching", "ridge", "cka_debiased"])
def test_slow_series_that_share_nothing_are_rejected_at_the_level(name, rho):
    """With the folds and the null that they choose themselves; .05, and .025 for the ends' jump."""
    rejected, worlds = 0, 16
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        x, y = (slow(rng, rho) for _ in range(2))
        score = METRICS[name].compute(x, y, permutations=19, resamples=0, rng=seed)
        assert score.order in ("time", "drift")
        rejected += bool(score.p_value <= 0.05)
    assert rejected <= binom.isf(1e-3, worlds, 0.075)


def slow(rng, rho):
    z = rng.normal(size=(120, 4))
    for t in range(1, 120):
        z[t] = rho * z[t - 1] + np.sqrt(1 - rho**2) * z[t]
    return z


@pytest.mark.parametrize("world", WORLD_KINDS, ids=lambda w: w.__name__)
@pytest.mark.parametrize("name", METRIC_NAMES)
def test_intervals_cover(name, world, rng):
    """As many as 95 % intervals should, within what 99 % of such counts do; never nearly all."""
    compute, folds = METRICS[name].compute, folds_of(world)
    scores = []
    for i in range(MANY):
        x = world(rng)
        y = 0.8 * x + 0.6 * world(rng)
        scores.append(compute(x, y, folds=folds, permutations=0, resamples=1, rng=i))
    truth = np.mean([score.value for score in scores])
    covered = sum(score.low <= truth <= score.high for score in scores)
    assert covered >= binom.ppf(0.005, MANY, 0.95)
    half = [stats.student_interval(s.value, stats.jackknife_spread(s.influence), 0.5)
            for s in scores]  # fmt: skip
    middle = sum(bounds.low <= truth <= bounds.high for bounds in half)
    assert binom.ppf(1e-3, MANY, 0.5) <= middle <= binom.isf(1e-3, MANY, 0.62)


def test_a_percentile_of_first_order_draws_would_not_cover_heavy_tails(rng):
    """What the intervals are up against: the same worlds, no deletion, no Student."""
    covered, truth, found = 0, [], []
    for i in range(60):
        x = heavier(rng)
        y = 0.8 * x + 0.6 * heavier(rng)
        score = METRICS["rsa"].compute(x, y, permutations=0, resamples=1, rng=i)
        truth.append(score.value)
        a, b = (standardised(side) for side in (x, y))
        slope = (a * b).sum(axis=1) - score.value * ((a**2).sum(axis=1) + (b**2).sum(axis=1)) / 2
        error = np.sqrt(((slope * 2 / (N * (N - 1))) ** 2).sum())
        found.append((score.value - 1.96 * error, score.value + 1.96 * error))
    covered = sum(low <= np.mean(truth) <= high for low, high in found)
    assert covered < binom.ppf(1e-3, 60, 0.95)


def standardised(x):
    from scipy.spatial.distance import pdist, squareform

    upper = pdist(x, "sqeuclidean")
    square = squareform((upper - upper.mean()) / upper.std())
    np.fill_diagonal(square, 0)
    return square


def test_intervals_of_a_difference_cover_and_need_pairing(rng):
    """After - before on the same stimuli: 95 % intervals of the paired difference."""
    compute = METRICS["semi_matching"].compute
    gains = []
    for i in range(WORLDS):
        z = dense(rng)
        x = 0.8 * z + 0.6 * dense(rng)
        before = compute(x, z, permutations=0, rng=i)
        after = compute(x + 0.3 * z, z, permutations=0, rng=i)
        gains.append(stats.paired_difference(
            after.value, before.value, after.replicates, before.replicates))  # fmt: skip
    truth = np.mean([gain.value for gain in gains])
    covered = sum(gain.low <= truth <= gain.high for gain in gains)
    assert covered >= binom.ppf(0.005, WORLDS, 0.95)
    widths = np.mean([gain.high - gain.low for gain in gains])
    assert widths < 0.05  # unpaired intervals would be about three times as wide


def test_false_discoveries_stay_below_the_rate(rng):
    """Benjamini-Hochberg at 10 % over planted and empty pairs of systems."""
    compute = METRICS["cka_debiased"].compute
    false, found = [], []
    for i in range(4):
        p, planted = [], np.arange(20) < 8
        for real in planted:
            x = dense(rng)
            y = 0.5 * x + dense(rng) if real else dense(rng)
            p.append(compute(x, y, permutations=99, resamples=0, rng=i).p_value)
        kept = stats.benjamini_hochberg(p) <= 0.1
        false.append((kept & ~planted).sum() / max(kept.sum(), 1))
        found.append((kept & planted).sum() / 8)
    assert np.mean(false) <= 0.15
    assert np.mean(found) > 0.95
