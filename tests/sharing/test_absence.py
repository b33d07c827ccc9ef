"""A feature is said to be absent from a system only where it would have been seen there."""

import numpy as np
import pytest

import unbraid as ub
from unbraid import stats

QUICK = {"seeds": 1, "refits": 0, "baselines": False, "permutations": 999}


def quick(systems, n_latents, **options):
    method = ub.SparseCoding(n_latents=n_latents, cycles=0)
    return ub.joint(systems, method=method, **{**QUICK, **options})


def kinds(result):
    return {kind: count.value for kind, count in result.counts.items()}


@pytest.fixture(scope="module")
def all_shared(world):
    """Two systems of 12 units with 20 features, all of them in both."""
    return world(20, 2, (12, 12), 1200, noise=0.05)[0]


@pytest.mark.parametrize("seed", [1, 3, 6])
def test_features_that_sink_in_noise_are_not_called_absent(seed, all_shared):
    """Each explains a thousandth of b's variance, where a system of noise alone looks the same."""
    rng, b = np.random.default_rng(seed), all_shared["b"]
    sunk = np.hstack(
        [b + 2.5 * b.std() * rng.normal(size=b.shape), b.std() * rng.normal(size=(1200, 60))]
    )
    result = quick({"a": all_shared["a"], "b": sunk}, 20)
    assert result.contrast.p <= 0.01
    assert kinds(result)["a only"] == 0
    assert result.verdict.tone in ("undecided", "shared")


@pytest.mark.seed(2)
def test_noise_of_a_system_does_not_shorten_what_it_shares(all_shared, rng):
    b = all_shared["b"]
    result = quick(
        {"a": all_shared["a"], "b": np.hstack([b, b.std() * rng.normal(size=(1200, 100))])}, 20
    )
    found = kinds(result)
    assert found["a only"] == 0
    assert found["shared"] >= 8
    assert np.nanmedian(result.evidence.share[:, 0]) < 0.8  # of its power it would be .9


@pytest.mark.parametrize("scale", [np.logspace(-6, 6, 14), np.r_[100, np.ones(13)]])
def test_no_feature_is_absent_from_a_system_of_a_few_loud_units(half_shared, scale):
    systems = dict(half_shared[0])
    result = quick({"a": systems["a"] * scale, "b": systems["b"]}, 20)
    assert kinds(result)["b only"] == 0
    assert any("of its 14 units" in line and "99 %" in line for line in result.warnings)
    assert not any("of x hold" in line for line in result.warnings)


@pytest.mark.seed(3)
def test_one_unit_of_noise_has_no_part_in_what_two_systems_share(all_shared, rng):
    result = quick({"n": rng.normal(size=(1200, 1)), **all_shared}, 20)
    found = kinds(result)
    assert found["shared"] == found["n only"] == 0
    assert found["a+b"] >= 17
    assert any("its one unit was given a tenth" in line for line in result.warnings)


@pytest.mark.seed(4)
def test_a_feature_in_one_unit_is_found_there(all_shared, world, rng):
    systems, z = world(20, 2, (12, 12), 1200, noise=0.05)
    result = quick({"n": z[:, :1] + 0.02 * rng.normal(size=(1200, 1)), **systems}, 20)
    found = kinds(result)
    assert found["shared"] == 1
    assert found["a+b"] >= 17


@pytest.mark.seed(5)
def test_artefacts_are_reported(half_shared, rng):
    rows = rng.random(1200) < 0.008
    loud = {n: x + 30 * rows[:, None] * rng.normal(size=x.shape) for n, x in half_shared[0].items()}
    result = quick(loud, 20)
    assert any("a hundredth of the stimuli holds" in line for line in result.warnings)
    assert result.counts["shared"].value == 0
    assert result.verdict.tone in ("undecided", "shared")


def test_few_stimuli_are_no_sign_that_nothing_is_shared(half_shared):
    few = {name: x[:300] for name, x in half_shared[0].items()}
    result = quick(few, 20)
    assert result.contrast.p <= 0.05
    assert result.verdict.tone in ("undecided", "shared")


def test_a_system_given_twice_is_no_more_units(world):
    systems, _ = world(30, 3, (4,), 1000)
    x = systems["a"]
    noise = np.random.default_rng(0).normal(size=x.shape)
    result = quick({"a": x, "b": x + 0.1 * x.std() * noise}, 12, seeds=2, baselines=True)
    assert [each.units for each in result.bounds] == [4, 4, 4]
    assert result.verdict.tone != "joint pays"


def test_independent_units_of_clones_rotations_and_strangers(rng):
    x, y = rng.normal(size=(2, 800, 6))
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    assert stats.independent_units([x, x @ turn, x]) == pytest.approx(6, abs=0.1)
    assert stats.independent_units([x, y]) == pytest.approx(12, abs=0.3)
    half = np.hstack([x[:, :3], y[:, :3]])
    assert stats.independent_units([x, half]) == pytest.approx(144 / 18, abs=0.3)
    idle = np.hstack([x, np.full((800, 3), 7.0), x[:, :2]]) + 1e3
    assert round(stats.independent_units([idle.astype(np.float32)])) == 6
    wide = rng.normal(size=(2, 100, 300))  # more units than stimuli: no chance correlation counts
    assert stats.independent_units(list(wide)) == pytest.approx(198, abs=5)


@pytest.mark.seed(22)
def test_weak_parts_of_shared_features_are_reported(rng):
    """A tenth of a latent's length in b is not a fifth, and yet it is there."""
    z = rng.uniform(0.5, 1.5, (2000, 20)) * (rng.random((2000, 20)) < 0.15)
    strength = np.r_[np.ones(6), np.full(4, 0.1), np.zeros(5), np.ones(5)]
    held = {"a": np.r_[np.ones(15), np.zeros(5)], "b": strength}
    systems = {s: (z * of) @ rng.normal(size=(20, 16)) / 4 for s, of in held.items()}
    result = quick(systems, 20)
    table = result.latents()
    assert (table.kind == "a only").sum() == 9
    assert ((table.kind == "a only") & (table.faint_in == "b")).sum() == 4
    assert not table.faint_in[table.kind != "a only"].any()
    assert any("b also holds latents of other kinds, 4 called a only" in w for w in result.warnings)
