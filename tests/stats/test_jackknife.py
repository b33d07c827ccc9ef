"""Deletion losses, Student's t, draws that pair."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from unbraid import stats
from unbraid.errors import InputError


def losses_of_mean(values):
    return (values - values.mean()) / (len(values) - 1)


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_the_interval_of_a_mean_is_students(level, rng):
    values = rng.normal(size=40)
    spread = stats.jackknife_spread(losses_of_mean(values))
    assert spread.error == pytest.approx(values.std(ddof=1) / np.sqrt(40))
    found = stats.student_interval(-50.0, spread, level, least=-np.inf)
    half = scipy_stats.t.ppf((1 + level) / 2, spread.df) * spread.error
    assert found.high - found.low == pytest.approx(2 * half, rel=1e-2)
    assert 10 < spread.df < 39


def test_degrees_of_freedom_fall_with_heavier_tails(rng):
    samples = rng.normal(size=500), rng.standard_t(5, 500), rng.standard_cauchy(500)
    df = [stats.jackknife_spread(losses_of_mean(sample)).df for sample in samples]
    assert df[0] > df[1] > df[2]
    assert df[0] == pytest.approx(250, rel=0.25)
    assert df[2] < 30
    one = stats.jackknife_spread([0.0] * 99 + [1.0])
    assert one.df == pytest.approx(2, abs=0.1)
    assert stats.jackknife_spread([1.0, -1.0] * 50).df == 99


@pytest.mark.parametrize(
    "value, least", [(0.3, -1.0), (0.999, -1.0), (-0.95, -1.0), (0.2, -np.inf)]
)
def test_draws_have_the_interval_as_quantiles_and_stay_in_range(value, least, rng):
    losses = losses_of_mean(0.4 * rng.standard_t(4, size=30))
    drawn = stats.student_replicates(value, losses, 20_000, 0, least=least)
    exact = stats.student_interval(value, stats.jackknife_spread(losses), 0.9, least=least)
    assert stats.interval(drawn, 0.9).low == pytest.approx(exact.low, abs=0.02)
    assert stats.interval(drawn, 0.9).high == pytest.approx(exact.high, abs=0.02)
    assert drawn.max() <= 1
    assert drawn.min() >= least
    assert exact.low < value < exact.high


def test_two_scores_on_the_same_stimuli_have_paired_draws(rng):
    losses = losses_of_mean(rng.normal(size=50))
    near = losses + 0.01 * losses_of_mean(rng.normal(size=50))
    first, second = (stats.student_steps(part, 500, 7) for part in (losses, near))
    assert np.corrcoef(first, second)[0, 1] > 0.99
    other = stats.student_steps(losses, 500, 8)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.2
    np.testing.assert_array_equal(first, stats.student_steps(losses, 500, 7))


def test_draws_of_several_scores_are_those_of_each(rng):
    several = losses_of_mean(rng.normal(size=(3, 40)))
    several[1] = np.nan
    each = [stats.student_steps(losses, 50, 7) for losses in several]
    np.testing.assert_allclose(stats.student_steps(several, 50, 7), each, rtol=1e-12)
    assert np.isnan(each[1]).all()


def test_what_is_not_defined_is_nan_and_a_copy_is_certain():
    none = stats.jackknife_spread([0.1])
    assert np.isnan(none.error)
    assert np.isnan(stats.student_interval(0.5, none).low)
    assert np.isnan(stats.student_replicates(0.5, [], 3)).all()
    assert np.isnan(stats.student_replicates(np.nan, [0.1, 0.2], 3)).all()
    assert np.isnan(stats.jackknife_spread([0.1, np.nan]).error)
    copy = stats.student_interval(1.0, stats.jackknife_spread(np.zeros(9)))
    assert (copy.low, copy.high) == (1, 1)
    np.testing.assert_array_equal(stats.student_replicates(1.0, np.zeros(9), 4), 1)
    with pytest.raises(InputError, match="level must lie strictly between"):
        stats.student_interval(0.1, none, 1.0)


def test_tiny_and_huge_losses_keep_their_degrees_of_freedom(rng):
    losses = losses_of_mean(rng.normal(size=30))
    plain = stats.jackknife_spread(losses)
    for factor in (1e-200, 1e150):
        scaled = stats.jackknife_spread(factor * losses)
        assert scaled.df == pytest.approx(plain.df)
        assert scaled.error == pytest.approx(factor * plain.error)
