"""Weak atoms replaced: doubled and missing features are mended."""

from dataclasses import replace

import numpy as np
import pytest

from unbraid.interpret import dictionary_mcc
from unbraid.sparse.learning._candidate import candidate
from unbraid.sparse.learning._refine import Refinement, prune
from unbraid.sparse.learning._replace_weak import replace_weak


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def world(rng, n=1200, m=60, p=30):
    """Return sparse sums of unit atoms, of unit variance, and the atoms."""
    atoms = rng.normal(size=(m, p)).astype(np.float32)
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    z = (rng.random((n, m)) < 0.06) * rng.uniform(0.5, 1.5, (n, m))
    x = (z @ atoms).astype(np.float32)
    return x / x.std(), atoms


def test_a_feature_that_has_two_atoms_gives_one_to_a_feature_without(rng):
    x, truth = world(rng)
    atoms = truth.copy()
    atoms[:8] = truth[10:18] + 0.1 * rng.normal(size=(8, 30)) / np.sqrt(30)
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    start = candidate(x[:200], np.ascontiguousarray(atoms, np.float32), np.zeros(30, np.float32))
    found = replace_weak(x[200:], x[:200], start, rng)
    assert dictionary_mcc(start.atoms, truth) < 0.95
    assert dictionary_mcc(found.atoms, truth) > 0.985
    assert found.atoms.shape == truth.shape
    assert found.error < 0.5 * start.error


def test_what_is_exact_is_left_alone_and_nothing_worse_is_taken(rng):
    x, truth = world(rng)
    start = candidate(x[:200], truth, np.zeros(30, np.float32))
    assert replace_weak(x[200:], x[:200], start, rng) is start
    noise = rng.normal(size=(400, 30)).astype(np.float32)
    start = candidate(noise[:100], truth, np.zeros(30, np.float32))
    assert replace_weak(noise[100:], noise[:100], start, rng).error <= start.error
    assert (
        replace_weak(noise[100:], noise[:100], replace(start), rng, cycles=0).error == start.error
    )


def test_as_many_atoms_stay_as_there_were_though_all_are_alike(rng):
    x, truth = world(rng)
    one = candidate(x[:200], truth[:1], np.zeros(30, np.float32))
    assert replace_weak(x[200:], x[:200], one, rng) is one
    atoms = np.repeat(truth[:30], 2, axis=0) + 0.02 * rng.normal(size=(60, 30))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    start = candidate(x[:200], np.ascontiguousarray(atoms, np.float32), np.zeros(30, np.float32))
    found = replace_weak(x[200:], x[:200], start, rng, cycles=3)
    assert found.atoms.shape == (60, 30)


def test_sums_of_atoms_are_pruned(rng):
    x, truth = world(rng, n=2500)
    sums = truth[:30] + truth[30:]
    start = np.concatenate([truth, sums]) + 0.02 * rng.normal(size=(90, 30))
    start = (start / np.linalg.norm(start, axis=1, keepdims=True)).astype(np.float32)
    begin = candidate(x[:300], start, np.zeros(30, np.float32))
    found = prune(x[300:], x[:300], begin, Refinement())
    assert len(found.atoms) <= 66
    assert dictionary_mcc(found.atoms, truth) > 0.98
    assert found.error <= begin.error


def test_pruning_ends_where_no_atom_has_any_importance(rng):
    x = np.zeros((600, 30), np.float32)
    x[:, :15] = rng.normal(size=(600, 15))
    atoms = np.zeros((60, 30), np.float32)
    atoms[:, 15:] = rng.normal(size=(60, 15))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    start = candidate(x[:200], atoms, np.zeros(30, np.float32))
    assert 1 <= len(prune(x[200:], x[:200], start, Refinement()).atoms) <= 60
