"""Accounting of best partners: 1 for the same latents, chance where there is no relation."""

import numpy as np
import pytest
import scipy.sparse as sp

from unbraid import align
from unbraid.errors import InputError


def latents(rng, n=600, m=40, density=0.03):
    return rng.uniform(0.5, 1.5, (n, m)) * (rng.random((n, m)) < density)


@pytest.fixture(scope="module")
def half():
    """Target latents of which a holds the first twenty and b the first ten."""
    rng = np.random.default_rng(0)
    z = latents(rng)
    a = np.hstack([3 * z[:, 19::-1], latents(rng, m=15)])
    b = np.hstack([z[:, :10], latents(rng, m=25)])
    return z, a, b


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("metric", [align.wmppc, align.mutual_best])
def test_best_partners_of_independent_latents_are_chance(metric, seed):
    rng = np.random.default_rng(seed)
    score = metric(latents(rng), latents(rng))
    assert abs(score.value) < 0.02
    assert score.p_value > 0.05
    assert align.max_pairwise(latents(rng), latents(rng), permutations=0).value > 0.1


def test_wmppc_is_the_formula_of_weights(half):
    z, a, _ = half
    score = align.wmppc(a, z)
    plain = align.semi_matching(a, z)
    mass = z.sum(axis=0)
    assert score.value == pytest.approx(plain.per_target @ mass / mass.sum(), abs=1e-12)
    assert score.coverage == 1
    assert score.low < score.value < score.high
    assert score.p_value < 0.05
    loud = z * np.where(np.arange(40) < 20, 100, 1)
    assert align.wmppc(a, loud, permutations=0).value > 0.98  # those that a holds


def test_wmppc_of_codes_is_that_of_dense_responses(half):
    z, a, _ = half
    sparse = align.wmppc(sp.csr_array(a), sp.csr_array(z))
    dense = align.wmppc(a, z)
    np.testing.assert_allclose(
        [sparse.value, sparse.low, sparse.null], [dense.value, dense.low, dense.null], atol=1e-12
    )


def test_interval_of_a_weighted_mean_is_that_of_deleting_stimuli(half):
    """With the partners fixed, deleting a stimulus moves the value by what influence says."""
    z, a, _ = half
    folds = np.arange(600) % 3
    for metric in (align.wmppc, align.mutual_best):
        score = metric(a + 0.1, z + 0.05 * a[:, ::-1][:, :1], folds=folds, permutations=0)
        assert np.isfinite(score.influence).all()
        assert abs(score.influence.sum()) < 0.05
        assert score.high - score.low > 0


def test_mutual_partners_are_those_that_are_there(half):
    z, a, _ = half
    found = align.mutual_partners(a, z)
    assert (found.partner[:20] == np.arange(20)[::-1]).all()
    assert found.count - 20 < found.expected
    assert found.p_value == 0.01
    assert found.low <= found.count <= found.high
    score = align.mutual_best(a, z)
    np.testing.assert_allclose(score.per_target[:20], 1)
    assert score.value == pytest.approx(0.5, abs=0.03)
    assert abs(score.per_target[20:].mean()) < 0.05


@pytest.mark.parametrize("seed", range(3))
def test_mutual_partners_of_independent_latents_are_as_expected(seed):
    rng = np.random.default_rng(seed)
    found = align.mutual_partners(latents(rng), latents(rng), top=5)
    assert abs(found.count - found.expected) < 10
    assert found.p_value > 0.05
    one = align.mutual_partners(latents(rng), latents(rng), top=1)
    assert one.expected < found.expected


def test_five_best_are_more_than_one():
    """Two targets follow one source: it chooses one of them, and has both among its five best."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 6))
    y = np.hstack([x, x[:, :1] + 0.5 * rng.normal(size=(300, 1))])
    assert align.mutual_partners(x, y, top=1).count == 6
    assert align.mutual_partners(x, y, top=5).count == 7
    assert align.mutual_best(x, y, top=5).value > align.mutual_best(x, y, top=1).value + 0.1


def test_in_one_and_not_in_the_other(half):
    z, a, b = half
    found = align.sharedness(z, {"a": a}, {"b": b})
    assert found.found[10:20].all()
    assert found.found[:10].sum() == found.found[20:].sum() == 0
    np.testing.assert_allclose(found.delta[:10], 0, atol=1e-9)
    assert found.delta[10:20].min() > 0.9  # the published code's minimum starts from zeros
    both = align.sharedness(z, {"a": a, "b": b})
    assert both.found[:10].all()
    assert not both.found[10:].any()
    assert abs(both.null) < 0.01
    table = found.table()
    assert list(table.columns) == ["latent", "delta", "low", "high", "p", "q", "r_a", "r_b"]
    assert repr(found) == "Sharedness(10 of 40 latents in a, not in b)"


def test_sharedness_of_codes_is_that_of_dense_responses(half):
    z, a, b = half
    dense = align.sharedness(z, {"a": a}, {"b": b}, permutations=2)
    codes = (sp.csr_array(each) for each in (z, a, b))
    z, a, b = codes
    sparse = align.sharedness(z, {"a": a}, {"b": b}, permutations=2)
    np.testing.assert_allclose(sparse.delta, dense.delta, atol=1e-9)
    np.testing.assert_allclose(sparse.low, dense.low, atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_shared_by_independent_systems(seed):
    rng = np.random.default_rng(seed)
    found = align.sharedness(latents(rng), {"a": latents(rng), "b": latents(rng)})
    assert found.found.sum() == 0


def test_groups_that_make_no_question_are_refused(half):
    z, a, b = half
    with pytest.raises(InputError, match="within must name at least one"):
        align.sharedness(z, {})
    with pytest.raises(InputError, match="a cannot be both in within and in without"):
        align.sharedness(z, {"a": a}, {"a": b})
    with pytest.raises(InputError, match="top"):
        align.mutual_best(a, z, top=0)
