"""Folds, bootstrap, permutation, ceilings, discovery."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from unbraid import stats
from unbraid.errors import InputError


def test_shuffled_folds_are_even_and_repeatable():
    folds = stats.shuffled_folds(103, 5, rng=1)
    assert sorted(np.bincount(folds)) == [20, 20, 21, 21, 21]
    np.testing.assert_array_equal(folds, stats.shuffled_folds(103, 5, rng=1))
    assert (folds != stats.shuffled_folds(103, 5, rng=2)).any()
    assert folds.blocks is None
    assert folds.n_folds == 5


def test_grouped_folds_keep_groups_whole(rng):
    groups = rng.integers(0, 30, 200)
    folds = stats.grouped_folds(groups, 4, rng=0)
    assert all(len(np.unique(folds[groups == g])) == 1 for g in np.unique(groups))
    sizes = np.bincount(folds)
    assert sizes.max() - sizes.min() <= np.bincount(groups).max()
    np.testing.assert_array_equal(np.unique(groups, return_inverse=True)[1], folds.blocks)


def test_contiguous_folds_are_runs():
    folds = stats.contiguous_folds(101, 4, run=10)
    assert (np.diff(folds) >= 0).all()
    assert set(np.bincount(folds)) == {25, 26}
    assert len(np.unique(folds.blocks)) == 11


@pytest.mark.parametrize("call, message", [
    (lambda: stats.shuffled_folds(3, 5), "between 2 and the 3 stimuli, got 5"),
    (lambda: stats.grouped_folds([1, 1, 2], 3), "between 2 and the 2 groups, got 3"),
    (lambda: stats.grouped_folds(np.zeros((2, 2))), "one name per stimulus"),
    (lambda: stats.contiguous_folds(10, 5, run=0), "run must lie in 1..n=10"),
    (lambda: stats.as_folds(np.zeros(4), 4), "4 integer labels, got float64"),
    (lambda: stats.as_folds(np.zeros(4, int), 4), "at least two different labels"),
    (lambda: stats.as_folds(np.zeros(5, int), 4), r"4 integer labels, got int64 of shape \(5,\)"),
    (lambda: stats.as_folds(True, 4), "whole number or 4 integer labels"),
    (lambda: stats.interval([1.0], 1.0), "level must lie strictly between"),
    (lambda: stats.bootstrap_weights(0, 1), "n must be a whole number >= 1"),
    (lambda: stats.bootstrap_weights(3, 1, blocks=[1]), r"blocks must have shape \(3,\)"),
    (lambda: stats.paired_difference(1, 0, [1.0], [1.0, 2.0]), "must have one length"),
    (lambda: stats.permutation_p(1, [[1.0]]), r"must have shape \(B,\)"),
    (lambda: stats.benjamini_hochberg([1.2]), r"p_values must lie in \[0, 1\]"),
    (lambda: stats.noise_ceiling(np.zeros((1, 5, 2))), "n_repeats >= 2"),
])  # fmt: skip
def test_bad_input_is_one_clear_line(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_labels_of_any_numbers_are_folds():
    folds = stats.as_folds(np.array([7, 3, 7, 5]), 4)
    np.testing.assert_array_equal(folds, [2, 0, 2, 1])


def test_bootstrap_weights_count_draws(rng):
    weights = stats.bootstrap_weights(50, 400, rng=0)
    assert (weights.sum(axis=1) == 50).all()
    assert weights.var() == pytest.approx(1, abs=0.05)
    np.testing.assert_array_equal(weights, stats.bootstrap_weights(50, 400, rng=0))
    blocks = np.arange(50) // 5
    drawn = stats.bootstrap_weights(50, 10, rng=0, blocks=blocks).reshape(10, 10, 5)
    assert (drawn == drawn[:, :, :1]).all()


def test_interval_of_a_mean_is_that_of_theory(rng):
    values = rng.normal(size=400)
    weights = stats.bootstrap_weights(400, 4000, rng=0)
    found = stats.interval(weights @ values / 400, 0.9)
    half = 1.645 * values.std() / 20
    assert found.low == pytest.approx(values.mean() - half, abs=0.006)
    assert found.high == pytest.approx(values.mean() + half, abs=0.006)
    assert np.isnan(stats.interval([]).low)


def test_paired_difference_sees_what_separate_intervals_cannot(rng):
    shared = rng.normal(size=1000)
    gain = stats.paired_difference(0.5, 0.4, 0.5 + shared, 0.4 + shared + 0.001 * shared)
    assert gain.low > 0
    assert gain.p_value == pytest.approx(1 / 1001)
    assert stats.paired_difference(0.4, 0.4, shared, shared).p_value == 1


def test_permutation_p_is_never_zero_and_counts_ties():
    assert stats.permutation_p(5, np.zeros(99)) == pytest.approx(0.01)
    assert stats.permutation_p(0, np.zeros(99)) == 1
    assert np.isnan(stats.permutation_p(np.nan, np.zeros(3)))
    assert np.isnan(stats.permutation_p(1.0, []))


def test_permuted_rows_keep_blocks_whole(rng):
    blocks = np.repeat(rng.permutation(10), 4)
    for order in stats.permuted_rows(40, 5, rng, blocks):
        np.testing.assert_array_equal(np.sort(order), np.arange(40))
        whole = [np.ptp(blocks[order[blocks == b]]) == 0 for b in range(10)]
        assert all(whole)


def test_runs_of_a_series_are_shifted_as_a_whole(rng):
    folds = stats.contiguous_folds(60, 5)
    for order in stats.permuted_rows(60, 5, rng, folds.blocks):
        assert set(np.diff(order)) <= {1, -59}
        assert order[0] != 0


def test_permutations_differ():
    first, second = stats.permuted_rows(40, 2, 0)
    assert (first != second).any()


def test_benjamini_hochberg_agrees_with_scipy(rng):
    p = rng.uniform(size=(8, 5))
    expected = false_discovery_control(p.ravel()).reshape(p.shape)
    np.testing.assert_allclose(stats.benjamini_hochberg(p), expected, atol=1e-12)
    p[0, 0] = np.nan
    adjusted = stats.benjamini_hochberg(p)
    assert np.isnan(adjusted[0, 0])
    assert np.isfinite(adjusted).sum() == 39


@pytest.mark.parametrize("n_repeats", [2, 3, 6])
def test_a_perfect_model_reaches_the_ceiling(n_repeats, rng):
    """r / sqrt(reliability) = 1 and R2 / reliability = 1 for the noiseless truth."""
    signal = rng.normal(size=(4000, 12))
    trials = signal + 1.5 * rng.normal(size=(n_repeats, 4000, 12))
    ceiling = stats.noise_ceiling(trials, splits=10)
    mean = trials.mean(axis=0)
    r = np.array([np.corrcoef(signal[:, j], mean[:, j])[0, 1] for j in range(12)])
    assert np.mean(r / ceiling.ceiling) == pytest.approx(1, abs=0.02)
    assert np.mean(r**2 / ceiling.ceiling_r2) == pytest.approx(1, abs=0.04)
    expected = n_repeats / (n_repeats + 1.5**2)
    assert ceiling.reliability.mean() == pytest.approx(expected, abs=0.02)


def test_units_without_signal_are_excluded_and_counted(rng):
    trials = rng.normal(size=(4, 300, 5))
    trials[:, :, 1] += 3 * rng.normal(size=300)
    trials[:, :, 4] = 2.0
    ceiling = stats.noise_ceiling(trials, floor=0.3)
    np.testing.assert_array_equal(ceiling.excluded, [True, False, True, True, True])
    assert ceiling.n_excluded == 4
    assert np.isnan(ceiling.ceiling[4])


def test_missing_trials_are_left_out(rng):
    trials = rng.normal(size=(2000, 3)) + rng.normal(size=(4, 2000, 3))
    full = stats.noise_ceiling(trials).reliability
    trials[3, rng.random(2000) < 0.2] = np.nan
    np.testing.assert_allclose(stats.noise_ceiling(trials).reliability, full, atol=0.05)
