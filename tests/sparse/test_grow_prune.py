"""Better atoms by growing and pruning: what iterations alone leave wrong is put right."""

import numpy as np
import pytest

from unbraid.sparse.learning import _alternating
from unbraid.sparse.learning._alternating import code, improve
from unbraid.sparse.learning._grow_prune import GrowAndPrune, grow_and_prune
from unbraid.sparse.learning._importance import left_over, unexplained_by_two
from unbraid.sparse.learning._start import affords, draw_atoms


@pytest.fixture
def rng():
    return np.random.default_rng(1826953159)


def spoiled(atoms):
    """Two pairs of features share an atom, so that two atoms are free to be doubled."""
    wrong = atoms.copy()
    wrong[0] = atoms[0] + atoms[1]
    wrong[2] = atoms[2] + atoms[3]
    wrong[1], wrong[3] = atoms[4], atoms[5]
    return wrong / np.linalg.norm(wrong, axis=1, keepdims=True)


def least_cosine(atoms, found):
    return (atoms @ found.T).max(1).min()


def test_merged_features_are_parted_where_turns_alone_leave_them(make_world, rng):
    world = make_world(n_features=30, n_units=20, k=3, n=1500)
    zero = np.zeros(20)
    atoms = stuck = spoiled(world.atoms)
    for _ in range(40):
        stuck, _, _ = improve(world.x, code(world.x, stuck, zero, 3), stuck, zero, False)
    plan = GrowAndPrune(k=3, learn_offset=False)
    found, offset = grow_and_prune(world.x, atoms, zero, plan, rng)
    assert least_cosine(world.atoms, stuck) < 0.9
    assert least_cosine(world.atoms, found) > 0.99
    assert found.shape == atoms.shape
    np.testing.assert_array_equal(offset, zero)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-9)


@pytest.mark.parametrize("signed", [False, True])
def test_the_error_never_rises(rng, signed):
    x = rng.normal(size=(200, 6))
    atoms, offset = draw_atoms(x, 9, rng), x.mean(0)
    before = code(x, atoms, offset, 2, signed=signed).error
    plan = GrowAndPrune(k=2, cycles=3, signed=signed)
    after = code(x, *grow_and_prune(x, atoms, offset, plan, rng), 2, signed=signed).error
    assert after < before
    none = GrowAndPrune(k=2, cycles=0, signed=signed)
    np.testing.assert_array_equal(grow_and_prune(x, atoms, offset, none, rng)[0], atoms)


def test_nothing_is_left_over_where_all_is_explained(rng):
    atoms = np.eye(4)
    x = np.abs(rng.normal(size=(20, 4)))
    coded = code(x, atoms, np.zeros(4), 4)
    coded.residual[:] = 0
    assert left_over(coded, 4, rng).shape == (0, 4)


def test_a_difference_is_a_composition_of_signed_atoms_only(rng):
    atoms = np.linalg.qr(rng.normal(size=(12, 12)))[0][:9]
    pair = (atoms[0] - 2 * atoms[1]) / np.sqrt(5)
    atoms = np.concatenate([atoms, pair[None]])
    assert unexplained_by_two(atoms, signed=True)[-1] == pytest.approx(0, abs=1e-9)
    assert unexplained_by_two(atoms)[-1] == pytest.approx(0.8)  # all but what atom 0 explains


def test_blocks_do_not_change_what_is_unexplained(rng, monkeypatch):
    atoms = rng.normal(size=(40, 7))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    whole = unexplained_by_two(atoms)
    monkeypatch.setattr("unbraid.sparse.learning._importance._BLOCK", 7)
    np.testing.assert_allclose(unexplained_by_two(atoms), whole, rtol=1e-12)


def test_many_atoms_are_solved_for_by_steps_to_the_same(make_world, rng, monkeypatch):
    world = make_world(n_features=40, n_units=15, k=3, n=800, noise=0.05)
    atoms, offset = draw_atoms(world.x, 40, rng), world.x.mean(0)
    coded = code(world.x, atoms, offset, 3)
    at_once = improve(world.x, coded, atoms, offset, True)
    monkeypatch.setattr(_alternating, "_SOLVE_MOST", 0)
    by_steps = improve(world.x, coded, atoms, offset, True)
    for one, other in zip(at_once, by_steps, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-4)


def test_what_is_affordable_counts_stimuli_latents_and_units_beyond_64():
    few, wide = np.zeros((100, 30)), np.zeros((100, 640))
    assert affords(6000, few, 60)
    assert not affords(5999, few, 60)
    assert affords(60_000, wide, 60)
    assert not affords(59_999, wide, 60)


@pytest.mark.parametrize("squares", [[[4.0, 1.0], [1.0, 3.0]], [[1.0, 2.0], [2.0, 1.0]]])
def test_normal_equations_are_solved_even_where_rounding_spoils_them(squares):
    found = _alternating._solve(
        np.array(squares), 5, np.zeros(2), np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 1.0]])
    )
    left = np.array(squares) @ found
    np.testing.assert_allclose(left, [[1, 2, 3], [0, 1, 1]], atol=1e-5)
