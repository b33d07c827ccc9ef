"""Intervals, nulls and p-values from moments of groups are those of the arrays."""

import warnings

import numpy as np
import pytest

from unbraid import align, stats
from unbraid.align import streamed
from unbraid.errors import InputError
from unbraid.stats._group_moments import deletion_groups

NAMES = ("semi_matching", "one_to_one", "soft_matching", "ridge", "ridge_r2", "cka", "procrustes",
         "cca", "svcca", "pwcca")  # fmt: skip
KEPT = stats.Permutations(20, fits="kept")


def systems(rng, n=600, p=12, q=9, share=1.0):
    z = share * rng.normal(size=(n, 5))
    x = z @ rng.normal(size=(5, p)) + rng.normal(size=(n, p))
    y = z @ rng.normal(size=(5, q)) + rng.normal(size=(n, q))
    x[:, 3], y[:, 2] = 4.0, -1.0  # constant
    x[:, 5] = x[:, 4]
    return x, y


def blocked(moments, labels):
    """Return folds of which whole groups are deleted."""
    folds = stats.as_folds(moments.fold[labels], len(labels))
    folds.blocks = labels
    return folds


@pytest.fixture
def found(rng):
    x, y = systems(rng)
    moments = stats.group_moments(x, y, groups=4, rng=3, rows=70, order="exchangeable")
    streams = np.random.default_rng(3).spawn(3)
    labels, fold = deletion_groups(stats.shuffled_folds(600, 5, streams[0]), 4, streams[1])
    np.testing.assert_array_equal(fold, moments.fold)
    return x, y, moments, labels


@pytest.mark.parametrize("name", NAMES)
def test_losses_are_those_of_deleted_blocks(name, found):
    x, y, moments, labels = found
    score = getattr(streamed, name)(moments)
    plain = {"rng": 3, "order": "exchangeable"}
    whole = getattr(align, name)(x, y, permutations=0, resamples=0, **plain)
    assert score.value == pytest.approx(whole.value, abs=1e-10)
    np.testing.assert_allclose(score.per_target, whole.per_target, atol=1e-10)
    expected = getattr(align, name)(x, y, folds=blocked(moments, labels), permutations=0, **plain)
    if name == "cka":  # there the arrays' losses are of first order: exact ones by hand
        keep = [labels != group for group in range(20)]
        bare = {"permutations": 0, "resamples": 0, "order": "exchangeable"}
        left = [align.cka(x[k], y[k], **bare).value for k in keep]
        np.testing.assert_allclose(score.influence, whole.value - np.array(left), atol=1e-12)
        return
    np.testing.assert_allclose(score.influence, expected.influence, atol=1e-12)
    assert (score.low, score.high) == pytest.approx((expected.low, expected.high), abs=1e-10)


@pytest.mark.parametrize("name", NAMES[:5] + ("procrustes",))
def test_null_is_the_mean_over_orders_of_held_out_stimuli(name, found):
    x, y, moments, _ = found
    kept = getattr(align, name)(x, y, rng=3, order="exchangeable", permutations=KEPT, resamples=0)
    assert getattr(streamed, name)(moments).null == pytest.approx(kept.null, abs=1e-12)


def test_null_of_cka_is_the_mean_over_orders(rng):
    x, y = systems(rng, n=40)
    moments = stats.group_moments(x, y, groups=2, order="exchangeable")
    a, b = x - x.mean(axis=0), y - y.mean(axis=0)
    norm = np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)
    values = [np.sum((a.T @ b[rng.permutation(40)]) ** 2) / norm for _ in range(2000)]
    error = np.std(values) / np.sqrt(len(values))
    assert streamed.cka(moments).null == pytest.approx(np.mean(values), abs=4 * error)


@pytest.mark.parametrize("name", ["semi_matching", "ridge", "procrustes", "cca"])
def test_variance_of_the_statistic_is_that_of_permuted_rows(name, rng):
    """The standard score of a fold, by the moments, has mean 0 and variance 1 over all orders."""
    x, y = systems(rng, n=90, p=6, q=4)
    folds = np.arange(90) % 3
    drawn = []
    for _ in range(150):
        order = np.arange(90)
        rows = np.flatnonzero(folds == 0)
        order[rows] = rng.permutation(rows)  # only held-out rows of fold 0: its fit stays
        tests = align._held_out_moments.HeldOutTests()
        moments = stats.group_moments(x, y[order], folds=folds, groups=2, order="exchangeable")
        given = moments.folds()
        if name == "semi_matching":
            from unbraid.align.matching.solvers._streamed_matching import MomentMatched, best_each

            MomentMatched(given, "signed", best_each, moments, tests).estimate(None, False)
        elif name == "ridge":
            from unbraid.align.regression._streamed_ridge import streamed_ridge

            # its penalty is chosen on the other folds alone
            streamed_ridge(given, False, None, moments, tests)
        elif name == "procrustes":
            from unbraid.align.geometry._streamed_procrustes import streamed_procrustes

            streamed_procrustes(given, None, moments, tests)
        else:
            from unbraid.align.geometry._streamed_canonical import streamed_canonical

            streamed_canonical(given, 1.0, False, moments, tests)
        drawn.append(tests.scores[0])
    assert abs(np.mean(drawn)) < 4 / np.sqrt(150)
    assert np.var(drawn) == pytest.approx(1.0, abs=0.5)


