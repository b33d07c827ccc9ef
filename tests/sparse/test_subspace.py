"""Unstable atoms in one stable subspace, and atoms that have nothing in common."""

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.sparse import PCA, Dictionary, subspace_stability


def made(atoms):
    return Dictionary(atoms=atoms, offset=np.zeros(atoms.shape[1]), method=PCA())


@pytest.fixture(scope="module")
def steep():
    """Responses whose variance falls as 1 / rank."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(400, 20)) / np.sqrt(np.arange(1, 21))


@pytest.mark.parametrize("seed", range(3))
def test_other_atoms_of_one_subspace_are_stable(steep, seed):
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.normal(size=(20, 3)))[0].T
    common = np.linalg.qr(rng.normal(size=(20, 20)))[0][:4]
    sides = [made(np.vstack([common, rng.normal(size=(6, 3)) @ basis])) for _ in range(2)]
    found = subspace_stability(*sides, steep, alike=0.99)
    assert found.unmatched == (6, 6)
    assert found.value == pytest.approx(1, abs=1e-9)
    assert found.p_value == 1 / 200
    assert found.null_high < 0.8


@pytest.mark.parametrize("seed", range(4))
def test_unrelated_atoms_are_as_the_null_even_where_the_spectrum_is_steep(steep, seed):
    rng = np.random.default_rng(seed)
    sides = [made(rng.normal(size=(8, 400)) @ steep) for _ in range(2)]
    found = subspace_stability(*sides, steep, rank=4, alike=0.999)
    assert found.null_low - 0.05 < found.value < found.null_high + 0.05
    assert found.null > 1.3 * 4 / 20  # what isotropic directions would have
    assert found.p_value > 0.02


def test_all_matched_has_no_rest(steep):
    atoms = np.random.default_rng(0).normal(size=(5, 20))
    found = subspace_stability(made(atoms), made(2 * atoms[::-1]), steep)
    assert (found.rank, found.unmatched) == (0, (0, 0))
    assert np.isnan(found.value)


def test_what_cannot_be_asked_is_refused(steep):
    a, b = (made(np.random.default_rng(s).normal(size=(5, 20))) for s in (0, 1))
    with pytest.raises(InputError, match="alike must lie in"):
        subspace_stability(a, b, steep, alike=2.0)
    with pytest.raises(InputError, match="must have the 20 units"):
        subspace_stability(a, b, steep[:, :4])
    with pytest.raises(InputError, match="rank must lie in 1..5"):
        subspace_stability(a, b, steep, rank=9, alike=1.0)
