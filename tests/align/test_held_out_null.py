"""The null from few refitted targets: its level, its power, and what it is made of."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats as scipy_stats

from unbraid import align, stats
from unbraid.align import _null
from unbraid.align._held_out import HeldOutSums, groups_of
from unbraid.errors import InputError

ALL = stats.Permutations(20, targets=None)


def gaussian(rng, n, p):
    return rng.normal(size=(n, p))


def sparse(rng, n, p):
    return np.where(rng.random((n, p)) < 0.05, rng.gamma(2.0, 1.0, (n, p)), 0)


def codes(rng, n, p):
    return sp.csr_array(sparse(rng, n, p))


def heavy(rng, n, p):
    return rng.standard_t(2, size=(n, p))


def common(rng, n, p):
    return rng.normal(size=(n, 1)) + 0.7 * rng.normal(size=(n, p))


def p_values(metric, make, draws, n=60, p=10, q=40, **options):
    found = []
    for seed in range(draws):
        rng = np.random.default_rng([n, p, seed])
        x, y = make(rng, n, p), make(rng, n, q)
        score = metric(x, y, rng=seed, order="exchangeable", resamples=0, **options)
        found.append(score.p_value)
    return np.array(found)


@pytest.mark.parametrize("make", [gaussian, codes, heavy, common])
def test_independent_systems_are_rejected_as_often_as_said(make):
    found = p_values(align.semi_matching, make, 120)
    for level in (0.05, 0.2):
        most = scipy_stats.binom.ppf(1 - 1e-4, len(found), level)
        assert (found <= level).sum() <= most
    assert 0.4 < found.mean() < 0.6


@pytest.mark.parametrize("metric", [align.ridge, align.ridge_r2])
def test_regressions_hold_their_level(metric):
    found = p_values(metric, gaussian, 50, folds=3)
    assert (found <= 0.05).sum() <= scipy_stats.binom.ppf(1 - 1e-4, len(found), 0.05)
    assert 0.35 < found.mean() < 0.65


def test_without_widening_it_would_reject_too_often(monkeypatch):
    monkeypatch.setattr(HeldOutSums, "inflation", property(lambda _: 1.0))
    found = p_values(align.semi_matching, gaussian, 120)
    assert (found <= 0.05).mean() > 0.07


def test_the_variance_of_linear_fits_is_twice_that_of_their_terms():
    """Cov(<C_a, C_b>, <C_b, C_a>) is its variance: every pair of folds counts twice."""
    rng = np.random.default_rng(0)
    n, q, folds = 100, 3000, stats.shuffled_folds(100, 5, 0)
    x, y = rng.normal(size=(n, 4)), rng.normal(size=(n, q))
    sums = HeldOutSums(groups_of(folds, rng), q, kernels=False)
    for group, (fold, rows) in enumerate(sums.groups):
        others = np.asarray(folds) != fold
        sums.add(group, x[rows] @ (x[others].T @ y[others]), y[rows])
    assert sums.inflation == pytest.approx(2, abs=0.15)


def test_terms_have_the_mean_and_variance_of_their_permutations():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(6, 1)) ** 3, rng.normal(size=(6, 1)) + 5
    sums = HeldOutSums([(0, np.arange(6))], 1, kernels=True)
    sums.add(0, a, b)
    from itertools import permutations

    every = [float((a[:, 0] - a.mean()) @ b[list(order), 0]) for order in permutations(range(6))]
    assert np.mean(every) == pytest.approx(0, abs=1e-12)
    assert sums.squares[0] == pytest.approx(np.var(every))
    assert sums.sums[0] == pytest.approx(every[0])
    drawn = sums.draws(np.random.default_rng(2))
    assert set(np.round(drawn, 9)) <= set(np.round(every, 9))
    assert drawn.var() == pytest.approx(np.var(every), rel=0.15)


def test_codes_are_summed_as_dense_responses_are():
    rng = np.random.default_rng(3)
    a, b = codes(rng, 30, 5), codes(rng, 30, 5)
    parts = [(0, np.arange(12)), (1, np.arange(12, 30))]
    found = HeldOutSums(parts, 5, kernels=True), HeldOutSums(parts, 5, kernels=True)
    for group, (_, rows) in enumerate(parts):
        found[0].add(group, a[rows], b[rows])
        found[1].add(group, a.toarray()[rows], b.toarray()[rows])
    assert np.allclose(found[0].sums, found[1].sums)
    assert np.allclose(found[0].squares, found[1].squares)
    for one, other in zip(found[0].kernels, found[1].kernels, strict=True):
        assert np.allclose(one, other)


@pytest.mark.parametrize("metric", [align.semi_matching, align.ridge])
def test_value_and_interval_are_those_of_full_refits(metric):
    rng = np.random.default_rng(4)
    x = rng.normal(size=(80, 6))
    y = x @ rng.normal(size=(6, 40)) + rng.normal(size=(80, 40))
    few, every = metric(x, y), metric(x, y, permutations=ALL)
    assert (few.value, few.low, few.high) == (every.value, every.low, every.high)
    assert few.null == pytest.approx(every.null, abs=0.05)
    assert (few.p_value, every.p_value) == (0.001, pytest.approx(1 / 21))


def test_few_targets_are_all_refitted(monkeypatch):
    monkeypatch.setattr(_null, "_CLEAR", 1.0)  # as if in doubt
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(50, 8)), rng.normal(size=(50, 32))
    few, every = align.semi_matching(x, y), align.semi_matching(x, y, permutations=ALL)
    assert (few.null, few.p_value) == (every.null, every.p_value)


def test_weak_relations_are_found_as_often_as_by_full_refits():
    found = np.zeros(2)
    for seed in range(60):
        rng = np.random.default_rng([6, seed])
        x, y = rng.normal(size=(80, 10)), rng.normal(size=(80, 40))
        y[:, :4] += 0.35 * x[:, :4]
        for way, permutations in enumerate((20, stats.Permutations(39, targets=None))):
            score = align.semi_matching(
                x, y, permutations=permutations, rng=seed, order="exchangeable", resamples=0
            )
            found[way] += score.p_value <= 0.05
    assert 15 < found[1] < 58  # neither hopeless nor certain: the comparison says something
    assert found[0] >= found[1] - 9


def test_order_in_time_and_groups_still_refit_every_target():
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(60, 5)), rng.normal(size=(60, 40))
    for options in ({"order": "time"}, {"folds": stats.grouped_folds(np.arange(60) // 4, 5)}):
        few = align.semi_matching(x, y, **options)
        every = align.semi_matching(x, y, permutations=ALL, **options)
        assert (few.null, few.p_value) == (every.null, every.p_value)


@pytest.mark.parametrize("wrong", [{"count": -1}, {"count": 2.5}, {"targets": 0}])
def test_wrong_permutations_are_refused(wrong):
    with pytest.raises(InputError):
        stats.Permutations(**wrong)


@pytest.mark.parametrize("n, folds", [(12, 12), (5, 5), (12, 9)])
@pytest.mark.parametrize("metric", [align.ridge, align.semi_matching])
def test_folds_of_single_stimuli_refit_every_target(metric, n, folds):
    """Leaving one out, no stimuli of a fold can change places: it was a division by zero."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 4))
    y = x @ rng.normal(size=(4, 40)) + 0.1 * rng.normal(size=(n, 40))
    score = metric(x, y, folds=folds, permutations=9, resamples=0)
    assert 0.1 <= score.p_value <= 1 and np.isfinite(score.null)
    every = metric(x, y, folds=folds, permutations=stats.Permutations(9, None), resamples=0)
    assert (score.p_value, score.null) == (every.p_value, every.null)
