"""Lasso codes by coordinate descent: optimal by certificate, equal to those of active sets."""

import numpy as np
import pytest

from unbraid._kernels.codes import lasso_descent
from unbraid._kernels.codes.lasso_and_omp import pursue
from unbraid._kernels.codes.lasso_descent import LassoCodes
from unbraid.interpret import dictionary_mcc
from unbraid.sparse.inference._encoder import from_active
from unbraid.sparse.learning import _alternating, _penalty_path
from unbraid.sparse.learning._lasso_steps import LassoIterations


def problem(rng, n=300, m=60, p=24):
    """Return sparse sums of unit atoms with a little noise, and the atoms."""
    atoms = rng.normal(size=(m, p))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    z = (rng.random((n, m)) < 0.06) * rng.uniform(0.5, 1.5, (n, m))
    return z @ atoms + 0.02 * rng.normal(size=(n, p)), atoms


def dense(found, m):
    return from_active(found.active, found.codes, m).toarray()


def cost(x, codes, atoms, penalty):
    """Return what the lasso minimises, a value per stimulus."""
    return np.square(x - codes @ atoms).sum(1) / 2 + penalty * np.abs(codes).sum(1)


@pytest.mark.seed(1)
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("penalty", [0.05, 0.3])
@pytest.mark.parametrize("gram_most", [1024, 0])  # few atoms, and as where they are many
def test_codes_are_those_of_active_sets(rng, monkeypatch, signed, penalty, gram_most):
    monkeypatch.setattr(lasso_descent, "_GRAM_MOST", gram_most)
    x, atoms = problem(rng)
    if signed:
        x *= rng.choice([-1, 1], (len(x), 1))
    found = LassoCodes.none(len(x), atoms.shape[1], x.dtype)
    for _ in range(60):  # each goes on from the last
        found.descend(x, atoms, penalty, signed)
    active, codes, _ = pursue(x, atoms, k=atoms.shape[1], penalty=penalty, signed=signed)
    exact = from_active(active, codes, len(atoms)).toarray()
    codes = dense(found, len(atoms))
    np.testing.assert_allclose(cost(x, codes, atoms, penalty), cost(x, exact, atoms, penalty), 2e-3)
    left = (x - codes @ atoms) @ atoms.T
    violated = np.abs(left) if signed else left
    assert violated.max() <= 1.03 * penalty  # the certificate of optimality
    np.testing.assert_allclose(np.abs(left[codes != 0]), penalty, rtol=0.05)
    assert signed or codes.min() >= 0


def test_few_turns_suffice_where_the_atoms_moved_little(rng):
    x, atoms = problem(rng)
    found = LassoCodes.none(len(x), atoms.shape[1], x.dtype)
    for _ in range(20):
        found.descend(x, atoms, 0.1)
    moved = atoms + 0.002 * rng.normal(size=atoms.shape)
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    found.descend(x, moved, 0.1)
    active, codes, _ = pursue(x, moved, k=atoms.shape[1], penalty=0.1)
    exact = cost(x, from_active(active, codes, len(atoms)).toarray(), moved, 0.1)
    np.testing.assert_allclose(cost(x, dense(found, len(atoms)), moved, 0.1), exact, 5e-3)


@pytest.mark.seed(1)
def test_what_is_forgotten_comes_back_only_if_it_is_wanted(rng):
    x, atoms = problem(rng)
    found = LassoCodes.none(len(x), 20, x.dtype)
    found.descend(x, atoms, 0.1)
    before = dense(found, len(atoms))
    found.forget(np.array([3, 7]))
    assert not dense(found, len(atoms))[:, [3, 7]].any()
    found.descend(x, atoms, 0.1)
    assert (dense(found, len(atoms))[:, 3] > 0).sum() == (before[:, 3] > 0).sum()
    other = LassoCodes.none(len(x), 2, x.dtype)  # room for two
    other.descend(x, atoms, 0.1)
    assert (other.active >= 0).sum(1).max() == 2


