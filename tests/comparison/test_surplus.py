"""Latents that carry little lower a matching of good codes, and that is said without a truth."""

from types import SimpleNamespace

import numpy as np
import pytest

import unbraid as ub
from unbraid.comparison.dictionaries._surplus import carried, warnings_of_surplus
from unbraid.responses import Codes


def lifted(codes, atoms):
    return SimpleNamespace(
        codes=Codes(np.asarray(codes, float)), dictionary=SimpleNamespace(atoms=np.asarray(atoms))
    )


def score(per_target, systems="x->y"):
    per_target = np.asarray(per_target, float)
    return SimpleNamespace(
        metric="semi_matching", source="codes", target="codes", systems=systems, seed=0,
        per_target=per_target, value=float(np.nanmean(per_target)),
    )  # fmt: skip


def test_a_latent_carries_its_codes_variance_times_its_atoms_length():
    codes = np.array([[2, 0, 1], [0, 1, 1], [2, 0, 1], [0, 1, 1.0]])  # variances 1, 1/4, 0
    found = carried(lifted(codes, [[1, 0], [0, 4], [9, 9]]))
    np.testing.assert_allclose(found, [1 / 5, 4 / 5, 0])
    np.testing.assert_allclose(carried(lifted(np.ones((3, 2)), np.eye(2))), [0.5, 0.5])


def test_what_is_said():
    rng = np.random.default_rng(0)
    size = np.array([1.0] * 5 + [0.05] * 15)
    both = lifted(rng.normal(size=(400, 20)) * size, np.eye(20))
    matched = [0.9] * 5 + [0.1] * 14 + [np.nan]  # the last is silent on some fold
    (line,) = warnings_of_surplus("semi_matching", (both, both), [score(matched)], ("a", "b"))
    assert line.startswith(
        "b: surplus latents lower semi-matching: the 5 of 20 latents that carry 90% of the codes "
        "match at 0.90, all together at 0.31."
    )
    back = warnings_of_surplus("semi_matching", (both, both), [score(matched, "y->x")], ("a", "b"))
    assert back[0].startswith("a: ")
    even = [score(np.full(20, 0.3))]
    assert warnings_of_surplus("semi_matching", (both, both), even, ("a", "b")) == []
    assert warnings_of_surplus("ridge", (both, both), [score(matched)], ("a", "b")) == []


@pytest.mark.parametrize(("n_latents", "due"), [(16, False), (96, True)])
def test_good_codes_with_six_times_as_many_latents_as_features(n_latents, due):
    rng = np.random.default_rng(0)
    z = (rng.random((1600, 16)) < 0.12) * rng.uniform(0.5, 1.5, (1600, 16))
    x, y = (z @ rng.normal(size=(16, 20)) + 0.02 * rng.normal(size=(1600, 20)) for _ in range(2))
    result = ub.compare(
        x, y, method=ub.TopK(n_latents=n_latents, k=3, training={"steps": 600}),
        metrics=("semi_matching",), rng=0, seeds=1, permutations=0, resamples=5,
    )  # fmt: skip
    said = [line for line in result.warnings if "surplus latents lower semi-matching" in line]
    assert bool(said) == due
    if due:
        (found,) = result.find("semi_matching", "codes", "codes")
        share = carried(result.lifted[0][1])
        assert share @ np.nan_to_num(found.per_target) > found.value + 0.2
