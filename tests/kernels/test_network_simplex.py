"""The exact transport plan: feasible, equal to POT and to the assignment, and proven optimal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment, linprog

from unbraid._kernels.matching.network_simplex import transport

SIZES = [(1, 5), (5, 1), (3, 3), (50, 70), (64, 256), (256, 64), (100, 100), (97, 101)]


def dense(plan, p, q):
    matrix = np.zeros((p, q))
    np.add.at(matrix, (plan.sources, plan.targets), plan.mass)
    return matrix


def similarities(kind, p, q, rng):
    if kind == "random":
        return rng.normal(size=(p, q))
    if kind == "tied":
        return np.round(rng.normal(size=(p, q)))
    if kind == "constant":
        return np.full((p, q), 0.3)
    return rng.normal(size=(p, 3)) @ rng.normal(size=(3, q))


@pytest.mark.parametrize("kind", ["random", "tied", "constant", "low rank"])
@pytest.mark.parametrize(("p", "q"), SIZES)
def test_plan_is_feasible_optimal_and_proven(p, q, kind, rng):
    import ot

    similarity = similarities(kind, p, q, rng)
    plan = transport(similarity)
    matrix = dense(plan, p, q)
    np.testing.assert_allclose(matrix.sum(axis=1), 1 / p, rtol=1e-12)
    np.testing.assert_allclose(matrix.sum(axis=0), 1 / q, rtol=1e-12)
    assert len(plan.mass) <= p + q - 1
    theirs = ot.emd(np.full(p, 1 / p), np.full(q, 1 / q), -similarity, numItermax=10**8)
    assert plan.value == pytest.approx((theirs * similarity).sum(), abs=1e-12)
    assert 0 <= plan.gap < 1e-12


def test_equal_sizes_are_the_assignment(rng):
    similarity = rng.normal(size=(200, 200))
    rows, columns = linear_sum_assignment(similarity, maximize=True)
    assert transport(similarity).value == pytest.approx(similarity[rows, columns].mean(), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), p=st.integers(1, 9), q=st.integers(1, 9))
def test_any_marginals_equal_the_linear_programme(seed, p, q):
    rng = np.random.default_rng(seed)
    supply, demand = rng.integers(1, 6, p), rng.integers(1, 6, q)
    short = supply.sum() - demand.sum()
    demand[0] += max(0, short)
    supply[0] += max(0, -short)
    similarity = np.round(rng.normal(size=(p, q)), 1)
    plan = transport(similarity, supply, demand)
    total = supply.sum()
    rows = np.kron(np.eye(p), np.ones(q))
    columns = np.kron(np.ones(p), np.eye(q))
    best = linprog(
        -similarity.ravel(),
        A_eq=np.vstack([rows, columns]),
        b_eq=np.concatenate([supply, demand]) / total,
    )
    np.testing.assert_allclose(dense(plan, p, q).sum(axis=1), supply / total, atol=1e-12)
    np.testing.assert_allclose(dense(plan, p, q).sum(axis=0), demand / total, atol=1e-12)
    assert plan.value == pytest.approx(-best.fun, abs=1e-9)
    assert plan.gap < 1e-12


def test_the_gap_is_a_real_bound(rng):
    """Duals that prove nothing must show a gap: the bound is computed, not assumed."""
    from unbraid._kernels.matching import network_simplex as kernel

    similarity = rng.normal(size=(30, 40))
    supply, demand = np.full(30, 4), np.full(40, 3)
    state = *kernel.greedy(supply, demand, kernel._candidates(similarity)), np.zeros(71)
    unproven = kernel._plan(similarity, supply, demand, state, 0)
    assert unproven.gap > 0.1
    assert unproven.value + unproven.gap >= transport(similarity, supply, demand).value