def test_turns_without_momentum_lower_the_cost(rng):
    x, atoms = problem(rng, n=400)
    start = atoms + 0.3 * rng.normal(size=atoms.shape)
    start = start / np.linalg.norm(start, axis=1, keepdims=True)
    iterations = LassoIterations(x, start, np.zeros(x.shape[1]))
    costs = []
    for _ in range(30):
        coded, _ = iterations.step(0.1)
        costs.append(coded.error / 2 + 0.1 * coded.codes.sum())
    assert np.diff(costs).max() < 0.01 * costs[0]
    assert costs[-1] < 0.8 * costs[0]


def test_kept_atoms_stay_and_the_others_fit_what_they_leave(rng):
    x, atoms = problem(rng, n=2000)
    iterations = LassoIterations(x, atoms, np.zeros(24), learn_offset=False, kept=40)
    coded, used = iterations.step(0.1)
    z = from_active(coded.active, coded.codes, 60).toarray()
    best = np.linalg.lstsq(z[:, 40:], x - z[:, :40] @ atoms[:40], rcond=None)[0]
    best /= np.linalg.norm(best, axis=1, keepdims=True)
    np.testing.assert_array_equal(iterations.atoms[:40], atoms[:40])
    np.testing.assert_allclose(iterations.atoms[40:], best, atol=1e-3)
    np.testing.assert_array_equal(used, (z[:, 40:] != 0).sum(0))


def test_momentum_finds_more_of_many_features_from_few_stimuli():
    found = []
    for momentum in (0.0, _penalty_path.MOMENTUM):
        each = []
        for seed in (1, 2):
            rng = np.random.default_rng(seed)
            atoms = rng.normal(size=(160, 40))
            atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
            z = np.zeros((700, 160))
            on = np.argsort(rng.random(z.shape), 1)[:, :4]
            np.put_along_axis(z, on, rng.random(on.shape), 1)
            x = np.ascontiguousarray(z @ atoms / (z @ atoms).std(), np.float32)
            plan = _penalty_path.SparseCodingPlan(
                m=160, iterations=100, learn_offset=False, momentum=momentum
            )
            learned = _penalty_path.learn_once(x[80:], x[:80], plan, np.random.default_rng(0))
            each.append(dictionary_mcc(learned.atoms, atoms))
        found.append(np.mean(each))
    assert found[1] > 0.97 > 0.955 > found[0]


def test_products_taken_anew_give_the_codes_of_products_looked_up(rng, monkeypatch):
    x, atoms = problem(rng)
    found = []
    monkeypatch.setattr(lasso_descent, "_ROUNDS", 1)  # as where products are computed again
    for most in (1024, 0):
        monkeypatch.setattr(lasso_descent, "_GRAM_MOST", most)
        codes = LassoCodes.none(len(x), atoms.shape[1], x.dtype)
        codes.descend(x, atoms, 0.1)
        found.append(dense(codes, len(atoms)))
    np.testing.assert_allclose(found[1], found[0], atol=1e-10)


@pytest.mark.parametrize("learn_offset", [False, True])
def test_least_squares_by_steps_are_those_solved_at_once(rng, monkeypatch, learn_offset):
    x, atoms = problem(rng, n=2000)
    coded, offset = _alternating.code(x, atoms, np.zeros(24), 4), np.zeros(24)
    found = []
    for most in (1500, 0):
        monkeypatch.setattr(_alternating, "_SOLVE_MOST", most)
        found.append(_alternating.improve(x, coded, atoms, offset, learn_offset))
    np.testing.assert_allclose(found[1][0], found[0][0], atol=1e-3)
    np.testing.assert_allclose(found[1][1], found[0][1], atol=1e-3)


def test_doubled_atoms_are_found_across_blocks(rng, monkeypatch):
    atoms = rng.normal(size=(70, 24))
    atoms[65] = atoms[3] + 0.01 * rng.normal(size=24)
    atoms[8] = -atoms[7]
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    for block in (16, 1024):
        monkeypatch.setattr(_alternating, "_BLOCK", block)
        assert sorted(_alternating._doubled(atoms)) == [(3, 65), (7, 8)]
