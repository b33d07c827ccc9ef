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
def test_where_systems_are_alike_nothing_is_refitted(name, refits):
    x, y = related(0)
    metric = getattr(align, name)
    score, every = (metric(x, y, permutations=asked) for asked in (20, EVERY))
    assert not refits
    assert score.null == metric(x, y, permutations=KEPT).null
    assert score.p_value <= 0.01 < every.p_value
    assert (score.value, score.low, score.high) == (every.value, every.low, every.high)
    assert score.null == pytest.approx(every.null, abs=0.2)


@pytest.mark.parametrize("name", METRICS)
def test_in_doubt_the_null_is_that_of_all_refits(name, refits, monkeypatch):
    monkeypatch.setattr(HeldOutProducts, "p_values", lambda *_: (1.0, 0.1))
    x, y = np.abs(np.random.default_rng(1).normal(size=(2, 60, 4)))
    score, every = (getattr(align, name)(x, y, permutations=asked) for asked in (20, EVERY))
    assert refits == [20]
    assert (score.p_value, score.null) == (every.p_value, every.null)


@pytest.mark.parametrize("name", METRICS)
def test_where_systems_are_clearly_unrelated_no_refits_decide(name, refits, monkeypatch):
    monkeypatch.setattr(HeldOutProducts, "p_values", lambda *_: (1.0, 0.4))
    x, y = np.abs(np.random.default_rng(1).normal(size=(2, 60, 4)))
    score, every = (getattr(align, name)(x, y, permutations=asked) for asked in (20, EVERY))
    assert not refits and score.p_value == 0.4
    assert (score.value, score.low, score.high) == (every.value, every.low, every.high)
    assert score.null == pytest.approx(every.null, abs=0.2)


def test_where_draws_tie_few_stimuli_decide_and_all_refits_are_made(refits):
    rng = np.random.default_rng(3)
    x, y = (np.where(rng.random((60, 8)) < 0.03, rng.gamma(2, 1, (60, 8)), 0) for _ in range(2))
    score, every = (align.one_to_one(x, y, permutations=asked) for asked in (20, EVERY))
    assert refits == [20] and score.p_value == every.p_value
    x = y = np.eye(12, 2)
    products = HeldOutProducts([(0, np.arange(12))])
    products.add(0, x, y)
    assert math.isnan(products.p_values(np.random.default_rng(0))[1])


@pytest.mark.parametrize("name, share", [("procrustes", 0.15), ("cca", 0.35), ("one_to_one", 0.3)])
def test_weak_relations_are_found_as_often_as_by_all_refits(name, share):
    found = np.zeros(2)
    for seed in range(40):
        rng = np.random.default_rng([8, seed])
        x, y = rng.standard_t(4, size=(2, 60, 8))
        y += share * x
        for way, asked in enumerate((20, EVERY)):
            score = getattr(align, name)(
                x, y, permutations=asked, rng=seed, order="exchangeable", resamples=0
            )
            found[way] += score.p_value <= 0.05
    assert 8 < found[1] < 38  # neither hopeless nor certain: the comparison says something
    assert found[0] >= found[1] - 4


@pytest.mark.parametrize("make", [gaussian, heavy, common])
@pytest.mark.parametrize("name", ["one_to_one", "procrustes", "cca"])
def test_independent_systems_are_rejected_as_often_as_said(name, make):
    found = np.array([])
    for seed in range(80):
        rng = np.random.default_rng([9, seed])
        x, y = make(rng, 50, 5), make(rng, 50, 4)
        score = getattr(align, name)(x, y, rng=seed, order="exchangeable", resamples=0)
        found = np.append(found, score.p_value)
    for level in (0.05, 0.2, 0.5):
        assert np.sum(found <= level) <= scipy_stats.binom.ppf(1 - 1e-4, 80, level)
    assert 0.35 < found.mean() < 0.7


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
        found.append(products.p_values(rng)[0])
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
    assert one.p_values(np.random.default_rng(5))[0] == pytest.approx(0.001)
    assert five.p_values(np.random.default_rng(5))[0] == pytest.approx(math.e * 0.001)


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


@pytest.mark.parametrize(
    "both, fits",
    [((0.009, 0.001), []), ((0.011, 0.001), [20]), ((0.9, 0.19), [20]), ((0.9, 0.21), []),
     ((0.9, math.nan), [20])],
)  # fmt: skip
def test_only_p_values_out_of_doubt_spare_refits(both, fits, refits, monkeypatch):
    monkeypatch.setattr(HeldOutProducts, "p_values", lambda *_: both)
    x, y = related(11, n=40, p=3)
    score = align.one_to_one(x, y, resamples=0)
    assert refits == fits
    alone = both[0] if both[0] < 0.01 else both[1]
    assert score.p_value == (pytest.approx(1 / 21) if fits else alone)
