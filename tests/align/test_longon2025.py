"""The protocol equals the plain formulas of the published code."""

import numpy as np
import ot
import pytest
import scipy.sparse as sp
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold

from unbraid import align
from unbraid.errors import InputError

FOLDS = KFold(n_splits=5, shuffle=True, random_state=42)
OPTIONS = {"protocol": "longon2025", "permutations": 0, "resamples": 0}


def norm(values):
    values = values - values.mean(axis=0)
    return values / np.linalg.norm(values, axis=0)


def without_dead(values):
    alive = np.ones(values.shape[1], dtype=bool)
    for train, test in FOLDS.split(values):
        alive &= values[train].any(axis=0) & values[test].any(axis=0)
    return values[:, alive]


def plain_semi(x, y):
    x, y = without_dead(x), without_dead(y)
    scores = []
    for train, test in FOLDS.split(x):
        best = (norm(x[train]).T @ norm(y[train])).argmax(axis=0)
        scores.append(np.mean(np.sum(norm(x[test])[:, best] * norm(y[test]), axis=0)))
    return scores


def plain_soft(x, y):
    x, y = without_dead(x), without_dead(y)
    p, q = x.shape[1], y.shape[1]
    scores = []
    for train, test in FOLDS.split(x):
        cost = 1 - norm(x[train]).T @ norm(y[train])
        plan = ot.emd(np.ones(p) / p, np.ones(q) / q, cost, numItermax=100_000_000)
        scores.append(np.sum(plan * (norm(x[test]).T @ norm(y[test]))))
    return scores


def plain_ridge(x, y):
    x, y = without_dead(x), without_dead(y)
    scores = []
    for train, test in FOLDS.split(x):
        x_train, y_train, x_test, y_test = (
            v - v.mean(axis=0) for v in (x[train], y[train], x[test], y[test])
        )
        model = RidgeCV(alphas=np.logspace(-8, 8, 17), fit_intercept=False).fit(x_train, y_train)
        predicted = model.predict(x_test)
        cosine = np.sum(predicted * y_test, axis=0) / (
            np.linalg.norm(predicted, axis=0) * np.linalg.norm(y_test, axis=0)
        )
        scores.append(cosine.mean())
    return scores


def plain_scaled_ridge(x, y):
    """The published code at its later commit: every column of unit norm."""
    x, y = without_dead(x), without_dead(y)
    scores = []
    for train, test in FOLDS.split(x):
        model = RidgeCV(alphas=np.logspace(-8, 8, 17), fit_intercept=False)
        predicted = model.fit(norm(x[train]), norm(y[train])).predict(norm(x[test]))
        predicted = predicted / np.linalg.norm(predicted, axis=0)
        scores.append(np.mean(np.sum(predicted * norm(y[test]), axis=0)))
    return scores


def plain_rsa(x, y):
    x, y = x[:, x.any(axis=0)], y[:, y.any(axis=0)]
    seen = x.any(axis=1) & y.any(axis=1)
    rdms = []
    for rows in (x[seen], y[seen]):
        rows = rows - rows.mean(axis=1, keepdims=True)
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        rdms.append((1 - np.corrcoef(rows))[np.triu_indices(len(rows), 1)])
    return np.corrcoef(*rdms)[0, 1]


def systems(kind, rng):
    z = rng.normal(size=(120, 10))
    x, y = z @ rng.normal(size=(10, 12)), z @ rng.normal(size=(10, 9)) + rng.normal(size=(120, 9))
    if kind == "sparse":
        x, y = np.maximum(x - 1.5, 0), np.maximum(y - 1.5, 0)
    if kind == "dead":
        x[:, [2, 5]], y[:, 3] = 0, 0
        x[:, 7] = np.where(np.arange(120) == 8, x[:, 7], 0)
        y[11] = 0
    return x, y


