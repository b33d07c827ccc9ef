"""Correlation with known features: sparse or dense, shifted or dead."""

import numpy as np
import pytest
import scipy.sparse as sp

from unbraid import interpret
from unbraid.errors import InputError


def test_equals_numpy_on_dense_and_sparse(rng):
    x = rng.random((500, 7)) * (rng.random((500, 7)) < 0.3)
    z = rng.normal(size=(500, 5)) + x[:, :5]
    expected = np.corrcoef(x.T, z.T)[:7, 7:]
    np.testing.assert_allclose(interpret.feature_correlations(x, z), expected, atol=1e-12)
    sparse = interpret.feature_correlations(sp.csr_array(x), z)
    np.testing.assert_allclose(sparse, expected, atol=1e-12)
    np.testing.assert_allclose(interpret.best_correlations(x, z), expected.max(axis=0))


def test_a_large_offset_costs_no_precision(rng):
    x = rng.normal(size=(9_000, 3))
    r = interpret.feature_correlations(x + 1e6, x)
    np.testing.assert_allclose(r, np.corrcoef(x.T), atol=1e-8)


def test_permuted_and_scaled_features_are_recovered(rng):
    z = rng.normal(size=(300, 6))
    assert interpret.mcc(-2 * z[:, rng.permutation(6)], z) == pytest.approx(1)
    extra = np.column_stack([z, rng.normal(size=(300, 9))])
    assert interpret.mcc(extra, z) == pytest.approx(1)
    atoms = rng.normal(size=(6, 4))
    assert interpret.dictionary_mcc(-3 * atoms[::-1], atoms) == pytest.approx(1)


def test_a_missing_latent_counts_nothing(rng):
    z = rng.normal(size=(4_000, 4))
    assert interpret.mcc(z[:, :3], z) == pytest.approx(0.75, abs=0.03)
    dead = np.column_stack([z[:, :3], np.zeros(4_000)])
    assert interpret.mcc(dead, z) == pytest.approx(0.75, abs=0.03)
    assert interpret.feature_correlations(dead, z)[3].tolist() == [0] * 4


def test_one_unit_cannot_stand_for_two_features(rng):
    z = rng.normal(size=(50_000, 2))
    both = z.sum(axis=1, keepdims=True)
    assert interpret.best_correlations(both, z) == pytest.approx([0.707, 0.707], abs=0.01)
    assert interpret.mcc(both, z) == pytest.approx(0.354, abs=0.01)


def test_atoms_of_another_system_are_refused():
    with pytest.raises(InputError, match="same units, got 3 and 4"):
        interpret.dictionary_mcc(np.ones((2, 3)), np.ones((2, 4)))
