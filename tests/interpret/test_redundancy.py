"""Redundancy, unit identity and AND/OR against what is planted."""

import numpy as np
import pytest

from unbraid import interpret
from unbraid.errors import InputError
from unbraid.responses import Responses


def planted(seed, n=600, groups=6, copies=5, noise=0.3):
    """Groups of clones in random order, with random signs and scales."""
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(groups), copies))
    factors = rng.normal(size=(n, groups))
    x = factors[:, group] + noise * rng.normal(size=(n, len(group)))
    return group, x * rng.choice([-1, 1], size=len(group)) * rng.uniform(0.5, 2, size=len(group))


@pytest.mark.parametrize("seed", range(6))
def test_planted_clones_are_counted(seed):
    group, x = planted(seed)
    found = interpret.clones(x, rng=seed)
    assert found.count == 6 and list(found.sizes) == [5] * 6
    same = found.group[:, None] == found.group
    np.testing.assert_array_equal(same, group[:, None] == group)
    assert found.within == pytest.approx(1 / (1 + 0.3**2), abs=0.03)


def test_a_gaussian_of_the_same_spectrum_has_none():
    hits = 0
    for seed in range(20):
        _, x = planted(seed, n=300)
        rng = np.random.default_rng(1000 + seed)
        power = np.maximum(np.linalg.eigvalsh(np.cov(x.T)), 0)
        gaussian = interpret.clones.__globals__["gaussian_of_spectrum"](power, 300, rng)
        found = interpret.clones(gaussian, rng=seed)
        hits += found.count < 30
    assert hits <= 5  # one in ten by design


def test_units_that_differ_are_groups_of_their_own_and_silent_ones_none():
    x = np.random.default_rng(0).normal(size=(300, 12))
    x[:, 3] = 2.0
    found = interpret.clones(x, rng=1)
    assert found.group[3] == -1 and found.count == 11 and np.isnan(found.within)


def test_chunks_know_the_others_by_the_share_of_groups_they_hit():
    _, x = planted(3, n=2000, noise=0.05)
    x = x / x.std(axis=0)
    found = interpret.redundancy(x, chunks=60, rng=0)
    rng = np.random.default_rng(9)
    for width, r2 in zip(found.widths, found.r2, strict=True):
        hit = []
        for _ in range(400):
            order = rng.permutation(np.repeat(np.arange(6), 5))
            hit.append(np.isin(order[width:], order[:width]).mean())
        assert r2 == pytest.approx(np.mean(hit), abs=0.06)
    assert found.residual[-1] < 0.08 < found.residual[1]
    assert found.participation == pytest.approx(6, rel=0.05)
    assert found.clones.count == 6


def test_clones_do_not_exceed_their_surrogate_where_there_are_none():
    rng = np.random.default_rng(4)
    low_rank = rng.normal(size=(800, 6)) @ rng.normal(size=(6, 30))
    low_rank += 0.1 * rng.normal(size=low_rank.shape)
    found = interpret.redundancy(low_rank, rng=0)
    np.testing.assert_allclose(found.r2, found.r2_surrogate, atol=0.1)
    assert found.units_needed == pytest.approx(found.units_needed_surrogate, rel=0.3)
    alone = interpret.redundancy(rng.normal(size=(800, 20)), rng=0)
    assert np.isnan(alone.units_needed) and abs(alone.residual).max() < 0.02
    assert (alone.r2 < 0.05).all()  # the chunk's own units do not count


def test_a_record_is_plain():
    record = interpret.redundancy(planted(5)[1], chunks=3, rng=0).record()
    assert record["groups"] == 6 and len(record["r2"]) == len(record["widths"])
    with pytest.raises(InputError, match="20 stimuli and 3 units"):
        interpret.redundancy(np.ones((30, 5)))
    with pytest.raises(InputError, match="at least 10 stimuli"):
        interpret.clones(np.eye(4))


def test_units_spread_by_hand():
    spread = interpret.units_spread([[1.0, 0, 0, 0], [2, 2, 2, 2], [0, 0, 0, 0], [1, -1, 0, 0]])
    np.testing.assert_allclose(spread, [1, 4, np.nan, 2])


def test_units_keep_their_identity_and_shuffled_ones_do_not():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(200, 20))
    ids = [f"s{i}" for i in range(200)]
    order = rng.permutation(200)
    other = Responses((x + 0.5 * rng.normal(size=x.shape))[order], stimuli=np.array(ids)[order])
    found = interpret.unit_identity(Responses(x, stimuli=ids), other)
    assert found.value == 1 and found.chance[0] == 0.05
    assert (found.details["r"] > found.details["r_other"]).all()
    values = [interpret.unit_identity(x, rng.permuted(x, axis=0)).value for _ in range(100)]
    assert np.mean(values) == pytest.approx(0.05, abs=4 * 0.05 / np.sqrt(100))
    x[:, 0] = 1
    assert interpret.unit_identity(x, x).reasons[0] == "constant in a recording"
    twins = np.column_stack([x[:, 1], x[:, 1], x[:, 2]])
    np.testing.assert_allclose(interpret.unit_identity(twins, twins).values, [0.5, 0.5, 1])
    with pytest.raises(InputError, match="the same units"):
        interpret.unit_identity(x, x[:, :3])


@pytest.mark.parametrize("count", [2, 3])
def test_and_or_and_linear_units(count):
    rng = np.random.default_rng(7)
    z = (rng.random((20_000, 6)) < 0.3) * 1.0
    number = z[:, :count].sum(axis=1)
    conjunction, disjunction = number == count, number > 0
    added = rng.random(20_000) < number / count / 2  # its probability rises by equal steps
    found = interpret.and_or_index(
        np.column_stack([conjunction, disjunction, added]), z, count=count
    )
    expected = [1, 1 / count, (count + 1) / (2 * count)]
    np.testing.assert_allclose(found.values, expected, atol=0.04)
    assert found.low[2] < found.chance[2] < found.high[2]
    np.testing.assert_allclose(found.details["conjunction"], 0, atol=0.1)  # features independent


def test_a_unit_on_existing_conjunctions_fires_more_than_on_scrambled_data():
    rng = np.random.default_rng(8)
    both = rng.random(4000) < 0.2
    z = np.column_stack([both | (rng.random(4000) < 0.1), both | (rng.random(4000) < 0.1)]) * 1.0
    unit = (z.sum(axis=1) == 2) * 1.0
    found = interpret.and_or_index(unit[:, None], z)
    expected = np.log(unit.mean() / (z.mean(axis=0).prod()))
    assert found.details["conjunction"][0] == pytest.approx(expected, abs=0.15)
    rare = interpret.and_or_index(unit[:200, None], z[:200])
    assert "fewer than 20 stimuli" in rare.reasons[0]


def test_copies_of_one_unit_are_low_rank_and_no_groups():
    one = np.repeat(np.random.default_rng(9).random((200, 1)), 5, axis=1)
    found = interpret.clones(one)
    assert found.count == 5 and np.isnan(found.within)
    three = np.repeat(np.random.default_rng(9).random((200, 3)), 5, axis=1)
    assert list(interpret.clones(three).sizes) == [5, 5, 5]
