"""Noise ceilings where stimuli were not shown equally often."""

import numpy as np
import pytest

from unbraid import align, stats
from unbraid.responses import Responses

FAST = {"permutations": 0, "resamples": 0}


def shown(rng, signal, count, noise=1.5):
    """Trials (R, n, q) of which stimulus i has count[i], the others missing."""
    trials = signal + noise * rng.normal(size=(max(count), *signal.shape))
    trials[np.arange(max(count))[:, None] >= count] = np.nan
    return trials


def few_repeated(n):
    return np.where(np.arange(n) < n // 10, 10, 1)


def one_to_three(n):
    return 1 + np.arange(n) % 3


def none_or_four(n):
    return np.where(np.arange(n) % 5 == 0, 0, 4)


def two_to_ten(n):
    return 2 + np.arange(n) % 9


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "design", [few_repeated, one_to_three, none_or_four, two_to_ten], ids=lambda d: d.__name__
)
def test_the_signal_reaches_the_ceiling(design, seed):
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=(900, 60)) * rng.uniform(0.5, 2, 60)
    trials = shown(rng, signal, design(900), noise=1.5)
    there = design(900) > 0
    mean = np.nanmean(trials[:, there], axis=0)
    r = [np.corrcoef(a, b)[0, 1] for a, b in zip(signal[there].T, mean.T, strict=True)]
    found = stats.noise_ceiling(trials)
    assert np.mean(r) == pytest.approx(np.nanmean(found.ceiling_over_all), abs=0.01)


def test_a_design_with_most_stimuli_shown_once_by_hand():
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(600, 60))
    found = stats.noise_ceiling(shown(rng, signal, few_repeated(600)))
    expected = 1 / (1 + 1.5**2 * (0.1 / 10 + 0.9))  # a ceiling of .573
    assert np.mean(found.reliability) == pytest.approx(expected, abs=0.04)


def test_a_perfect_model_of_such_a_design_is_one_after_normalisation():
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(600, 20))
    trials = shown(rng, signal, few_repeated(600))
    score = align.ridge(signal, Responses(np.nanmean(trials, axis=0), repeats=trials), **FAST)
    assert score.normalised == pytest.approx(1, abs=0.03)
    assert score.record()["normalised_over_all"] == pytest.approx(1, abs=0.03)


def test_units_that_are_hardly_reliable_count_over_all():
    """Kept by their own noisy estimate, those above the floor seem more reliable than they are."""
    scores = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        signal = rng.normal(size=(150, 60))
        trials = signal + 4 * rng.normal(size=(2, 150, 60))  # reliability .11
        y = Responses(trials.mean(axis=0), repeats=trials)
        scores.append(align.semi_matching(signal, y, **FAST))
    assert np.mean([score.normalised for score in scores]) < 0.9
    assert np.mean([score.normalised_over_all for score in scores]) == pytest.approx(1, abs=0.1)


def test_stimuli_shown_once_tell_no_reliability():
    rng = np.random.default_rng(0)
    trials = np.full((2, 50, 3), np.nan)
    trials[0] = rng.normal(size=(50, 3))
    found = stats.noise_ceiling(trials)
    assert np.isnan(found.reliability).all()
    assert found.excluded.all()


def test_the_two_forms_agree_where_one_trial_is_missing():
    rng = np.random.default_rng(0)
    trials = rng.normal(size=(2000, 8)) + rng.normal(size=(4, 2000, 8))
    whole = stats.noise_ceiling(trials).reliability
    trials[2, 17] = np.nan
    np.testing.assert_allclose(stats.noise_ceiling(trials).reliability, whole, atol=0.02)


def gaussian(rng, n, m, repeats, noise):
    """m of n stimuli shown ``repeats`` times, the others once."""
    return shown(rng, rng.normal(size=(n, 200)), np.where(np.arange(n) < m, repeats, 1), noise)


@pytest.mark.parametrize(
    "n, m, repeats, noise", [(10, 10, 2, 1), (30, 30, 4, 2), (300, 10, 2, 1), (300, 30, 4, 2)]
)
def test_ceilings_of_few_repeated_stimuli_are_doubted_and_of_enough_are_not(n, m, repeats, noise):
    """The number that is named is enough: there the ceiling over all is right to .01."""
    rng = np.random.default_rng(0)
    with pytest.warns(RuntimeWarning, match="about .* stimuli with repeats are needed") as told:
        stats.noise_ceiling(gaussian(rng, n, m, repeats, noise), splits=10)
    enough = int(str(told[0].message).split(" about ")[-1].split()[0])
    trials = gaussian(rng, max(n, 2 * enough), 2 * enough, repeats, noise)
    found = stats.noise_ceiling(trials, splits=10)
    count = (~np.isnan(trials[:, :, 0])).sum(axis=0)
    best = np.sqrt(1 / (1 + noise**2 * np.mean(1 / count)))
    assert np.mean(found.ceiling_over_all) == pytest.approx(best, abs=0.015)


def test_scores_say_what_their_ceilings_rest_on():
    rng = np.random.default_rng(0)
    trials = gaussian(rng, 60, 60, 2, 2)
    score = align.ridge(rng.normal(size=(60, 3)), Responses(trials.mean(axis=0), repeats=trials),
                        **FAST)  # fmt: skip
    assert any("noise ceilings rest on 60 stimuli" in line for line in score.warnings)


@pytest.mark.parametrize("seed", range(3))
def test_a_repeat_that_is_noisier_is_said(seed):
    """Halves give .42 for a reliability of 1 / (1 + 7.25 / 4) = .36."""
    rng = np.random.default_rng(seed)
    signal, noise = rng.normal(size=(300, 40)), rng.normal(size=(2, 300, 40))
    with pytest.warns(RuntimeWarning, match="repeats differ in their noise.*0.3[4-8]"):
        stats.noise_ceiling(signal + noise * np.array([1.0, 2.5])[:, None, None])


@pytest.mark.parametrize("factor", [0.2, 2])
def test_stimuli_shown_once_that_are_noisier_or_cleaner_are_said(factor):
    rng = np.random.default_rng(0)
    trials = gaussian(rng, 600, 300, 2, 1)
    assert not stats.noise_ceiling(trials).warnings
    trials[0, 300:] = rng.normal(size=(300, 200)) + factor * rng.normal(size=(300, 200))
    with pytest.warns(RuntimeWarning, match="stimuli shown once vary"):
        stats.noise_ceiling(trials)


def test_single_precision_is_compared_without_overflow(rng):
    trials = shown(rng, rng.normal(size=(80, 3)), np.full(80, 4)).astype(np.float32)
    found = stats.noise_ceiling(trials)  # a warning is an error here
    expected = stats.noise_ceiling(trials.astype(float))
    np.testing.assert_allclose(found.reliability, expected.reliability, rtol=1e-4)
