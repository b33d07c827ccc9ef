"""RSA: tau-a, crossnobis distances, weighted units, what deleting stimuli costs."""

from itertools import combinations

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from unbraid import align, stats
from unbraid._kernels.statistics.concordance import concordance
from unbraid.align.geometry._crossnobis import crossnobis, shrunk_covariance
from unbraid.align.geometry._rdm_compare import COMPARISONS
from unbraid.align.geometry._weighted_rsa import PENALTIES, unit_weights
from unbraid.errors import InputError
from unbraid.responses import Responses

FAST = {"permutations": 0, "resamples": 0}


@pytest.mark.parametrize("levels", [3, 1000])
def test_tau_a_is_that_of_brute_force(levels, rng):
    a, b = rng.integers(0, levels, size=(2, 120)).astype(float)
    signs = [np.sign(np.subtract.outer(side, side)) for side in (a, b)]
    np.testing.assert_array_equal(concordance(a, b), (signs[0] * signs[1]).sum(axis=1))


def test_rsa_by_kendall_is_the_mean_over_pairs_of_pairs(rng):
    x, y = np.round(rng.normal(size=(2, 12, 3)))
    a, b = (pdist(side, "sqeuclidean") for side in (x, y))
    expected = np.mean([np.sign(a[i] - a[j]) * np.sign(b[i] - b[j])
                        for i, j in combinations(range(len(a)), 2)])  # fmt: skip
    score = align.rsa(x, y, compare="kendall", folds=2, **FAST)
    assert score.value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("compare", ["kendall", "spearman"])
def test_ties_survive_rounding(compare, rng):
    """Distances that are equal on paper differ in their last bits."""
    x = rng.integers(0, 3, size=(25, 4)) / 7
    a, b = (np.round(pdist(side, "sqeuclidean"), 9) for side in (x, x[:, :2]))
    whole = align.rsa(x, x[:, :2], compare=compare, **FAST).value
    if compare == "spearman":
        from scipy.stats import spearmanr

        assert whole == pytest.approx(spearmanr(a, b)[0], abs=1e-12)
    with pytest.warns(RuntimeWarning, match="all distances of a side are equal"):
        assert np.isnan(align.rsa(np.eye(25), x, compare=compare, **FAST).value)


def repeats(rng, signal, noise, n_repeats=3):
    return signal + noise * rng.normal(size=(n_repeats, *signal.shape))


def test_crossnobis_is_zero_on_average_where_there_is_no_signal(rng):
    """With the noise covariance of the same stimuli, or without crossing, it would not be."""
    mixing = rng.normal(size=(12, 12))
    folds = stats.as_folds(np.arange(20) % 5, 20)
    means, plain = [], []
    for _ in range(60):
        trials = rng.normal(size=(3, 20, 12)) @ mixing + 1.5
        means.append(crossnobis(trials, folds, "x")[np.triu_indices(20, 1)].mean())
        plain.append(pdist(trials.mean(axis=0), "sqeuclidean").mean())
    error = np.std(means) / np.sqrt(60)
    assert abs(np.mean(means)) < 3.3 * error
    assert error < 0.02 < 0.3 < np.mean(plain)


def test_crossnobis_finds_the_true_distances_under_noise(rng):
    signal = rng.normal(size=(30, 10))
    folds = stats.as_folds(np.arange(30) % 5, 30)
    found = np.mean([crossnobis(repeats(rng, signal, 2.0), folds, "x") for _ in range(40)], axis=0)
    # whitened by noise of variance 4, per unit
    expected = squareform(pdist(signal, "sqeuclidean")) / 4 / 10
    upper = np.triu_indices(30, 1)
    slope, level = np.polyfit(expected[upper], found[upper], 1)
    assert slope == pytest.approx(1, abs=0.12)  # the inverse of a covariance is a little too large
    assert level == pytest.approx(0, abs=0.05)
    np.testing.assert_allclose(found, found.T)


def test_shrinkage_is_none_for_many_residuals_and_all_for_few(rng):
    mixing = rng.normal(size=(6, 6))
    many = rng.normal(size=(20_000, 6)) @ mixing
    np.testing.assert_allclose(shrunk_covariance(many, 20_000), mixing.T @ mixing,
                               atol=0.15 * np.trace(mixing.T @ mixing) / 6)  # fmt: skip
    few = rng.normal(size=(4, 50))
    shrunk = shrunk_covariance(few, 3)
    assert np.linalg.eigvalsh(shrunk).min() > 0
    off = np.abs(shrunk - np.diag(shrunk.diagonal()))
    assert off.mean() < 0.35 * np.abs(few.T @ few / 3).mean()


