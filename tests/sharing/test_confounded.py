"""A shared feature is told from two that often come together, or is undecided."""

import numpy as np
import pytest

import unbraid as ub
from unbraid.interpret import feature_correlations
from unbraid.sharing.evidence._confounded import confounded, threshold

EACH = np.ones(2, bool)
SIZES = (24, 24)


@pytest.fixture
def directions(rng):
    """A direction in each of two systems."""
    return rng.normal(size=(2, 24))


@pytest.mark.parametrize("first, second", [
    ((1, 1), (1, 0)), ((1, 1), (0, 1)), ((1, 1), (1, -1)), ((1, 1), (1, 0.1)), ((2, 1), (1, 4)),
])  # fmt: skip
def test_one_direction_in_two_atoms_that_differ(directions, first, second):
    a, b = directions
    atoms = np.array([np.hstack([s * a, t * b]) for s, t in (first, second)])
    assert confounded(atoms, SIZES, EACH)[0]


def test_other_atoms_and_copies_confound_nothing(directions, rng):
    a, b = directions
    shared = np.hstack([a, b])
    others = rng.normal(size=(40, 48))
    private = np.hstack([rng.normal(size=24), np.zeros(24)])
    copy = 1.3 * shared + 0.05 * rng.normal(size=48)
    mixture = shared + np.hstack([0.01 * a, rng.normal(size=24)])  # with a feature of b alone
    atoms = np.vstack([shared, copy, -shared, mixture, private, others])
    assert not confounded(atoms, SIZES, np.ones(len(atoms), bool)).any()


def test_a_latent_that_is_hardly_active_confounds_nothing(directions):
    a, b = directions
    atoms = np.array([np.hstack([a, b]), np.hstack([a, 0 * b])])
    assert not confounded(atoms, SIZES, np.array([True, False]))[0]


@pytest.mark.parametrize("units", [2, 3, 4])
def test_random_directions_reach_the_threshold_as_rarely_as_said(units):
    rng = np.random.default_rng(units)
    rows = rng.normal(size=(40_000, units))
    cosines = np.abs(rows[:, 0]) / np.linalg.norm(rows, axis=1)  # with the first axis
    assert np.mean(cosines >= threshold(units, 2)) == pytest.approx(0.01, abs=0.002)
    assert threshold(units, 2) < threshold(units, 50) < 1


def test_one_unit_has_no_direction():
    assert threshold(1, 10) > 1
    assert threshold(24, 64) == 0.9


@pytest.mark.parametrize("seed", range(2))
def test_features_of_each_system_that_often_come_together_are_not_shared(seed):
    """Half of the time the same private feature is active in both, with one value (r = .5)."""
    rng = np.random.default_rng(seed)
    n, shared, own, units = 2500, 8, 8, 20

    def drawn(count, k):
        z = np.zeros((n, count))
        at = np.argsort(rng.random((n, count)), 1)[:, :k]
        np.put_along_axis(z, at, rng.uniform(0.5, 1.5, (n, k)), 1)
        return z

    common, a, b = drawn(shared, 2), drawn(own, 1), drawn(own, 1)
    together = rng.random(n) < 0.5
    b[together] = a[together]
    systems = {
        name: np.hstack([common, z]) @ rng.normal(size=(shared + own, units))
        for name, z in (("a", a), ("b", b))
    }
    found = ub.joint(systems, method=ub.SparseCoding(n_latents=24, cycles=0), seeds=1, refits=0,
                     baselines=False, permutations=999, rng=seed)  # fmt: skip
    r = np.abs(feature_correlations(found.encode(systems), np.hstack([common, a, b])))
    said = np.array(found.evidence.kind) == "shared"
    of_shared = r[:, :shared].max(axis=1) > 0.9
    assert (said & of_shared).sum() >= shared - 1
    assert (said & ~of_shared).sum() <= 1
    assert found.evidence.confounded.shape == (24,)
