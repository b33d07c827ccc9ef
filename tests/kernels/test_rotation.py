"""Rotations by eigenvectors, beside those by singular vectors."""

import numpy as np
import pytest

from unbraid._kernels.linear_algebra.rotation import nuclear_norm, overlap, rotation_of
from unbraid._kernels.linear_algebra.span import span


def matrix(rng, p, q, values):
    """Draw a matrix (p, q) with these singular values, and its polar factor."""
    r = len(values)
    left, right = (np.linalg.qr(rng.normal(size=(side, r)))[0] for side in (p, q))
    return left * values @ right.T, left @ right.T


@pytest.mark.parametrize("p, q", [(60, 60), (80, 50), (50, 80)])
@pytest.mark.parametrize("least", [1e-1, 1e-4, 1e-7])
def test_rotation_is_the_polar_factor_also_of_weak_directions(rng, p, q, least):
    values = np.geomspace(3.0, 0.1, 50)
    values[-3:] = least * np.array([3, 2, 1])
    cross, truth = matrix(rng, p, q, values)
    found = rotation_of(cross)
    # rounding of the matrix itself turns a direction by as much as its singular value is small
    np.testing.assert_allclose(found.left @ found.right, truth, atol=1e-14 / least + 1e-10)
    assert found.overlap == pytest.approx(values.sum(), rel=1e-12)
    assert nuclear_norm(cross) == pytest.approx(values.sum(), rel=1e-12)


@pytest.mark.parametrize("r", [48, 20])
def test_directions_of_no_size_are_rotated_onto_nothing(rng, r):
    cross, truth = matrix(rng, 60, 50, np.geomspace(1.0, 0.01, r))
    found = rotation_of(cross)
    assert found.left.shape == (60, r)
    np.testing.assert_allclose(found.left @ found.right, truth, atol=1e-11)
    assert nuclear_norm(cross) == pytest.approx(found.overlap, rel=1e-12)


def test_constant_systems_have_no_rotation():
    assert rotation_of(np.zeros((4, 3))).left.shape == (4, 0)
    assert nuclear_norm(np.zeros((4, 3))) == 0


@pytest.mark.parametrize("kind", ["plain", "repeated stimuli", "few directions", "steep"])
def test_a_span_holds_the_training_stimuli_and_projects_the_others(rng, kind):
    values = rng.normal(size=(30, 40))
    if kind == "repeated stimuli":
        values[3:6] = values[:3]
    if kind == "few directions":
        values = values[:, :5] @ rng.normal(size=(5, 40))
    if kind == "steep":
        values = values * np.geomspace(1, 1e-9, 40)
    train, seen = np.arange(20), np.arange(20, 30)
    found = span(values, train, seen, values @ values.T)
    mean = values[train].mean(axis=0)
    right = np.linalg.svd(values[train] - mean, full_matrices=False)
    basis = right[2][right[1] > 1e-12 * right[1][0]]
    onto = (values[seen] - mean) @ basis.T @ basis
    np.testing.assert_allclose(found.lifted(found.seen), onto, atol=1e-8)
    gram = found.train @ found.train.T - found.extra**2 / 20
    centred = values[train] - mean
    np.testing.assert_allclose(gram, centred @ centred.T, atol=1e-11)
    within = found.train.T @ found.train
    other = span(2 * values, train, seen, 4 * values @ values.T)
    total = nuclear_norm(found.train.T @ other.train) - found.extra * other.extra
    assert total == pytest.approx(overlap(centred, 2 * centred), rel=1e-10)
    assert np.trace(within) == pytest.approx(np.trace(gram) + found.extra**2)
