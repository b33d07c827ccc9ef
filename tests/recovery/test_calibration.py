"""Calibration, shown: p-values are uniform under the null, intervals cover at about their level.

Each world plants five pairs of units with correlation 0.8 (or none). The truth that an interval
must cover is the score's expectation, estimated by its mean over the replications.
"""

import numpy as np
import pytest
from scipy.stats import binom

from unbraid import stats
from unbraid.align import METRICS

N, WORLDS = 150, 30


def dense(rng):
    return rng.normal(size=(N, 5))


def sparse(rng):
    return (rng.random((N, 5)) < 0.15) * rng.uniform(0.2, 1, (N, 5))


def heavy(rng):
    return rng.standard_t(5, size=(N, 5))


def autocorrelated(rng):
    z = rng.normal(size=(N, 5))
    for t in range(1, N):
        z[t] = 0.7 * z[t - 1] + np.sqrt(1 - 0.7**2) * z[t]
    return z


def folds_of(world):
    return stats.contiguous_folds(N, 5, run=10) if world is autocorrelated else 5


METRIC_NAMES = ["semi_matching", "ridge", "cka_debiased", "rsa", "procrustes"]
WORLD_KINDS = [dense, sparse, heavy, autocorrelated]


@pytest.mark.parametrize("world", WORLD_KINDS, ids=lambda w: w.__name__)
@pytest.mark.parametrize("name", METRIC_NAMES)
def test_p_values_are_uniform_without_a_relation(name, world, rng):
    compute, folds = METRICS[name].compute, folds_of(world)
    p = np.array(
        [
            compute(world(rng), world(rng), folds=folds, permutations=9, resamples=0, rng=i).p_value
            for i in range(WORLDS)
        ]
    )
    for level in (0.1, 0.5):  # no more rejections than chance allows, in 1 of 10,000 test runs
        assert (p <= level + 1e-9).sum() <= binom.isf(1e-4, WORLDS, level)
    assert (p <= 0.5 + 1e-9).sum() >= binom.ppf(1e-4, WORLDS, 0.5)


LEAST = {"heavy": 0.75, "autocorrelated": 0.75}
"""Tails and dependence cost coverage at this n; documented, and bounded here."""


@pytest.mark.parametrize("world", WORLD_KINDS, ids=lambda w: w.__name__)
@pytest.mark.parametrize("name", METRIC_NAMES)
def test_intervals_cover(name, world, rng):
    if name == "rsa" and world is heavy:
        pytest.skip("squared distances of t(5) responses have no fourth moment: nothing covers")
    compute, folds = METRICS[name].compute, folds_of(world)
    scores = []
    for i in range(WORLDS):
        x = world(rng)
        y = 0.8 * x + 0.6 * world(rng)
        scores.append(compute(x, y, folds=folds, permutations=0, resamples=100, rng=i))
    truth = np.mean([score.value for score in scores])
    covered = sum(score.low <= truth <= score.high for score in scores)
    least = LEAST.get(world.__name__, 0.85)
    assert covered >= binom.ppf(1e-3, WORLDS, least)


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
    assert covered >= binom.ppf(1e-3, WORLDS, 0.9)
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
