"""Partial least squares: scikit-learn's numbers, nested choice, planted truth."""

import numpy as np
import pytest

from unbraid import align
from unbraid.align.regression._pls import pls_predictions
from unbraid.errors import InputError

FAST = {"permutations": 0, "resamples": 0}


def low_rank(rng, n=150, p=30, q=8, rank=3, noise=1.0):
    z = rng.normal(size=(n, rank)) * 3
    x = z @ rng.normal(size=(rank, p)) + rng.normal(size=(n, p))
    return x, z @ rng.normal(size=(rank, q)) + noise * rng.normal(size=(n, q))


@pytest.mark.parametrize("p, q", [(6, 4), (30, 8), (12, 20), (300, 5), (130, 110)])
def test_predictions_of_every_number_of_components_are_scikit_learns(p, q, rng):
    from sklearn.cross_decomposition import PLSRegression

    x, y = low_rank(rng, p=p, q=q)
    train = np.arange(150) < 110
    fit = pls_predictions(x, y, train, 5)
    scaled = (y - y[train].mean(axis=0)) / y[train].std(axis=0)
    for count in range(1, 6):
        model = PLSRegression(count, scale=False, max_iter=20_000, tol=1e-14)
        model.fit(x[train], scaled[train])
        np.testing.assert_allclose(fit.steps[:count].sum(axis=0), model.predict(x), atol=1e-6)


def test_all_components_are_least_squares(rng):
    x, y = low_rank(rng, p=7)
    train = np.ones(150, dtype=bool)
    fit = pls_predictions(x, y, train, 50)
    centred = x - x.mean(axis=0)
    expected = centred @ np.linalg.lstsq(centred, fit.target, rcond=None)[0]
    assert len(fit.steps) == 7
    np.testing.assert_allclose(fit.steps.sum(axis=0), expected, atol=1e-8)


def test_inner_folds_choose_the_planted_number_of_components(rng):
    x, y = low_rank(rng, n=400)
    enough = align.pls(x, y, components=3, **FAST)
    free = align.pls(x, y, components=20, **FAST)
    one = align.pls(x, y, components=1, **FAST)
    assert one.value < enough.value - 0.05
    assert free.value == pytest.approx(enough.value, abs=0.02)
    assert "all 3 components are used" in enough.warnings[0]
    assert not free.warnings


def test_more_units_than_stimuli_are_no_trouble_and_noise_scores_zero(rng):
    x, y = low_rank(rng, n=100, p=500)
    assert align.pls(x, y, **FAST).value > 0.8
    score = align.pls(rng.normal(size=(100, 500)), y, permutations=9, resamples=0)
    assert abs(score.value) < 0.15
    assert score.in_sample > 0.5
    assert score.p_value > 0.05


def test_the_choice_is_made_without_the_fold_that_is_scored(rng):
    x, y = low_rank(rng)
    folds = np.arange(150) % 5
    plain = align.pls(x, y, folds=folds, **FAST)
    moved = y.copy()
    moved[folds == 2] = rng.normal(size=moved[folds == 2].shape) * 50
    changed = align.pls(x, moved, folds=folds, **FAST)
    assert changed.per_fold[2] == pytest.approx(0, abs=0.3)
    assert plain.per_fold[2] > 0.7


@pytest.mark.parametrize("options, message", [
    ({"components": 0}, "components must be a whole number >= 1, got 0"),
    ({"folds": 2}, "pls needs at least 3 folds"),
])  # fmt: skip
def test_bad_options_are_one_clear_line(options, message, rng):
    with pytest.raises(InputError, match=message):
        align.pls(*low_rank(rng), **options)