@pytest.mark.parametrize("name", ["semi_matching", "ridge", "cka", "procrustes", "cca"])
def test_independent_systems_are_seldom_called_related(name):
    rejected = {0.0: 0, 1.0: 0}
    for share in rejected:
        for seed in range(60):
            x, y = systems(np.random.default_rng(seed), n=200, p=8, q=6, share=share)
            moments = stats.group_moments(x, y, groups=2, rng=seed, order="exchangeable")
            rejected[share] += getattr(streamed, name)(moments).p_value <= 0.05
    assert rejected[0.0] <= 8  # of 60: above it lies 1 in 100 draws of .05
    assert rejected[1.0] == 60


def test_intervals_cover_the_expected_score():
    covered = {name: [] for name in ("semi_matching", "cka")}
    for seed in range(80):
        rng = np.random.default_rng(seed)
        z = rng.normal(size=(400, 3))
        maps = np.random.default_rng(1).normal(size=(2, 3, 6))
        x, y = (z @ of + rng.normal(size=(400, 6)) for of in maps)
        moments = stats.group_moments(x, y, groups=5, rng=seed, order="exchangeable")
        for name, scores in covered.items():
            scores.append(getattr(streamed, name)(moments))
    for name, scores in covered.items():
        mean = np.mean([score.value for score in scores])
        share = np.mean([score.low <= mean <= score.high for score in scores])
        assert share >= 0.87, name  # of 80: below it lies 1 in 400 draws of .95


def test_groups_keep_blocks_whole_and_neighbours_together(rng):
    blocks = np.arange(600) // 10
    folds = stats.grouped_folds(blocks, 5)
    labels, fold = deletion_groups(folds, 4, rng)
    assert len(fold) == 20
    assert all(len(np.unique(labels[blocks == b])) == 1 for b in range(60))
    np.testing.assert_array_equal(fold[labels], np.asarray(folds))
    series = stats.contiguous_folds(600, 3, run=20, gap=8)
    labels, fold = deletion_groups(series, 4, rng)
    used = labels >= 0
    np.testing.assert_array_equal(used, np.asarray(series) >= 0)
    assert (np.diff(labels[used]) >= 0).all()


def test_dependent_stimuli_have_no_p_value(rng):
    """Fifty draws, each shown ten times: independent systems whose rows are no null."""
    blocks = np.repeat(np.arange(50), 10)
    x, y = (side[blocks] + 0.1 * rng.normal(size=(500, 4)) for side in rng.normal(size=(2, 50, 4)))
    moments = stats.group_moments(x, y, folds=stats.grouped_folds(blocks, 5), groups=5)
    assert moments.dependent
    for name in NAMES:
        score = getattr(streamed, name)(moments)
        assert np.isnan(score.p_value)
        assert score.low < score.high
        assert "no p-value: groups keep dependent stimuli together" in " ".join(score.warnings)


def test_stimuli_in_time_have_no_p_value(rng):
    x, y = rng.normal(size=(2, 600, 3)).cumsum(axis=1)
    score = streamed.ridge(stats.group_moments(x, y, groups=3))
    assert score.order in ("time", "drift")
    assert np.isnan(score.p_value)
    assert score.low < score.value


def test_what_is_not_known_is_nan(rng):
    x, y = systems(rng)
    without = streamed.semi_matching(
        stats.group_moments(x, y, groups=2, within=False, order="exchangeable")
    )
    assert np.isnan(without.p_value)
    assert without.low < without.value < without.high
    assert np.isnan(streamed.semi_matching(stats.fold_moments(x, y)).low)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        none = stats.group_moments(x, np.ones((600, 2)), groups=2, order="exchangeable")
        for name in NAMES:
            score = getattr(streamed, name)(none)
            assert np.isnan([score.value, score.low, score.p_value]).all(), name


def test_a_copy_has_a_certain_score(rng):
    x = rng.normal(size=(300, 4))
    score = streamed.semi_matching(stats.group_moments(x, x[:, ::-1], groups=2))
    assert (score.low, score.value, score.high) == pytest.approx((1.0, 1.0, 1.0), abs=1e-9)


def test_messages(rng):
    x, y = systems(rng)
    with pytest.raises(InputError, match="groups must be a whole number >= 2, got 1"):
        stats.group_moments(x, y, groups=1)
    with pytest.raises(InputError, match="must number the folds of 2 groups from 0"):
        stats.GroupMoments(groups=stats.FoldMoments.empty(2, 2, 2), fold=np.array([0, 2]))
