"""What deleting stimuli costs, by definition: runs without them."""

import numpy as np
import pytest

from unbraid import align, stats
from unbraid.align.matching._semi_matching import semi_matching
from unbraid.errors import InputError

FAST = {"permutations": 0, "resamples": 0}


def systems(rng, n=60, p=6, q=5, tails=4):
    z = rng.standard_t(tails, size=(n, 5))
    mix = rng.normal(size=(5, p))
    return z @ mix + rng.normal(size=(n, p)), z @ mix[:, :q] + rng.normal(size=(n, q))


@pytest.mark.parametrize("name", ["mutual_knn", "rsa"])
def test_metrics_that_fit_nothing_lose_exactly_what_a_run_without_a_stimulus_says(name, rng):
    x, y = systems(rng)
    compute = align.METRICS[name].compute
    score = compute(x, y, permutations=0, resamples=1)
    expected = [score.value - compute(np.delete(x, t, 0), np.delete(y, t, 0), **FAST).value
                for t in range(60)]  # fmt: skip
    np.testing.assert_allclose(score.influence, expected, atol=1e-10)


def pooled(x, y, folds, source):
    """Standardise by training stimuli; the products and squares of matched units, each (n, q)."""
    a, b = np.empty((len(x), y.shape[1])), np.empty_like(y)
    for f in range(folds.max() + 1):
        train, test = folds != f, folds == f
        for side, out, pick in ((x, a, source[f]), (y, b, np.arange(y.shape[1]))):
            part = side[:, pick]
            out[test] = (part[test] - part[train].mean(axis=0)) / part[train].std(axis=0)
    return a * b, a**2, b**2


@pytest.mark.parametrize("blocks", [False, True])
def test_matching_loses_exactly_what_its_formula_says_with_the_fits_held_fixed(blocks, rng):
    x, y = systems(rng, tails=2.5)
    folds = stats.contiguous_folds(60, 5, run=4) if blocks else stats.as_folds(np.arange(60) % 5,
                                                                               60)  # fmt: skip
    labels = np.asarray(folds)
    source = []
    for f in range(5):
        train = labels != f
        source.append(np.corrcoef(x[train].T, y[train].T)[:6, 6:].argmax(axis=0))
    num, xx, yy = pooled(x, y, labels, source)
    number = folds.blocks if blocks else np.arange(60)
    value = (num.sum(0) / np.sqrt(xx.sum(0) * yy.sum(0))).mean()
    left = [[part[number != g].sum(axis=0) for part in (num, xx, yy)]
            for g in range(number.max() + 1)]  # fmt: skip
    expected = [value - (n / np.sqrt(a * b)).mean() for n, a, b in left]
    score = semi_matching(x, y, folds=folds, permutations=0, resamples=1)
    np.testing.assert_allclose(score.influence, expected, atol=1e-12)


@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("name", ["ridge", "ridge_r2"])
def test_regression_loses_exactly_what_its_formula_says_with_the_fits_held_fixed(name, blocks, rng):
    from unbraid.align.regression._nested_ridge import NestedRidge

    x, y = systems(rng, tails=2.5)
    folds = stats.contiguous_folds(60, 5, run=4) if blocks else stats.as_folds(np.arange(60) % 5,
                                                                               60)  # fmt: skip
    number = folds.blocks if blocks else np.arange(60)
    found = NestedRidge(x - x.mean(axis=0), folds).predict(y)
    a, b = found.held_out, found.centred
    if name == "ridge":  # predictions and targets in units of their training spread
        a, b = a / found.scales[0, folds], b / found.scales[1, folds]

    def value(keep):
        if name == "ridge_r2":
            return (1 - ((b - a)[keep] ** 2).sum(axis=0) / (b[keep] ** 2).sum(axis=0)).mean()
        norms = np.sqrt((a[keep] ** 2).sum(axis=0) * (b[keep] ** 2).sum(axis=0))
        return ((a * b)[keep].sum(axis=0) / norms).mean()

    score = align.METRICS[name].compute(x, y, folds=folds, permutations=0, resamples=1)
    assert score.value == pytest.approx(value(np.ones(60, bool)), abs=1e-9)
    expected = [score.value - value(number != g) for g in range(number.max() + 1)]
    np.testing.assert_allclose(score.influence, expected, atol=1e-9)


def test_a_rotation_loses_about_what_a_run_without_a_stimulus_says(rng):
    """About, since the run fits again."""
    x, y = systems(rng, n=80, p=4, q=3, tails=8)
    compute, folds = align.procrustes, np.arange(80) % 5
    score = compute(x, y, folds=folds, permutations=0, resamples=1)
    expected = np.array([
        score.value - compute(x[keep], y[keep], folds=folds[keep], **FAST).value
        for keep in (np.arange(80) != t for t in range(80))
    ])  # fmt: skip
    assert np.corrcoef(score.influence, expected)[0, 1] > 0.9
    spread = stats.jackknife_spread(score.influence).error
    assert spread == pytest.approx(stats.jackknife_spread(expected).error, rel=0.3)


def test_refits_delete_groups_and_fit_again(rng):
    x, y = systems(rng)
    folds = stats.as_folds(np.arange(60) % 5, 60)
    refits = stats.Refits(groups=10, draws=50)
    score = align.ridge(x, y, folds=folds, permutations=0, resamples=refits, rng=3)
    assert score.influence.shape == (10,)
    assert score.replicates.shape == (50,)
    streams = np.random.default_rng(3).spawn(3)
    groups = refits.labels(folds, streams[1])
    np.testing.assert_array_equal(np.bincount(groups), 6)
    keep = groups != 4
    without = align.ridge(x[keep], y[keep], folds=np.asarray(folds)[keep], **FAST).value
    assert score.influence[4] == pytest.approx(score.value - without, abs=1e-12)
    runs = stats.contiguous_folds(60, 5, run=4)
    whole = stats.Refits(groups=50).labels(runs)
    assert len(np.unique(whole)) == 15
    np.testing.assert_array_equal(whole, runs.blocks)
    for options, message in (({"groups": 1}, "groups must be a whole number >= 5, got 1"),
                             ({"draws": -1}, "draws must be a whole number >= 0, got -1"),
                             ):  # fmt: skip
        with pytest.raises(InputError, match=message):
            stats.Refits(**options)


def test_an_interval_that_rests_on_few_stimuli_says_so(rng):
    x = rng.normal(size=(80, 3))
    y = x + rng.normal(size=(80, 3))
    y[5], x[5] = 60.0, -50.0
    score = align.rsa(x, y, permutations=0)
    assert "degrees of freedom" in score.warnings[0]
    assert score.low < 0.3
    assert not align.rsa(np.delete(x, 5, 0), np.delete(y, 5, 0), permutations=0).warnings
