"""Codes of the fewest latents against all supports, planted codes, and what a latent must gain."""

import itertools

import numpy as np
import pytest

from unbraid._kernels.codes.fewest_active import fewest_active
from unbraid._kernels.codes.lasso_and_omp import pursue
from unbraid._kernels.threads import one_thread
from unbraid.sparse.inference._encoder import from_active


def unit(rng, m, p):
    atoms = rng.normal(size=(m, p))
    return atoms / np.linalg.norm(atoms, axis=1, keepdims=True)


def coded(x, atoms, **options):
    return from_active(*fewest_active(x, atoms, **options), len(atoms)).toarray()


def objective(x, atoms, codes, least):
    return np.square(x - codes @ atoms).sum(1) + least**2 * (codes != 0).sum(1)


def optimum(x, atoms, least, signed):
    """Return the least objective of one stimulus over all supports."""
    best = x @ x
    for size in range(1, atoms.shape[1] + 1):
        for support in itertools.combinations(range(len(atoms)), size):
            codes = np.linalg.lstsq(atoms[list(support)].T, x, rcond=None)[0]
            if signed or (codes > 0).all():
                left = x - codes @ atoms[list(support)]
                best = min(best, left @ left + size * least**2)
    return best


@pytest.mark.parametrize("signed", [False, True])
def test_the_best_of_all_supports_is_found(rng, signed):
    least, found, wanted = 0.3, [], []
    for _ in range(10):
        x, atoms = rng.normal(size=(8, 5)), unit(rng, 9, 5)
        codes = coded(x, atoms, least=least, k=5, beams=200, signed=signed)
        assert signed or codes.min() >= 0
        found.append(objective(x, atoms, codes, least))
        wanted.append([optimum(row, atoms, least, signed) for row in x])
    found, wanted = np.concatenate(found), np.concatenate(wanted)
    assert (found >= wanted - 1e-9).all()  # no code is better than it says
    assert np.mean(found <= wanted + 1e-9) >= (0.98 if signed else 0.95)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_planted_supports_that_the_lasso_misses(rng, kind):
    """64 atoms in 10 dimensions, 3 active: few units for so many features."""
    codes = np.zeros((400, 64))
    at = np.argsort(rng.random(codes.shape), 1)[:, :3]
    np.put_along_axis(codes, at, rng.uniform(0.5, 1.5, at.shape), 1)
    atoms = unit(rng, 64, 10)
    x, atoms = (codes @ atoms).astype(kind), atoms.astype(kind)
    found = coded(x, atoms, least=0.05, k=10, beams=16)
    right = ((found != 0) == (codes != 0)).all(1)
    assert right.mean() > 0.94
    np.testing.assert_allclose(found[right], codes[right], atol=1e-3)
    greedy = from_active(*pursue(x, atoms, k=3)[:2], 64).toarray()
    lasso = from_active(*pursue(x, atoms, k=10, penalty=0.01)[:2], 64).toarray()
    for other in (greedy, np.where(lasso > 0.05, lasso, 0)):
        assert ((other != 0) == (codes != 0)).all(1).mean() < 0.85


def test_a_wider_beam_finds_better_supports_and_a_larger_least_fewer(rng):
    x, atoms = rng.normal(size=(200, 12)), unit(rng, 40, 12)

    def made(least, beams):
        codes = coded(x, atoms, least=least, k=12, beams=beams)
        return objective(x, atoms, codes, least).mean(), (codes != 0).sum(1).mean()

    objectives, counts = np.array([made(0.4, beams) for beams in (1, 4, 16)]).T
    assert (np.diff(objectives) < 0).all()
    counts = [made(least, 8)[1] for least in (0.2, 0.4, 0.8, 1.6)]
    assert (np.diff(counts) < 0).all()
    assert made(100.0, 8)[1] == 0  # no latent explains so much


def test_a_row_depends_neither_on_others_nor_on_threads(rng):
    x, atoms = rng.normal(size=(200, 8)), unit(rng, 20, 8)
    options = {"least": 0.2, "k": 8, "beams": 8}
    whole = coded(x, atoms, **options)
    with one_thread():
        np.testing.assert_array_equal(coded(x, atoms, **options), whole)
    alone = [coded(row[None], atoms, **options)[0] for row in x[:20]]
    np.testing.assert_array_equal(alone, whole[:20])


def test_atoms_of_no_length_and_doubled_ones(rng):
    atoms = unit(rng, 6, 4)
    atoms[1], atoms[3] = 0, atoms[2]
    x = np.vstack([2 * atoms[2], np.zeros(4)])
    codes = coded(x, atoms, least=0.1, k=4, beams=4)
    assert codes[:, 1].max() == 0
    assert sorted(codes[0, [2, 3]]) == pytest.approx([0, 2])
    assert (codes[1] == 0).all()
    assert fewest_active(x[:0], atoms, least=0.1, k=4, beams=4)[0].shape == (0, 4)
