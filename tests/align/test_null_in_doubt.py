"""Refits are spared where held-out rows alone leave no doubt; the level holds all the same."""

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from unbraid import align, stats
from unbraid.align import _null
from unbraid.align._estimator import Estimator
from unbraid.align._held_out import HeldOutProducts

EVERY = stats.Permutations(20, targets=None)
KEPT = stats.Permutations(fits="kept")
METRICS = ("one_to_one", "soft_matching", "pls", "procrustes", "cca", "svcca", "pwcca", "wmppc")


def gaussian(rng, n, p):
    return rng.normal(size=(n, p))


def heavy(rng, n, p):
    return np.abs(rng.standard_t(2, size=(n, p)))


def common(rng, n, p):
    return np.abs(rng.normal(size=(n, 1)) + 0.3 * rng.normal(size=(n, p)))


def related(seed, n=120, p=6):
    rng = np.random.default_rng(seed)
    x = np.abs(rng.normal(size=(n, p)))
    return x, x[:, ::-1] + 0.1 * np.abs(rng.normal(size=(n, p)))


@pytest.fixture
def refits(monkeypatch):
    """Count the fits to permuted rows."""
    count = []
    real = _null.refitted_null

    def counted(estimator, value, asked, folds, rng):
        count.append(asked.count)
        return real(estimator, value, asked, folds, rng)

    monkeypatch.setattr(_null, "refitted_null", counted)
    return count


@pytest.mark.parametrize("name", METRICS)
def test_where_systems_are_alike_the_mean_of_the_null_needs_two_refits_or_none(name, refits):
    x, y = related(0)
    metric = getattr(align, name)
    score, every = (metric(x, y, permutations=asked) for asked in (20, EVERY))
    closed = name in ("one_to_one", "soft_matching", "procrustes", "wmppc")
    assert refits == ([] if closed else [2])
    assert not closed or score.null == metric(x, y, permutations=KEPT).null
    assert score.p_value <= 0.01 < every.p_value
    assert (score.value, score.low, score.high) == (every.value, every.low, every.high)
    assert score.null == pytest.approx(every.null, abs=0.2)


@pytest.mark.parametrize("name", METRICS)
def test_where_they_are_not_the_null_is_that_of_all_refits(name, refits):
    rng = np.random.default_rng(1)
    x, y = np.abs(rng.normal(size=(2, 60, 4)))
    score, every = (getattr(align, name)(x, y, permutations=asked) for asked in (20, EVERY))
    assert refits == [20]
    assert (score.p_value, score.null) == (every.p_value, every.null)


@pytest.mark.parametrize("make", [gaussian, heavy, common])
@pytest.mark.parametrize("name", ["one_to_one", "procrustes", "cca"])
def test_p_values_of_held_out_rows_alone_hold_their_level(name, make, monkeypatch):
    """One refit is asked for and any p-value taken: nothing else can hold the level."""
    monkeypatch.setattr(_null, "_SURE", 1.0)
    found = []
    for seed in range(120):
        rng = np.random.default_rng([2, seed])
        x, y = make(rng, 50, 5), make(rng, 50, 4)
        score = getattr(align, name)(
            x, y, permutations=1, rng=seed, order="exchangeable", resamples=0
        )
        found.append(score.p_value)
    for level in (0.05, 0.2):
        assert np.sum(np.array(found) <= level) <= scipy_stats.binom.ppf(1 - 1e-4, 120, level)


def test_the_test_of_one_fold_is_exact():
    found = []
    for seed in range(200):
        rng = np.random.default_rng([3, seed])
        products = HeldOutProducts([(0, np.arange(12))])
        products.add(0, heavy(rng, 12, 3), heavy(rng, 12, 3))
        found.append(products.p_value(rng))
    assert scipy_stats.kstest(found, "uniform").pvalue > 1e-4


def test_folds_that_say_the_same_are_not_counted_twice():
    """Five copies of one fold: the p-value is e times that of one, however small."""
    rng = np.random.default_rng(4)
    a = rng.normal(size=(30, 2))
    one = HeldOutProducts([(0, np.arange(30))])
    five = HeldOutProducts([(fold, np.arange(30)) for fold in range(5)])
    for group in range(5):
        five.add(group, a, a)
    one.add(0, a, a)
    assert one.p_value(np.random.default_rng(5)) == pytest.approx(0.001)
    assert five.p_value(np.random.default_rng(5)) == pytest.approx(math.e * 0.001)


def test_groups_of_one_fold_are_one_test():
    rng = np.random.default_rng(6)
    a = rng.normal(size=(40, 2))
    parts = HeldOutProducts([(3, np.arange(20)), (3, np.arange(20, 40))])
    for group, (_, rows) in enumerate(parts.groups):
        parts.add(group, a[rows], a[rows])
    found, drawn = parts.by_fold(rng)
    within = a - np.repeat([a[:20].mean(axis=0), a[20:].mean(axis=0)], 20, axis=0)
    assert found == pytest.approx([np.sum(within**2)])
    assert drawn.shape[0] == 1 and drawn.mean() == pytest.approx(0, abs=3)


def test_more_permutations_than_the_shortcut_can_tell_are_all_made(refits):
    x, y = related(7, n=40, p=2)
    score = align.one_to_one(x, y, permutations=500, resamples=0)
    assert refits == [500] and score.p_value == pytest.approx(1 / 501)


@pytest.mark.parametrize(
    "options", [{"order": "time"}, {"folds": stats.grouped_folds(np.arange(120) // 4, 5)}]
)
def test_dependent_rows_are_refitted(options):
    x, y = related(10)
    score, every = (align.procrustes(x, y, permutations=asked, **options) for asked in (20, EVERY))
    assert (score.p_value, score.null) == (every.p_value, every.null)
    assert score.p_value >= 1 / 21


def test_metrics_that_hold_nothing_out_say_so():
    assert not Estimator.held_out_products
    x, y = related(9)
    assert align.max_pairwise(x, y).p_value == pytest.approx(1 / 21)


@pytest.mark.parametrize("sure, fits", [(0.009, []), (0.011, [20]), (0.04, [20])])
def test_only_a_p_value_below_one_in_a_hundred_spares_refits(sure, fits, refits, monkeypatch):
    monkeypatch.setattr(HeldOutProducts, "p_value", lambda *_: sure)
    x, y = related(11, n=40, p=3)
    score = align.one_to_one(x, y, resamples=0)
    assert refits == fits
    assert score.p_value == (pytest.approx(1 / 21) if fits else sure)
