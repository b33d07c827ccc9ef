"""Shared, split and absorbed latents: planted ones are found, and nothing else is."""

import numpy as np
import pytest

import unbraid as ub
from unbraid import stats
from unbraid.errors import InputError
from unbraid.sparse import correspondence
from unbraid.sparse.evidence.splitting.correspondence import of_codes


def planted(seed, n=1200, noise=0.05):
    """Codes of 20 latents, and of 20 in which 0 is absorbed by 1, 2 is split, and 3 is missing."""
    rng = np.random.default_rng(seed)
    z = rng.uniform(0.5, 1.5, (n, 20)) * (rng.random((n, 20)) < 0.08)
    z[:, 0] = rng.uniform(0.5, 1.5, n) * (rng.random(n) < 0.2)
    z[:, 1] = rng.uniform(0.5, 1.5, n) * ((z[:, 0] > 0) & (rng.random(n) < 0.35))
    other = z.copy()
    other[z[:, 1] > 0, 0] = 0
    other[:, 1] += z[:, 0] * (z[:, 1] > 0)
    half = rng.random(n) < 0.5
    other = np.column_stack([other, other[:, 2] * half])
    other[half, 2] = 0
    other = np.delete(other, 3, axis=1)  # the second part of 2 is the last

    def blurred(codes):
        lost, stray = rng.random(codes.shape) < 0.03, rng.random(codes.shape) < 0.01
        codes = codes * (1 + noise * rng.normal(size=codes.shape)) * ~lost + 0.3 * stray
        return np.maximum(codes, 0)

    return blurred(z), blurred(other)


@pytest.mark.parametrize("seed", range(4))
def test_planted_kinds_are_found_and_no_others(seed):
    found = of_codes(planted(seed), stats.shuffled_folds(1200, 5, rng=0))
    first, second = found.first, found.second
    assert first.kind[:4].tolist() == ["absorbed", "shared", "split", "not found"]
    assert (first.kind[4:] == "shared").all()
    assert first.absorbers[0] == (1,) and first.parts[0] == (0,)
    assert sorted(first.parts[2]) == [2, 19]
    assert second.kind[[0, 2, 19]].tolist() == ["part"] * 3
    assert second.parts[19] == (2,) and second.parts[0] == (0,)
    assert (np.delete(second.kind, [0, 2, 19]) == "shared").all()
    assert (first.q_value[[0, 2]] <= 0.05).all() and np.isnan(first.q_value[1])
    # what several explain was measured on stimuli that chose none of them
    assert first.several[2] > 0.75 and first.one[2] < 0.6  # blurred; the larger half


def test_the_same_the_other_way_round():
    codes = planted(0)
    folds = stats.shuffled_folds(1200, 5, rng=0)
    one, other = of_codes(codes, folds), of_codes(codes[::-1], folds)
    assert one.first.kind.tolist() == other.second.kind.tolist()
    assert one.second.parts == other.first.parts


def test_a_dictionary_and_itself_turned_share_every_latent():
    codes, _ = planted(1)
    order = np.random.default_rng(0).permutation(20)
    found = of_codes([codes, 3 * codes[:, order]], stats.shuffled_folds(1200, 5, rng=0))
    assert (found.first.kind == "shared").all() and (found.second.kind == "shared").all()
    assert found.first.parts == tuple((int(np.flatnonzero(order == j)[0]),) for j in range(20))
    np.testing.assert_allclose(found.first.one, 1.0)


def test_latents_that_have_nothing_in_common_are_not_found():
    a, b = planted(0)[0], planted(9)[0]
    found = of_codes([a, b], stats.shuffled_folds(1200, 5, rng=0))
    assert set(found.first.kind) == {"not found"}
    assert (found.first.several < 0.1).all()  # held out: choice and weights pay for themselves


def test_what_is_rare_silent_or_near_the_border_is_not_decided():
    rng = np.random.default_rng(0)
    a = rng.uniform(0.5, 1.5, (200, 3)) * (rng.random((200, 3)) < [0.2, 0.02, 0.0])
    b = a + 0.0
    b[:, 0] += 0.62 * a[:, 0].std() * rng.normal(size=200) * (b[:, 0] > 0) * 2.2
    found = of_codes([a, np.maximum(b, 0)], stats.shuffled_folds(200, 5, rng=0))
    assert found.first.kind[1:].tolist() == ["undecided", "silent"]
    assert "active on" in found.first.reason[1]


def test_absorption_needs_the_parents_direction():
    codes = planted(0)
    folds = stats.shuffled_folds(1200, 5, rng=0)
    atoms = np.eye(20)
    with_it = np.delete(np.vstack([atoms, atoms[2]]), 3, axis=0)
    with_it[1] = (atoms[0] + atoms[1]) / np.sqrt(2)
    without = with_it.copy()
    without[1] = atoms[1]
    assert of_codes(codes, folds, [atoms, with_it]).first.kind[0] == "absorbed"
    assert of_codes(codes, folds, [atoms, without]).first.kind[0] != "absorbed"


def test_dependent_stimuli_count_once():
    codes = [np.repeat(each[:150], 8, axis=0) for each in planted(2)]
    apart = of_codes(codes, stats.shuffled_folds(1200, 5, rng=0))
    groups = stats.grouped_folds(np.repeat(np.arange(150), 8), 5, rng=0)
    together = of_codes(codes, groups)
    assert together.first.low[4] < apart.first.low[4]


def pursued(atoms, k=5):
    return ub.Dictionary(
        atoms=atoms, offset=np.zeros(atoms.shape[1]), method=ub.Pursuit(k=k), by="omp", k=k
    )


@pytest.fixture(scope="module")
def one_system():
    """Responses of a system, and two dictionaries of it: 2 is split in the second, 0 absorbed."""
    rng = np.random.default_rng(3)
    n = 900
    z = rng.uniform(0.5, 1.5, (n, 12)) * (rng.random((n, 12)) < 0.08)
    z[:, 0] = rng.uniform(0.5, 1.5, n) * (rng.random(n) < 0.2)
    z[:, 1] = z[:, 0] * (rng.random(n) < 0.4)  # a child, as strong as its parent
    context = np.where(rng.random(n) < 0.5, 0.7, -0.7)
    axes = np.linalg.qr(rng.normal(size=(13, 13)))[0]
    x = z @ axes[:12] + np.outer(z[:, 2] * context, axes[12])
    narrow = axes[:12]
    wide = np.vstack([axes[:12], axes[2] - 0.7 * axes[12]])
    wide[2] = axes[2] + 0.7 * axes[12]
    wide[1] = axes[0] + axes[1]
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    return x + 0.01 * rng.normal(size=x.shape), pursued(narrow), pursued(wide)


def test_two_sizes_of_one_system_by_their_own_codes(one_system):
    x, narrow, wide = one_system
    found = correspondence(narrow, wide, x)
    assert found.first.kind[2] == "split" and sorted(found.first.parts[2]) == [2, 12]
    assert found.first.kind[0] == "absorbed" and found.first.absorbers[0] == (1,)
    assert (found.first.kind[3:] == "shared").all()
    assert found.first.chance["shared"] < 0.2
    table = found.table(("narrow", "wide"))
    assert len(table) == 25 and set(table.dictionary) == {"narrow", "wide"}
    assert "of 12 latents shared" in repr(found)


def test_other_units_are_refused(one_system):
    x, narrow, wide = one_system
    with pytest.raises(InputError, match="second must be for the 13 units of x"):
        correspondence(narrow, pursued(np.eye(4)), x)
