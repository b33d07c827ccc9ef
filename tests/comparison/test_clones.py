"""Redundant units: named where they lower a matching, and only there."""

import re

import numpy as np
import pytest

import unbraid as ub
from unbraid.responses import Responses

FEW = {"method": ub.PCA(), "seeds": 1, "permutations": 0, "resamples": 20, "train_share": 0.3}
NAMES = ("many", "cloned")


def clones_of(features, copies, rng, noise=0.3):
    many = np.repeat(features, copies, axis=1)
    return many + noise * rng.normal(size=many.shape)


def said(x, y, metrics=("one_to_one", "semi_matching")):
    result = ub.compare(x, y, metrics=metrics, names=NAMES, rng=0, **FEW)
    return result, [line for line in result.warnings if line.startswith("Redundant units lower")]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_clones_of_one_side_are_named(seed):
    rng = np.random.default_rng(seed)
    f = rng.normal(size=(600, 30))
    x, y = clones_of(f, 1, rng), clones_of(f[:, :6], 5, rng)
    result, (line,) = said(x, y)
    assert "lower one-to-one from unit to unit: the 30 units of cloned are 6 groups" in line
    units, each, any_of = (float(part.split()[0].rstrip(",."))
                           for part in re.split(" at (?=[.0-9])", line)[1:4])  # fmt: skip
    assert units == pytest.approx(result.find("one_to_one", "base", "base")[0].value, abs=0.006)
    assert each > 0.85 > any_of > units
    _, (line,) = said(y, x, ("semi_matching", "one_to_one"))
    assert "one-to-one" in line  # and semi is not lowered


def test_semi_matching_is_lowered_by_clones_of_what_one_side_lacks():
    rng = np.random.default_rng(3)
    f = rng.normal(size=(600, 12))
    y = np.column_stack([clones_of(f[:, :2], 10, rng), clones_of(f[:, 2:], 1, rng)])
    _, lines = said(clones_of(f[:, 2:], 1, rng), y, "semi_matching")
    assert len(lines) == 1 and "the 30 units of cloned are 12 groups" in lines[0]


def test_clones_that_are_not_the_cause_are_not_named():
    rng = np.random.default_rng(4)
    f = rng.normal(size=(600, 6))
    assert said(clones_of(f, 5, rng), clones_of(f, 5, rng, noise=1.0))[1] == []  # both sides
    other = rng.normal(size=(600, 30))
    assert said(other, clones_of(f, 5, rng))[1] == []  # nothing is shared


def test_a_gaussian_of_the_clones_spectrum_is_not_named():
    named = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        f = rng.normal(size=(600, 30))
        y = clones_of(f[:, :6], 5, rng)
        basis = np.linalg.qr(rng.normal(size=(30, 30)))[0]
        y = (y @ np.linalg.svd(y, full_matrices=False)[2].T) @ basis.T
        named += len(said(clones_of(f, 1, rng), y, "one_to_one")[1])
    assert named == 0


def test_silent_units_are_no_clones():
    rng = np.random.default_rng(5)
    f = rng.normal(size=(600, 20))
    x, y = clones_of(f, 1, rng), np.maximum(clones_of(f, 1, rng), 0)
    y[:, :8] = 0
    assert said(x, Responses(y))[1] == []
