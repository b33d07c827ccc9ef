"""Features that take both signs, and codes that cannot be negative."""

import numpy as np
import pytest

import unbraid as ub
from unbraid.sharing.learning._signs import asymmetry_p, line_of_signs, opposite_atoms

QUICK = {"seeds": 1, "refits": 0, "baselines": False, "permutations": 99}
MIXED, SPLIT = "mix or split them, and kinds mean little", "are the opposite of another"


def made(rng, signs, n=1600):
    """Return two systems of 12 units with 8 features in both, values times one of ``signs``."""
    z = rng.uniform(0.5, 1.5, (n, 8)) * (rng.random((n, 8)) < 0.2) * rng.choice(signs, (n, 8))
    return {name: z @ rng.normal(size=(8, 12)) for name in "ab"}


@pytest.mark.seed(60)
def test_unsigned_codes_of_signed_features_are_reported(rng):
    systems = made(rng, [-1, 1])
    few = ub.joint(systems, method=ub.SparseCoding(n_latents=8, cycles=0), **QUICK)
    many = ub.joint(systems, method=ub.SparseCoding(n_latents=16, cycles=0), **QUICK)
    for found in (few, many):  # in which of the two ways depends on where learning ends
        assert any(MIXED in line or SPLIT in line for line in found.warnings)
    signed = ub.joint(systems, method=ub.SparseCoding(n_latents=8, cycles=0, signed=True), **QUICK)
    assert signed.counts["shared"].value == 8
    assert not any(MIXED in line or SPLIT in line for line in signed.warnings)


@pytest.mark.seed(61)
def test_features_of_one_sign_are_not_reported(rng):
    found = ub.joint(made(rng, [1]), method=ub.SparseCoding(n_latents=8, cycles=0), **QUICK)
    assert not any(MIXED in line or SPLIT in line for line in found.warnings)


def test_symmetric_responses_have_no_small_p_values_more_often_than_chance():
    p = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x = np.hstack(list(made(rng, [-1, 1], 200).values()))
        p.append(asymmetry_p(x, rng.normal(size=(8, 24)), rng))
    assert np.mean(np.array(p) <= 0.05) < 0.15
    x = np.hstack(list(made(np.random.default_rng(0), [1], 200).values()))
    assert asymmetry_p(x, np.random.default_rng(1).normal(size=(8, 24)), rng) == 0.01


def test_opposite_atoms_are_counted():
    atoms = np.array([[1.0, 0], [-1, 0.1], [0, 1], [0, 0]])
    assert opposite_atoms(atoms) == 2
    x = np.random.default_rng(0).exponential(size=(200, 2))
    assert not line_of_signs(x, atoms)  # one pair in two dimensions says nothing
    assert "6 of 6 atoms" in line_of_signs(x, np.vstack([atoms[:2]] * 3))