def test_noise_deflates_euclidean_cosines_and_not_crossnobis_ones(rng):
    signal = rng.normal(size=(40, 8))
    x, y = (Responses(t.mean(axis=0), repeats=t)
            for t in (repeats(rng, signal, 1.5, 6), repeats(rng, signal, 1.5, 6)))  # fmt: skip
    null = {"permutations": 20, "resamples": 0, "compare": "cosine"}
    none = Responses(np.zeros((40, 8)) + repeats(rng, 0 * signal, 1.0)[0],
                     repeats=repeats(rng, 0 * signal, 1.0))  # fmt: skip
    assert align.rsa(none, y, rdm="euclidean", **null).value > 0.6
    assert abs(align.rsa(none, y, rdm="crossnobis", **null).value) < 0.35
    both = align.rsa(x, y, rdm="crossnobis", permutations=9)
    assert both.value > align.rsa(x, y, **FAST).value - 0.1
    assert both.low < both.value < both.high
    model = align.rsa(signal, y, rdm="crossnobis", **FAST)
    assert model.value > 0.7


@pytest.mark.parametrize("make, message", [
    (lambda t: (t[0], t[1]), "needs repeats on at least one side, got none"),
    (lambda t: (t[0], Responses(t[0], repeats=t[:1])), "at least two repeats of every stimulus"),
    (lambda t: (t[0], Responses(t[0], repeats=np.where(t > 1.5, np.nan, t))), "missing trials"),
    (lambda t: (t[0], Responses(t[0], repeats=t[:1].repeat(3, 0))), "no unit of y varies between"),
])  # fmt: skip
def test_what_crossnobis_cannot_do_is_one_clear_line(make, message, rng):
    x, y = make(rng.normal(size=(3, 25, 4)))
    with pytest.raises(InputError, match=message):
        align.rsa(x, y, rdm="crossnobis")
    with pytest.raises(InputError, match="needs at least 3 folds"):
        trials = rng.normal(size=(3, 25, 4))
        align.rsa(x, Responses(trials[0], repeats=trials), rdm="crossnobis", folds=2)


@pytest.mark.parametrize("compare", sorted(COMPARISONS))
@pytest.mark.parametrize("blocks", [False, True])
def test_deleting_stimuli_costs_what_a_run_without_them_says(compare, blocks, rng):
    n = 45
    x = rng.normal(size=(n, 4))
    y = x + rng.normal(size=(n, 4))
    folds = stats.contiguous_folds(n, 5, run=3) if blocks else stats.as_folds(np.arange(n) % 5, n)
    score = align.rsa(x, y, compare=compare, folds=folds, permutations=0, resamples=1)
    number = folds.blocks if blocks else np.arange(n)
    refitted = [score.value - align.rsa(x[keep], y[keep], compare=compare, **FAST).value
                for keep in (number != g for g in range(number.max() + 1))]  # fmt: skip
    if compare in ("pearson", "cosine"):
        np.testing.assert_allclose(score.influence, refitted, atol=1e-10)
    else:
        assert np.corrcoef(score.influence, refitted)[0, 1] > 0.97
        assert np.std(score.influence) == pytest.approx(np.std(refitted), rel=0.25)


def test_weights_are_those_of_least_squares_over_pairs(rng):
    """No penalty to speak of, and a truth with positive weights: the plain regression."""
    x = rng.normal(size=(40, 3))
    true = np.array([0.5, 2.0, 1.0])
    distances = squareform(pdist(x * np.sqrt(true), "sqeuclidean")) + 0.7
    np.fill_diagonal(distances, 0)
    first = unit_weights(x, distances)[0]
    assert np.abs(first / first.sum() - true / true.sum()).max() < 5e-3
    last = unit_weights(x, distances)[-1]
    assert PENALTIES[-1] == np.inf
    np.testing.assert_array_equal(last, 1.0)


def test_weighting_helps_where_units_count_differently_and_never_much_hurts(rng):
    x = rng.normal(size=(150, 12))
    relevant = x[:, :3] + 0.3 * rng.normal(size=(150, 3))
    gain = align.weighted_rsa(x, relevant, **FAST).value - align.rsa(x, relevant, **FAST).value
    assert gain > 0.2
    even = x + rng.normal(size=x.shape)
    loss = align.rsa(x, even, **FAST).value - align.weighted_rsa(x, even, **FAST).value
    assert loss < 0.03


def test_weights_of_noise_score_zero_on_pairs_that_share_no_training_stimulus(rng):
    values, inside = [], []
    for seed in range(12):
        x, y = rng.normal(size=(60, 20)), rng.normal(size=(60, 4))
        score = align.weighted_rsa(x, y, rng=seed, **FAST)
        values.append(score.value)
        inside.append(score.in_sample)
    assert abs(np.mean(values)) < 0.04
    assert np.mean(inside) > 0.08
    with pytest.raises(InputError, match="at least 3 folds of at least 4 stimuli"):
        align.weighted_rsa(x[:16], y[:16])
