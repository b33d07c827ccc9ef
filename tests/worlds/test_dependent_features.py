"""Features that come together, avoid each other, or need a parent."""

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.worlds import CorrelatedFeatures, FeatureHierarchy, correlated_pairs


@pytest.mark.parametrize(("rho", "together"), [(1.0, 0.1), (0.0, 0.01), (-1.0, 0.0)])
def test_pairs_come_together_as_often_as_asked(rng, rho, together):
    z = correlated_pairs(3, rho).sample(40_000, rng=rng)
    active = z > 0
    np.testing.assert_allclose(active.mean(axis=0), 0.1, atol=0.008)
    assert (active[:, 0] & active[:, 1]).mean() == pytest.approx(together, abs=0.004)
    assert (active[:, 0] & active[:, 2]).mean() == pytest.approx(0.01, abs=0.004)


def test_impossible_correlations_are_refused():
    with pytest.raises(InputError, match="no negative eigenvalue"):
        CorrelatedFeatures(correlation=((1, 0.9, -0.9), (0.9, 1, 0.9), (-0.9, 0.9, 1)))
    with pytest.raises(InputError, match="symmetric with ones"):
        CorrelatedFeatures(correlation=((1, 0.5), (0.4, 1)))
    with pytest.raises(InputError, match="square"):
        CorrelatedFeatures(correlation=((1, 0.5),))


def test_children_need_their_parents(rng):
    family = FeatureHierarchy(n_roots=200, active_roots=8, lean=0.4, n_units=64).sample(
        6_000, rng=rng
    )
    active = family.features.toarray() > 0
    children = np.flatnonzero(family.parents >= 0)
    assert len(children) == 600
    assert not (active[:, children] & ~active[:, family.parents[children]]).any()
    np.testing.assert_allclose(active.mean(axis=0), family.probabilities, atol=0.03)
    np.testing.assert_allclose(np.linalg.norm(family.encoding, axis=1), 1, rtol=1e-5)
    cosine = (family.encoding[children] * family.encoding[family.parents[children]]).sum(axis=1)
    np.testing.assert_allclose(cosine, 0.4, atol=1e-5)
    expected = family.features.toarray() @ family.encoding
    np.testing.assert_allclose(family.responses, expected, atol=1e-4)


def test_exclusive_siblings_never_meet(rng):
    world = FeatureHierarchy(n_roots=50, active_roots=10, exclusive=True, n_units=16)
    family = world.sample(4_000, rng=rng)
    children = family.features.toarray()[:, 50:].reshape(4_000, 50, 3) > 0
    assert children.sum(axis=2).max() == 1
    np.testing.assert_allclose(children.mean(axis=0).ravel(), family.probabilities[50:], atol=0.03)
    with pytest.raises(InputError, match="exclusive children need"):
        FeatureHierarchy(exclusive=True, given_parent=0.5)


def test_thousands_of_features_stay_sparse(rng):
    family = FeatureHierarchy(n_roots=4_000).sample(1_000, rng=rng)
    assert family.features.shape == (1_000, 16_000)
    # 10 roots with .3 * 3 children each
    assert family.features.nnz / 1_000 == pytest.approx(19, abs=1)
