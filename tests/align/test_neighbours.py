"""Neighbours that are tied share the places that are left, whatever the order of the rows."""

import numpy as np
import pytest
from scipy.stats import binom

from unbraid import align

FAST = {"permutations": 0, "resamples": 0}


def sparse_codes(rng, n=200, p=50, density=0.02):
    return (rng.random((n, p)) < density) * rng.uniform(0.5, 1.5, (n, p))


def one_hot(rng, n=120, kinds=8):
    return np.eye(kinds)[rng.integers(kinds, size=n)]


def whole_numbers(rng, n=150, p=3):
    return rng.poisson(0.7, (n, p)).astype(float)


TIED = [sparse_codes, one_hot, whole_numbers]


def drawn(x, k, rng):
    """Neighbours with ties broken by a draw."""
    distance = np.round(((x[:, None] - x) ** 2).sum(axis=2), 9)
    np.fill_diagonal(distance, np.inf)
    near = np.zeros(distance.shape, bool)
    for s, row in enumerate(distance):
        near[s, np.lexsort((rng.random(len(x)), row))[:k]] = True
    return near


@pytest.mark.parametrize("kind", TIED, ids=lambda kind: kind.__name__)
def test_the_score_is_what_draws_among_the_tied_give_on_average(kind):
    rng = np.random.default_rng(0)
    x = kind(rng)
    y = np.where(rng.random(x.shape) < 0.7, x, kind(rng)[: len(x), : x.shape[1]])
    drawings = [(drawn(x, 7, rng) & drawn(y, 7, rng)).sum(axis=1).mean() / 7 for _ in range(60)]
    error = np.std(drawings) / np.sqrt(60)
    value = align.mutual_knn(x, y, k=7, **FAST).value
    assert abs(value - np.mean(drawings)) < 5 * error


@pytest.mark.parametrize("kind", TIED, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", ["mutual_knn", "cknna"])
def test_the_order_of_the_rows_changes_nothing(name, kind):
    rng = np.random.default_rng(1)
    x, y = kind(rng), kind(rng)
    order = rng.permutation(len(x))
    compute = align.METRICS[name].compute
    assert compute(x[order], y[order], **FAST).value == pytest.approx(
        compute(x, y, **FAST).value, abs=1e-12
    )


@pytest.mark.parametrize("kind", TIED, ids=lambda kind: kind.__name__)
def test_unrelated_tied_systems_share_as_many_as_chance_has_it(kind):
    values, n = [], 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x, y = kind(rng), kind(rng)
        n = len(x)
        values.append(align.mutual_knn(x, y, k=10, **FAST).value)
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values) - 10 / (n - 1)) < 4 * error + 0.002


@pytest.mark.parametrize("kind", TIED, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", ["mutual_knn", "cknna"])
def test_p_values_of_unrelated_tied_systems_hold_their_level(name, kind):
    compute, rejected, draws = align.METRICS[name].compute, 0, 40
    for seed in range(draws):
        rng = np.random.default_rng((5, seed))
        x, y = kind(rng)[:100], kind(rng)[:100]
        score = compute(x, y, permutations=19, resamples=0, rng=seed)
        rejected += score.p_value <= 0.05
    assert rejected <= binom.ppf(0.9999, draws, 0.05)


@pytest.mark.parametrize("kind", TIED, ids=lambda kind: kind.__name__)
def test_deleting_a_stimulus_costs_exactly_what_a_run_without_it_says(kind):
    rng = np.random.default_rng(3)
    x, y = kind(rng)[:40], kind(rng)[:40]
    y[:, 0] += (rng.random(40) < 0.5) * x[:, 0]
    for k in (1, 5, 38):
        score = align.mutual_knn(x, y, k=k, permutations=0, resamples=1)
        expected = [
            score.value
            - align.mutual_knn(np.delete(x, t, 0), np.delete(y, t, 0), k=k, **FAST).value
            for t in range(40)
        ]
        np.testing.assert_allclose(score.influence, expected, atol=1e-12)
