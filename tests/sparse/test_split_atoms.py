"""An atom between two features is split, and no other."""

import numpy as np
import pytest

from unbraid.sparse.learning._candidate import candidate, polish, with_best_penalty
from unbraid.sparse.learning._split_atoms import split_atoms


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture
def world(make_world):
    return make_world(n_features=24, n_units=18, k=2, n=500, noise=0.05)


def learned(world, atoms):
    x, zero = world.x.astype(np.float32), np.zeros(18, np.float32)
    start = candidate(x[400:], np.ascontiguousarray(atoms, np.float32), zero)
    return with_best_penalty(x[400:], polish(x[:400], start, 4)), x[:400], x[400:]


def mixed(atoms):
    """Return the atoms with one between two that are as near to each other as any."""
    cosine = np.abs(atoms @ atoms.T) - 2 * np.eye(len(atoms))
    i, j = np.unravel_index(np.argmax(cosine), cosine.shape)
    between = atoms[i] + np.sign(atoms[i] @ atoms[j]) * atoms[j]
    rest = np.delete(atoms, [i, j], axis=0)
    return np.concatenate([rest, between[None] / np.linalg.norm(between)])


def test_a_mixed_atom_becomes_two_features(world):
    start, x, validation = learned(world, mixed(world.atoms))
    assert np.abs(world.atoms @ start.atoms.T).max(1).min() < 0.9
    found = split_atoms(x, validation, start)
    assert len(found.atoms) == 24
    assert np.abs(world.atoms @ found.atoms.T).max(1).min() > 0.92
    assert found.error < start.error


def test_features_stay_whole(world):
    start, x, validation = learned(world, world.atoms)
    assert len(split_atoms(x, validation, start).atoms) == 24


def test_where_nothing_is_missing_nothing_is_tried(make_world):
    clean = make_world(n_features=24, n_units=18, k=2, n=500)
    start, x, validation = learned(clean, clean.atoms)
    assert split_atoms(x, validation, start) is start
