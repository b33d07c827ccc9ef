"""When other starts need not be tried: two fits with the same atoms end the search."""

from dataclasses import replace

import numpy as np
import pytest

from unbraid.sparse import Auto, fit
from unbraid.sparse.learning._alternating import Coded
from unbraid.sparse.learning._candidate import agreed, candidate, is_exact, most_frugal
from unbraid.sparse.learning._importance import importance


@pytest.fixture
def rng():
    return np.random.default_rng(3081080354)


@pytest.fixture
def best(make_world):
    world = make_world(n_units=18, n=60, noise=0.05)
    x, atoms = world.x.astype(np.float32), world.atoms.astype(np.float32)
    return candidate(x, atoms, np.zeros(18, np.float32))


def best_again(best):
    return replace(best, atoms=best.atoms[::-1].copy())


def test_the_order_of_atoms_does_not_matter(best, rng):
    other = replace(best, atoms=best.atoms[rng.permutation(len(best.atoms))])
    assert agreed([best, other])
    assert not agreed([best])


def test_each_atom_must_be_found_by_both(best):
    fewer = replace(best, atoms=best.atoms[:-1])
    swapped = np.concatenate([best.atoms[:-1], best.atoms[:1]])  # as many, one of them twice
    assert not agreed([best, fewer])
    assert not agreed([best, replace(best, atoms=swapped)])
    assert agreed([best, fewer, best_again(best)])


def test_two_poor_starts_that_agree_settle_nothing(best):
    poor = replace(best, atoms=np.roll(best.atoms, 1, axis=1),
                   choice=replace(best.choice, error=2 * best.error))  # fmt: skip
    assert not agreed([best, poor, best_again(poor)])


@pytest.mark.parametrize("count", [100, 1000])
def test_exact_is_less_than_an_atom_is_worth(best, count):
    many = replace(best, atoms=np.eye(count, dtype=np.float32))
    assert is_exact(replace(many, choice=replace(best.choice, error=0.05 / count)))
    assert not is_exact(replace(many, choice=replace(best.choice, error=1 / count)))


def test_starts_that_agree_end_the_search(make_world, monkeypatch):
    x = make_world(n_features=16, n_units=12, k=2, n=300, noise=0.1).x

    def methods():
        trials = fit(x, Auto(), rng=0).evidence.chosen["trials"]
        return [trial["method"]["name"] for trial in trials]

    # whether these starts agree is a matter of rounding: both answers are given here
    monkeypatch.setattr("unbraid.sparse.auto._search.agreed", lambda candidates: True)
    some = methods()
    monkeypatch.setattr("unbraid.sparse.auto._search.agreed", lambda candidates: False)
    every = methods()
    assert every.count("Refined") > some.count("Refined")
    assert some[-1] == every[-1] == "SpikeAndSlab"  # of what was found, whatever that was
    assert every[: len(some) - 1] == some[:-1]


@pytest.mark.parametrize(
    "over, fewer", [(1.0, True), (1.019, True), (1.021, True), (1.118, True), (1.13, False)]
)
def test_fewer_atoms_are_taken_while_they_predict_as_well(best, over, fewer):
    """2 % of the best error, and as much as an atom less may cost: here a tenth of the error.

    With m atoms an atom explains 1 / m on average; the cost is capped at 0.05 / m.
    """
    error = 0.01
    full = replace(best, choice=replace(best.choice, error=error))
    less = replace(best, atoms=best.atoms[:-1], choice=replace(best.choice, error=over * error))
    assert 0.05 / len(best.atoms) > 0.1 * error + 1e-5  # the cap is not what decides
    assert most_frugal([full, less]) is (less if fewer else full)
    assert most_frugal([less, full]) is (less if fewer else full)


def test_an_atom_less_may_cost_a_twentieth_of_what_it_explains(best):
    error, m = 0.2, len(best.atoms)
    full = replace(best, choice=replace(best.choice, error=error))
    cap = 1.02 * error + 0.05 / m
    for factor, fewer in ((0.999, True), (1.001, False)):
        other = replace(best.choice, error=factor * cap)
        less = replace(best, atoms=best.atoms[:-1], choice=other)
        assert most_frugal([full, less]) is (less if fewer else full)


def test_an_atom_made_of_two_others_has_no_importance_of_its_own():
    """Energy times the squared share that no two others explain: in closed form."""
    angle = 0.6
    atoms = np.zeros((5, 6))
    atoms[0, 0] = atoms[1, 1] = atoms[3, 3] = 1
    atoms[2, :2] = np.cos(0.5), np.sin(0.5)  # between the first two
    atoms[4, 3], atoms[4, 4] = np.cos(angle), np.sin(angle)  # near the fourth
    active = np.tile(np.arange(5, dtype=np.int32), (3, 1))
    codes = np.array([[1.0, 2, 3, 4, 5]] * 3, np.float32)
    coded = Coded(active, codes, np.zeros((3, 6), np.float32))
    energy = 3 * codes[0].astype(float) ** 2
    near = np.sin(angle) ** 2
    alone = np.array([np.sin(0.5) ** 2, np.cos(0.5) ** 2, 0, near, near])
    np.testing.assert_allclose(importance(coded, atoms), energy * alone, atol=1e-6)
