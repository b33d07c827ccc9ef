"""An interval that a spread over seeds widens, against simulated coverage and its two limits."""

import numpy as np
import pytest
from scipy import stats

from unbraid.evaluation._side_score import _with_seeds

HALF = float(stats.t.ppf(0.975, 19))  # of an own standard error of 1, from 20 parts


def test_without_a_spread_the_interval_stays(rng):
    assert _with_seeds(0.5, HALF, [0.5, 0.5, 0.5], 0.95) == pytest.approx((0.5 - HALF, 0.5 + HALF))
    assert _with_seeds(0.5, HALF, [0.5], 0.95) == pytest.approx((0.5 - HALF, 0.5 + HALF))


def test_a_spread_alone_gives_the_interval_of_a_mean():
    values = [0.1, 0.4, 0.7, 0.6]
    low, high = _with_seeds(0.45, 1e-9, values, 0.95)
    expected = stats.t.interval(0.95, 3, loc=0.45, scale=stats.sem(values))
    assert (low, high) == pytest.approx(expected)


def test_degrees_of_freedom_are_welch_and_satterthwaites():
    """Own and seeds' standard errors are 1: of 19 and 1 degrees of freedom, 3.8 in all."""
    low, high = _with_seeds(0.0, HALF, [-1.0, 1.0], 0.95)
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, 3.8) * np.sqrt(2))


def test_the_interval_covers_the_mean_over_seeds(rng):
    """A score with normal noise of its own, as estimated from 20 parts, and one of each seed."""
    covered = 0
    for _ in range(2000):
        own = rng.normal()
        se = np.sqrt(rng.chisquare(19) / 19)  # what 20 parts say of its standard deviation, 1
        seeds = rng.normal(0, 2, 4)
        low, high = _with_seeds(own + seeds.mean(), se * HALF, list(own + seeds), 0.95)
        covered += low <= 0 <= high
    assert 0.93 < covered / 2000 < 0.975
