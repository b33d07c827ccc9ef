"""When other starts need not be tried: two fits with the same atoms end the search."""

from dataclasses import replace

import numpy as np
import pytest

from unbraid.sparse import Auto, fit
from unbraid.sparse.learning._candidate import agreed, candidate, is_exact


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
    x = make_world(n_features=16, n_units=12, k=2, n=150, noise=0.1).x

    def methods():
        trials = fit(x, Auto(), rng=0).evidence.chosen["trials"]
        return [trial["method"]["name"] for trial in trials]

    some = methods()
    monkeypatch.setattr("unbraid.sparse.auto.auto.agreed", lambda candidates: False)
    every = methods()
    assert "Pursuit" not in some
    assert "Pursuit" in every
    assert some[-1] == every[-1] == "SpikeAndSlab"  # of what was found, whatever that was
    assert every[: len(some) - 1] == some[:-1]
