"""The null with the fits kept is the mean over every order of the held-out stimuli."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp

import unbraid as ub
from unbraid import align, stats
from unbraid.align.geometry._canonical import Canonical, _correlations
from unbraid.align.geometry._canonical_fit import canonical_fit
from unbraid.align.geometry._procrustes import Procrustes
from unbraid.align.matching._one_to_one import OneToOne
from unbraid.align.matching._semi_matching import SemiMatched
from unbraid.align.matching._soft_matching import SoftMatched
from unbraid.align.matching.solvers._sparse_plans import SparseSoft
from unbraid.align.regression._pls import Pls
from unbraid.align.regression._ridge import Ridge
from unbraid.align.regression._ridge_r2 import RidgeR2
from unbraid.errors import InputError

KEPT = stats.Permutations(1, fits="kept")


def systems(rng, n=7, sparse=False):
    x = np.abs(rng.normal(size=(n, 3))) + 0.5
    y = x[:, ::-1] + 0.5 * np.abs(rng.normal(size=(n, 3)))
    if sparse:
        x, y = (side * (rng.random(side.shape) < 0.8) for side in (x, y))
    return x, y


def unpaired(ratio, fitted, measured):
    """Mean of a score over every order of the stimuli."""
    orders = itertools.permutations(range(len(measured)))
    return np.mean([ratio(fitted, measured[list(order)]) for order in orders], axis=0)


@pytest.mark.parametrize("make", [SemiMatched, OneToOne, SoftMatched, SparseSoft])
def test_of_matchings_it_is_the_mean_over_every_order(make, rng):
    x, y = systems(rng, sparse=make is SparseSoft)
    folds = stats.shuffled_folds(len(x), 2, rng)
    sides = [sp.csr_array(side) if make is SparseSoft else side for side in (x, y)]
    fit = make(*sides, folds)
    plans = fit.plans(fit.target(None), np.ones(3, bool), all_too=False)
    said, there, size = np.zeros_like(x), np.zeros_like(y), np.zeros_like(y)
    for fold, plan in enumerate(plans):
        test, train = folds == fold, folds != fold
        a, b = (
            (side[test] - side[train].mean(axis=0)) / side[train].std(axis=0) for side in (x, y)
        )
        said[test], there[test] = a @ plan.weights, b
        size[test] = a**2 @ abs(plan.weights)
    norm = np.sqrt(size.sum(axis=0) * (there**2).sum(axis=0))
    drawn = unpaired(lambda a, b: ((a * b).sum(axis=0) / norm).mean(), said, there)
    found = fit.estimate(None, influence=False).chance
    assert found == pytest.approx(drawn, abs=1e-12)
    assert abs(found) > 1e-3  # not merely zero


@pytest.mark.parametrize("make", [Ridge, RidgeR2])
def test_of_ridge_it_is_the_mean_over_every_order(make, rng):
    x, y = systems(rng)
    fit = make(x, y, stats.shuffled_folds(len(x), 3, rng))
    drawn = unpaired(fit.score, *fit.comparable(fit.nested.predict(y))).mean()
    found = fit.estimate(None, influence=False).chance
    assert found == pytest.approx(drawn, abs=1e-12)
    assert abs(found) > 1e-3


def test_of_pls_it_is_the_mean_over_every_order(rng):
    x, y = systems(rng)
    fit = Pls(x, y, stats.shuffled_folds(len(x), 3, rng), components=2)
    predicted, centred, _ = fit._held_out(y)
    drawn = unpaired(fit.score, predicted, centred).mean()
    found = fit.estimate(None, influence=False).chance
    assert found == pytest.approx(drawn, abs=1e-12)
    assert abs(found) > 1e-3


@pytest.mark.parametrize("projection", [False, True])
def test_of_canonical_correlations_it_is_zero(projection, rng):
    x, y = systems(rng, n=12)
    train, test = np.arange(7), np.arange(7, 12)
    fit = canonical_fit(x[train], y[train], 1.0, projection)
    a, b = fit.variates(x[test], y[test])
    drawn = unpaired(lambda a, b: fit.weights @ _correlations(a, b), a, b)
    assert drawn == pytest.approx(0.0, abs=1e-12)
    found = Canonical(x, y, stats.shuffled_folds(12, 3, rng), projection=projection)
    assert found.estimate(None, influence=False).chance == 0


def test_of_procrustes_it_is_the_mean_over_every_order(rng):
    x, y = systems(rng)
    sides = []
    fit = Procrustes(x, y, stats.shuffled_folds(len(x), 2, rng))
    fit.products = SimpleNamespace(add_rows=lambda *both: sides.extend(both))
    found = fit.estimate(None, influence=False)
    norm = np.sum(sides[0] * sides[1]) / found.value
    drawn = unpaired(lambda a, b: (a * b).sum() / norm, *sides)
    assert found.chance == pytest.approx(drawn, abs=1e-12)
    assert abs(found.chance) > 1e-3


@pytest.mark.parametrize("name", ["semi_matching", "soft_matching", "ridge", "procrustes"])
def test_of_systems_that_are_alike_it_is_near_zero_however_small_the_folds(name, rng):
    x, y = systems(rng, n=40)
    score = getattr(align, name)(x, y, permutations=KEPT)
    assert score.value > 0.5
    assert abs(score.null) < 0.01


@pytest.mark.parametrize(
    "name", ["semi_matching", "soft_matching", "ridge", "procrustes", "pls", "cca", "pwcca"]
)
def test_value_and_interval_are_those_of_refits_and_no_p_value_is_given(name, rng):
    x, y = systems(rng, n=40)
    metric = getattr(align, name)
    kept, every = metric(x, y, permutations=KEPT), metric(x, y)
    assert (kept.value, kept.low, kept.high) == (every.value, every.low, every.high)
    assert np.isnan(kept.p_value)
    assert kept.null == pytest.approx(every.null, abs=0.2)


@pytest.mark.parametrize("name", ["rsa", "cka_debiased", "max_pairwise"])
def test_where_it_says_nothing_refits_are_made(name, rng):
    x, y = systems(rng, n=40)
    metric = getattr(align, name)
    once = stats.Permutations(1, targets=None)
    assert metric(x, y, permutations=KEPT).null == metric(x, y, permutations=once).null


def test_stimuli_in_time_are_refitted(rng):
    x, y = systems(rng, n=60)
    once = stats.Permutations(1, targets=None)
    kept, refitted = (align.ridge(x, y, permutations=asked, order="time") for asked in (KEPT, once))
    assert kept.null == refitted.null


def test_other_words_are_refused():
    with pytest.raises(InputError, match="fits must be 'refitted' or 'kept', got 'frozen'"):
        stats.Permutations(fits="frozen")


def test_controls_of_a_comparison_are_fitted_once(rng, monkeypatch):
    refits, real = [], Procrustes.estimate

    def counted(self, order, influence):
        refits.append(order is not None)
        return real(self, order, influence)

    monkeypatch.setattr(Procrustes, "estimate", counted)
    x = np.abs(rng.normal(size=(80, 4)))
    options = {"method": ub.sparse.ICA(), "seeds": 2, "metrics": ("procrustes",), "resamples": 0}
    result = ub.compare(x, x[:, ::-1] ** 2, permutations=3, **options)
    in_full = sum(np.isfinite(score.p_value) for score in result.scores)
    assert 0 < in_full < len(result.scores)
    assert sum(refits) <= 3 * in_full
    assert all(np.isfinite(score.null) for score in result.scores)
