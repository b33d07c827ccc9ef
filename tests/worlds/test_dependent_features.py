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


def test_trees_have_levels_and_others_stand_alone(rng):
    world = FeatureHierarchy(
        n_roots=4, children=2, depth=3, alone=30, active_roots=1.5, zipf=1, given_parent=0.4,
        exclusive=True, n_units=8,
    )  # fmt: skip
    family = world.sample(20_000, rng=rng)
    active = family.features.toarray() > 0
    assert world.levels == (4, 8, 16, 32)
    assert active.shape[1] == world.n_features == 90
    depth = np.zeros(90, int)
    for feature, parent in enumerate(family.parents):
        if parent >= 0:
            depth[feature] = depth[parent] + 1
            assert not (active[:, feature] & ~active[:, parent]).any()
    np.testing.assert_array_equal(np.bincount(depth), [34, 8, 16, 32])
    children = np.bincount(family.parents[family.parents >= 0], minlength=90)
    np.testing.assert_array_equal(children, np.repeat([2, 0], [28, 62]))
    np.testing.assert_allclose(active.mean(axis=0), family.probabilities, atol=0.012)
    ranks = np.concatenate([np.arange(1, 5), np.arange(61, 91)])
    free = family.probabilities[family.parents < 0]
    assert free.sum() == pytest.approx(1.5)
    np.testing.assert_allclose(free * ranks, free[0])


def test_common_causes_correlate_features_and_leave_their_frequencies(rng):
    def pairs(shared):
        world = FeatureHierarchy(
            n_roots=40, children=0, active_roots=12, zipf=0, shared=shared, n_units=4
        )
        active = world.sample(30_000, rng=rng).features.toarray() > 0
        np.testing.assert_allclose(active.mean(axis=0), 0.3, atol=0.012)
        return np.corrcoef(active.T)[np.triu_indices(40, 1)]

    noise = 1 / np.sqrt(30_000)
    assert pairs(0.0).std() == pytest.approx(noise, rel=0.15)
    # binary features cut from Gaussians of correlation r correlate by about phi(t)^2 r / (p (1-p))
    expected = 0.348**2 / 0.21 * 0.9 / 5
    assert pairs(0.9).std() == pytest.approx(expected, rel=0.15)


def test_normal_values_follow_rank_and_parent(rng):
    world = FeatureHierarchy(
        n_roots=300, children=1, active_roots=150, zipf=0, given_parent=1, magnitude="normal",
        n_units=4,
    )  # fmt: skip
    values = world.sample(4_000, rng=rng).features.toarray()
    on = values[:, :300] > 0
    assert on.mean() == pytest.approx(0.5, abs=0.01)
    means = values[:, :300].sum(axis=0) / on.sum(axis=0)
    np.testing.assert_allclose(means, np.linspace(5, 4, 600)[:300], atol=0.3)
    spread = np.array([values[on[:, i], i].std() for i in range(300)])
    # mean of |N(0.5, 0.5)|
    assert spread.mean() == pytest.approx(0.583, abs=0.07)
    together = np.array([np.corrcoef(values[on[:, i], i], values[on[:, i], 300 + i])[0, 1]
                         for i in range(300)])  # fmt: skip
    assert np.median(together) > 0.4  # a child's value is in proportion to its parent's
