"""Stimuli that are not independent: repeats, frames, positions."""

import warnings

import numpy as np
import pandas as pd
import pytest

import unbraid as ub
from unbraid import stats
from unbraid.errors import InputError, ScaleWarning
from unbraid.sharing.evidence._pairings import pairings

QUICK = {"seeds": 1, "refits": 0, "baselines": False, "permutations": 999}


def joined(systems, n_latents, **options):
    method = ub.SparseCoding(n_latents=n_latents, cycles=0)
    return ub.joint(systems, method=method, **{**QUICK, **options})


def repeated(systems, repeats, rng):
    """Return each stimulus several times, in any order, with noise; and which one it is."""
    of = rng.permutation(np.repeat(np.arange(len(systems["a"])), repeats))
    noisy = {s: x[of] + 0.1 * x.std() * rng.normal(size=(len(of), x.shape[1]))
             for s, x in systems.items()}  # fmt: skip
    return noisy, of


@pytest.mark.seed(1)
def test_repeats_of_few_stimuli_are_no_evidence_of_sharing(world, rng):
    """Features of independent systems are correlated over 60 stimuli, however often repeated."""
    apart = {
        name: world(15, 3, (16,), 60, seed=seed)[0]["a"]
        for name, seed in zip("ab", (2, 3), strict=True)
    }
    systems, of = repeated(apart, 20, rng)
    as_rows = joined(systems, 30)
    assert as_rows.contrast.p < 0.01  # each row as a stimulus of its own: confident and wrong
    whole = joined(systems, 30, groups=of)
    assert whole.contrast.p > 0.05
    assert whole.counts["shared"].value == 0
    assert whole.verdict.tone in ("undecided", "nothing shared")
    assert whole.provenance["groups_held_out"] == 25


@pytest.mark.seed(2)
def test_repeats_of_many_stimuli_show_what_is_shared(half_shared, rng):
    systems, of = repeated({s: x[:300] for s, x in half_shared[0].items()}, 4, rng)
    found = joined(systems, 20, groups=of)
    assert found.counts["shared"].value >= 6
    assert found.counts["a only"].value >= 3 and found.counts["b only"].value >= 3


@pytest.mark.seed(3)
@pytest.mark.parametrize("order", [stats.Order(in_time=False), stats.Order(in_time=True, reach=2)])
def test_groups_are_paired_as_wholes(order, rng):
    groups = np.sort(rng.integers(0, 30, size=200))
    pairs = pairings(len(groups), order, rng, groups)
    assert np.array_equal(pairs.partner[0], np.arange(200))
    for group in np.unique(groups):
        own = groups == group
        assert len(np.unique(pairs.block[own])) == 1
        for partner in pairs.partner:
            assert len(np.unique(groups[partner[own]])) == 1
    moved = np.mean(groups[pairs.partner[1]] != groups)
    assert moved > 0.8


def test_rows_that_are_parts_of_a_stimulus_are_its_group(half_shared):
    systems = half_shared[0]
    ids = [f"photo{row // 4}@{row % 4}" for row in range(1200)]
    found = joined({s: ub.Responses(x, stimuli=ids) for s, x in systems.items()}, 20)
    assert found.provenance["groups_train"] + found.provenance["groups_held_out"] == 300
    held = {str(name).rpartition("@")[0] for name in found.held_stimuli}
    assert len(held) == found.provenance["groups_held_out"]


def test_groups_that_cannot_be_used_are_refused_in_one_line(half_shared):
    systems = half_shared[0]
    with pytest.raises(InputError, match="groups must be at least 10 .* got 6"):
        joined(systems, 20, groups=np.arange(1200) % 6)
    with pytest.raises(InputError, match="groups must name the group of each of the 1200 stimuli"):
        joined(systems, 20, groups=np.arange(7))


def test_groups_named_by_id_and_groups_of_one(half_shared):
    few = {s: x[:240] for s, x in half_shared[0].items()}
    ids = np.array([f"s{row}" for row in range(240)])
    named = {s: ub.Responses(x, stimuli=ids) for s, x in few.items()}
    of = pd.Series(np.arange(240) // 3, index=ids)[::-1]
    by_id = joined(named, 8, groups=of)
    by_row = joined(named, 8, groups=np.arange(240) // 3)
    assert by_id.evidence.kind == by_row.evidence.kind
    assert np.array_equal(by_id.evidence.p, by_row.evidence.p)
    alone = joined(named, 8, groups=ids)
    assert "groups_train" not in alone.provenance


@pytest.mark.seed(4)
def test_copied_stimuli_without_groups_are_reported(half_shared, rng):
    of = rng.permutation(np.repeat(np.arange(150), 3))
    systems = {s: x[of] for s, x in half_shared[0].items()}
    line = "exactly as others"
    assert any(line in each for each in joined(systems, 8).warnings)
    assert not any(line in each for each in joined(systems, 8, groups=of).warnings)
    counts = {s: np.round(2 * x) for s, x in half_shared[0].items()}
    assert not any(line in each for each in joined(counts, 8).warnings)


def test_a_few_loud_units_are_warned_of_by_their_own_category(half_shared):
    x = half_shared[0]["a"] * np.r_[1000, np.ones(13)]
    with pytest.warns(ScaleWarning, match="unit 0 of x holds"):
        ub.fit(x, ub.sparse.PCA(n_latents=3))
    with warnings.catch_warnings():
        warnings.simplefilter("error", ScaleWarning)
        ub.fit(half_shared[0]["a"], ub.sparse.PCA(n_latents=3))


def test_agreement_keeps_groups_of_stimuli_whole(half_shared, monkeypatch):
    few = {s: x[:200] for s, x in half_shared[0].items()}
    found, of, heard = joined(few, 6), np.arange(200) // 4, []
    score = ub.align.semi_matching

    def hear(*codes, **options):
        heard.append(options["folds"])
        return score(*codes, **options)

    monkeypatch.setattr(ub.align, "semi_matching", hear)
    assert found.agreement(found, few, few, groups=of).value > 0.99
    assert all(len(np.unique(heard[0][of == group])) == 1 for group in range(50))


def test_messages_name_the_systems_and_not_x_and_y(half_shared):
    few = {s: x[:120] for s, x in half_shared[0].items()}
    named = ub.Responses(few["a"], stimuli=[f"s{row}" for row in range(120)])
    found = joined({"V4": named, "net": few["b"]}, 6)
    assert any("Only one of V4 and net has stimulus ids" in line for line in found.warnings)
    with pytest.raises(InputError, match="V4 and net must answer the same stimuli, got 120 and 90"):
        joined({"V4": named, "net": few["b"][:90]}, 6)