@pytest.mark.parametrize("kind", ["random", "sparse", "dead"])
@pytest.mark.parametrize("metric, plain", [
    (align.semi_matching, plain_semi),
    (align.soft_matching, plain_soft),
    (align.ridge, plain_ridge),
])  # fmt: skip
def test_equals_the_plain_formula(metric, plain, kind, rng):
    x, y = systems(kind, rng)
    score, expected = metric(x, y, **OPTIONS), plain(x, y)
    np.testing.assert_allclose(score.per_fold, expected, atol=1e-8)
    assert score.value == pytest.approx(np.mean(expected), abs=1e-8)
    assert score.coverage == pytest.approx(without_dead(y).shape[1] / y.shape[1])
    codes = metric(sp.csr_array(x), sp.csr_array(y), **OPTIONS)
    assert codes.value == pytest.approx(score.value, abs=1e-10)


@pytest.mark.parametrize("kind", ["random", "sparse", "dead"])
def test_the_later_commit_scales_columns_before_ridge(kind):
    x, y = systems(kind, np.random.default_rng(0))
    x = x * np.geomspace(0.01, 100, 12)
    options = {**OPTIONS, "protocol": "longon2026"}
    score = align.ridge(x, y, **options)
    np.testing.assert_allclose(score.per_fold, plain_scaled_ridge(x, y), atol=1e-8)
    assert score.value != pytest.approx(align.ridge(x, y, **OPTIONS).value, abs=1e-3)
    for metric in (align.semi_matching, align.soft_matching, align.rsa):
        assert metric(x, y, **options).value == metric(x, y, **OPTIONS).value


@pytest.mark.parametrize("kind", ["random", "sparse", "dead"])
def test_rsa_equals_the_plain_formula(kind, rng):
    x, y = systems(kind, rng)
    assert align.rsa(x, y, **OPTIONS).value == pytest.approx(plain_rsa(x, y), abs=1e-8)


@pytest.mark.seed(1)
def test_the_ridge_trap_warns_and_scores_less(rng):
    """With p >= n_train, hand centring and leave-one-out pick alpha = 1e-8."""
    z = rng.normal(size=(100, 8))
    x = z @ rng.normal(size=(8, 200)) + 4 * rng.normal(size=(100, 200))
    y = z @ rng.normal(size=(8, 5)) + rng.normal(size=(100, 5))
    with pytest.warns(RuntimeWarning, match="p = 200 >= 80 training stimuli"):
        trapped = align.ridge(x, y, **OPTIONS)
    assert "alpha = 1e-8" in trapped.warnings[0]
    assert align.ridge(x, y, permutations=0).value > trapped.value + 0.03


@pytest.mark.parametrize("options, message", [
    ({"folds": 4}, "fixes its folds"),
    ({"folds": np.arange(40) % 5}, "fixes its folds"),
    ({"sign": "absolute"}, "is signed"),
])  # fmt: skip
def test_the_protocol_cannot_be_changed(options, message, rng):
    x, y = rng.normal(size=(2, 40, 3))
    with pytest.raises(InputError, match=message):
        align.semi_matching(x, y, protocol="longon2025", **options)


def test_metrics_without_the_protocol_say_so(rng):
    x, y = rng.normal(size=(2, 40, 3))
    with pytest.raises(InputError, match="one_to_one has no protocol 'longon2025'; it has unbraid"):
        align.one_to_one(x, y, protocol="longon2025")


def test_everything_silent_is_one_clear_line():
    x = np.zeros((40, 3))
    with pytest.warns(RuntimeWarning, match="every unit of a side is silent"):
        assert np.isnan(align.semi_matching(x, x, protocol="longon2025", permutations=0).value)


def test_of_several_optimal_plans_the_published_solver_s_is_scored(rng):
    """Binary codes tie: another exact solver picks another plan, with another held-out score."""
    x, y = ((rng.random((300, p)) < 0.1).astype(float) for p in (10, 15))
    score = align.soft_matching(x, y, **OPTIONS)
    values = []
    for train, test in KFold(5, shuffle=True, random_state=42).split(x):
        scaled = [v - v.mean(axis=0) for v in (x[train], y[train], x[test], y[test])]
        a, b, c, d = (v / np.linalg.norm(v, axis=0) for v in scaled)
        plan = ot.emd(np.full(10, 1 / 10), np.full(15, 1 / 15), 1 - a.T @ b, numItermax=10**8)
        values.append((plan * (c.T @ d)).sum())
    assert score.value == pytest.approx(np.mean(values), abs=1e-8)
    assert score.gap < 1e-9
