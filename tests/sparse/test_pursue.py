"""Sparse inference against its optimality conditions, other solvers and planted codes."""

import numpy as np
import pytest
import scipy.optimize
from sklearn.linear_model import Lasso, OrthogonalMatchingPursuit

from unbraid._kernels.codes.lasso_and_omp import pursue
from unbraid.sparse.inference._encoder import from_active


def problem(rng, n=60, m=40, p=15):
    atoms = rng.normal(size=(m, p))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    return rng.normal(size=(n, p)), atoms


def dense(active, codes, m):
    return from_active(active, codes, m).toarray()


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("penalty", [0.01, 0.1, 0.5])
def test_lasso_meets_its_optimality_conditions(rng, penalty, signed):
    x, atoms = problem(rng)
    active, codes, gap = pursue(x, atoms, k=15, penalty=penalty, signed=signed, tolerance=1e-9)
    z = dense(active, codes, 40)
    left = (x - z @ atoms) @ atoms.T
    np.testing.assert_allclose(left[z > 0], penalty, atol=1e-8)
    np.testing.assert_allclose(left[z < 0], -penalty, atol=1e-8)
    idle = np.abs(left[z == 0]) if signed else left[z == 0]
    assert idle.max() <= penalty + 1e-8
    assert gap.max() <= 1e-8
    assert signed or z.min() >= 0


def test_lasso_agrees_with_scikit_learn(rng):
    x, atoms = problem(rng)
    z = dense(*pursue(x, atoms, k=15, penalty=0.2, tolerance=1e-9)[:2], 40)
    for row in range(10):
        theirs = Lasso(alpha=0.2 / 15, positive=True, fit_intercept=False, tol=1e-12,
                       max_iter=100_000).fit(atoms.T, x[row])  # fmt: skip
        np.testing.assert_allclose(z[row], theirs.coef_, atol=1e-6)


def test_no_penalty_and_no_limit_is_non_negative_least_squares(rng):
    x, atoms = problem(rng, m=8)
    z = dense(*pursue(x, atoms, k=8, tolerance=1e-12)[:2], 8)
    for row in range(20):
        np.testing.assert_allclose(z[row], scipy.optimize.nnls(atoms.T, x[row])[0], atol=1e-8)


def test_signed_matching_pursuit_agrees_with_scikit_learn(rng):
    x, atoms = problem(rng)
    z = dense(*pursue(x, atoms, k=4, signed=True)[:2], 40)
    theirs = OrthogonalMatchingPursuit(n_nonzero_coefs=4, fit_intercept=False)
    np.testing.assert_allclose(z, theirs.fit(atoms.T, x.T).coef_, atol=1e-8)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_planted_codes_are_found(make_world, kind):
    world = make_world(n_features=40, n_units=30, k=2, n=500)
    x, atoms = world.x.astype(kind), world.atoms.astype(kind)
    z = dense(*pursue(x, atoms, k=2)[:2], 40)
    right = np.abs(z - world.features).max(1) < 1e-4
    assert right.mean() > 0.97
    lasso = dense(*pursue(x, atoms, k=30, penalty=1e-4)[:2], 40)
    assert np.abs(lasso - world.features).max() < 2e-3


def test_codes_do_not_depend_on_the_block_or_the_threads(rng, monkeypatch):
    x, atoms = problem(rng, n=300)
    alone = dense(*pursue(x, atoms, k=3)[:2], 40)
    monkeypatch.setattr("unbraid._kernels.threads.workers", lambda: 3)
    np.testing.assert_array_equal(dense(*pursue(x, atoms, k=3)[:2], 40), alone)


def test_equal_atoms_and_silent_stimuli_do_no_harm(rng):
    x, atoms = problem(rng)
    atoms = np.concatenate([atoms, atoms, np.zeros((2, 15))])
    x[3] = 0
    active, codes, _ = pursue(x, atoms, k=15, penalty=0.05)
    assert np.isfinite(codes).all()
    assert (active[3] == -1).all()


@pytest.mark.parametrize("signed", [False, True])
def test_lasso_is_solved_where_as_many_latents_are_active_as_there_are_units(rng, signed):
    """In single precision a latent beyond them looks independent of the others by rounding."""
    for p, m in ((5, 50), (8, 62), (22, 43)):
        atoms = rng.normal(size=(m, p))
        atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
        x = (np.abs(rng.normal(size=(60, m))) * (rng.random((60, m)) < 0.2)) @ atoms
        x, atoms = x.astype(np.float32), atoms.astype(np.float32)
        penalty = 1e-3 * np.abs(x).max()
        active, codes, _ = pursue(x, atoms, k=p, penalty=penalty, signed=signed, tolerance=1e-4)
        left = (x - dense(active, codes, m).astype(float) @ atoms) @ atoms.T
        largest = np.abs(x @ atoms.T).max(1)
        violation = (np.abs(left) if signed else left).max(1) - penalty
        assert (violation / largest).max() < 1e-3
