"""Distances, canonical correlations, neighbours, the axis test, shared pairs, nested selection."""

import numpy as np
import pytest
import scipy.sparse as sp

from unbraid import align, stats
from unbraid.errors import InputError

FAST = {"permutations": 0, "resamples": 0}


def rotation(p, rng):
    return np.linalg.qr(rng.normal(size=(p, p)))[0]


@pytest.mark.parametrize("distance", [
    align.soft_matching_distance,
    align.shape_distance,
    lambda x, y: align.shape_distance(x, y, alpha=0.3),
    lambda x, y: align.shape_distance(x, y, kind="euclidean"),
    lambda x, y: align.shape_distance(x, y, alpha=0, kind="euclidean"),
])  # fmt: skip
def test_distances_are_metrics(distance, rng):
    z = rng.normal(size=(60, 5))
    a, b, c = (z @ rng.normal(size=(5, p)) + rng.normal(size=(60, p)) for p in (4, 7, 5))
    assert distance(a, a) == pytest.approx(0, abs=1e-6)
    assert distance(a, b) == pytest.approx(distance(b, a), abs=1e-9)
    assert distance(a, c) <= distance(a, b) + distance(b, c) + 1e-9
    assert distance(a, b) > 0.1


def test_shape_distance_ignores_rotations_or_all_linear_maps(rng):
    x, y = rng.normal(size=(2, 60, 5))
    turned, bent = x @ rotation(5, rng), x @ rng.normal(size=(5, 5))
    assert align.shape_distance(turned, y) == pytest.approx(align.shape_distance(x, y))
    assert align.shape_distance(x, bent, alpha=0) == pytest.approx(0, abs=1e-6)
    assert align.shape_distance(x, bent) > 0.1
    angle = np.arccos(align.procrustes(x, y, **FAST).in_sample)
    assert align.shape_distance(x, y) == pytest.approx(angle, abs=1e-9)
    assert np.isnan(align.shape_distance(x, np.ones_like(y)))
    for options, message in (({"kind": "city"}, "kind must be"), ({"alpha": 2}, "alpha must lie")):
        with pytest.raises(InputError, match=message):
            align.shape_distance(x, y, **options)


def test_soft_matching_distance_and_correlation_are_one_quantity(rng):
    x, y = rng.normal(size=(60, 5)), rng.normal(size=(60, 8))
    r = align.soft_matching(x, y, **FAST).in_sample
    assert align.soft_matching_distance(x, y) == pytest.approx(np.sqrt(2 - 2 * r), abs=1e-9)
    assert np.isnan(align.soft_matching_distance(x, np.ones_like(y)))


def test_canonical_correlations_agree_with_scikit_learn(rng):
    from sklearn.cross_decomposition import CCA

    z = rng.normal(size=(300, 3))
    x = z @ rng.normal(size=(3, 4)) + rng.normal(size=(300, 4))
    y = z @ rng.normal(size=(3, 3)) + rng.normal(size=(300, 3))
    a, b = CCA(n_components=3, max_iter=20_000, tol=1e-12).fit_transform(x, y)
    r = [np.corrcoef(a[:, i], b[:, i])[0, 1] for i in range(3)]
    assert align.cca(x, y, **FAST).in_sample == pytest.approx(np.mean(r), abs=1e-6)


def test_in_sample_canonical_correlation_is_one_for_noise_and_held_out_is_not(rng):
    x, y = rng.normal(size=(2, 40, 60))
    for metric in (align.cca, align.svcca, align.pwcca):
        score = metric(x, y, **FAST)
        assert score.in_sample > 0.9
        assert abs(score.value) < 0.15
    with pytest.raises(InputError, match="keep must be a share of variance"):
        align.svcca(x, y, keep=0)


def test_mutual_neighbours_by_hand():
    x = np.array([[0.0], [1.0], [2.5], [10.0]])
    y = np.array([[0.0], [1.0], [10.0], [2.5]])
    # nearest: x: 1 0 1 2; y: 1 0 3 1, so stimuli 0 and 1 agree
    score = align.mutual_knn(x, y, k=1, folds=2, **FAST)
    assert score.value == pytest.approx(0.5)
    assert align.cknna(x, y, k=3, folds=2, **FAST).value < 1


def test_cknna_of_all_neighbours_is_cka_without_the_diagonal(rng):
    x, y = rng.normal(size=(2, 30, 4))
    a, b = (v - v.mean(axis=0) for v in (x, y))
    k, m = a @ a.T, b @ b.T
    np.fill_diagonal(k, 0)
    np.fill_diagonal(m, 0)
    expected = (k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum())
    assert align.cknna(x, y, k=29, **FAST).value == pytest.approx(expected)


def test_a_wide_gaussian_kernel_is_linear(rng):
    x = rng.normal(size=(60, 4))
    y = x + rng.normal(size=(60, 4))
    wide = align.kernel_cka(x, y, bandwidth=100, **FAST).value
    assert wide == pytest.approx(align.cka_debiased(x, y, **FAST).value, abs=1e-3)
    with pytest.raises(InputError, match="bandwidth must be positive"):
        align.kernel_cka(x, y, bandwidth=0)


def test_kernel_cka_sees_what_no_linear_map_can(rng):
    angle = rng.uniform(0, 2 * np.pi, 300)
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    y = np.stack([np.cos(2 * angle), np.sin(2 * angle)], axis=1)
    assert abs(align.cka_debiased(x, y, **FAST).value) < 0.05
    assert align.kernel_cka(x, y, bandwidth=0.3, **FAST).value > 0.2


def test_jaccard_equals_the_plain_formula_in_sample(rng):
    x, y = (np.maximum(rng.normal(size=(80, p)), 0) for p in (6, 4))
    a, b = x > 0, y > 0
    plain = [[(a[:, i] & b[:, j]).sum() / (a[:, i] | b[:, j]).sum() for j in range(4)]
             for i in range(6)]  # fmt: skip
    score = align.jaccard(x, y, **FAST)
    assert score.in_sample == pytest.approx(np.max(plain, axis=0).mean())
    assert align.jaccard(sp.csr_array(x), sp.csr_array(y), **FAST).value == score.value


def test_the_axis_test_finds_privileged_axes_and_only_those(rng):
    z = rng.laplace(size=(500, 8))
    privileged = align.axis_test(z, z + rng.normal(size=z.shape), permutations=0)
    assert privileged.p_value == pytest.approx(1 / 21)
    assert privileged.privilege > 0.1
    turned = align.axis_test(z @ rotation(8, rng), z + rng.normal(size=z.shape), permutations=0)
    assert turned.p_value > 1 / 21
    space = align.axis_test(z, z, align.cka, rotations=3, permutations=0)
    assert space.privilege == pytest.approx(0, abs=1e-9)
    with pytest.raises(InputError, match="rotations must be a whole number >= 1"):
        align.axis_test(z, z, rotations=0)


def planted(kind, rng, n=400, shared=20, alone=40):
    def responses(columns):
        if kind == "sparse":
            return (rng.random((n, columns)) < 0.1) * rng.uniform(0.5, 1, (n, columns))
        if kind == "heavy":
            return rng.standard_t(4, size=(n, columns))
        return rng.normal(size=(n, columns))

    truth = responses(shared)
    sides = []
    for _ in range(2):
        noisy = truth * (rng.random(truth.shape) < 0.8) + 0.3 * responses(shared)
        sides.append(np.hstack([noisy, responses(alone)]))
    return sides


@pytest.mark.parametrize("kind", ["dense", "sparse", "heavy"])
def test_shared_pairs_finds_planted_matches_and_few_others(kind, rng):
    false, found = [], []
    for seed in range(5):
        x, y = planted(kind, rng)
        pairs = align.shared_pairs(x, y, rate=0.1, permutations=20, rng=seed)
        true = np.zeros(60, dtype=bool)
        true[:20] = pairs.source[:20] == np.arange(20)
        false.append((pairs.shared & ~true).sum() / max(pairs.shared.sum(), 1))
        found.append((pairs.shared & true).sum() / 20)
    assert np.mean(false) <= 0.13
    assert np.mean(found) > 0.9


def test_a_match_that_does_not_survive_refitting_is_not_a_match(rng):
    x, y = planted("dense", rng)
    lost = x.copy()
    lost[:, 5] = rng.normal(size=400)
    plain, strict = align.shared_pairs(x, y), align.shared_pairs(x, y, refits=[lost[:, ::-1]])
    assert plain.shared[5]
    assert not strict.shared[5]
    assert strict.shared[:5].all()


def test_shared_pairs_of_codes_are_those_of_the_dense_matrix(rng):
    x, y = planted("sparse", rng)
    dense, codes = align.shared_pairs(x, y), align.shared_pairs(sp.csr_array(x), sp.csr_array(y))
    np.testing.assert_array_equal(dense.source, codes.source)
    np.testing.assert_allclose(dense.r, codes.r, atol=1e-10)
    np.testing.assert_allclose(dense.p_value, codes.p_value, atol=1e-10)
    for options, message in (({"rate": 1}, "rate must lie"), ({"permutations": 0}, ">= 1, got 0")):
        with pytest.raises(InputError, match=message):
            align.shared_pairs(x, y, **options)


@pytest.mark.seed(1)
def test_nested_selection_is_not_optimistic(rng):
    y = rng.normal(size=(60, 3))
    layers = {str(i): rng.normal(size=(60, 3)) for i in range(20)}
    found = align.best_of(layers, y, align.semi_matching, **FAST)
    assert found.optimism > 0.05
    assert abs(found.value) < 0.25
    layers["7"] = y + 0.2 * rng.normal(size=y.shape)
    assert set(align.best_of(layers, y, **FAST).chosen) == {"7"}
    with pytest.raises(InputError, match="at least 4 folds"):
        align.best_of(layers, y, folds=3)
    with pytest.raises(InputError, match="must be held out"):
        align.best_of(layers, y, align.cka)
    with pytest.raises(InputError, match="at least one system"):
        align.best_of({}, y)


@pytest.mark.parametrize("kind", ["stimuli", "groups"])
def test_the_interval_of_the_best_is_made_of_what_each_fold_s_choice_loses(kind, rng):
    y, noise = rng.normal(size=(2, 60, 4))
    if kind == "groups":
        labels = stats.grouped_folds(np.arange(60) // 3, 5)
    else:
        labels = stats.shuffled_folds(60, 5)
    spoilt = np.where(labels[:, None] == 0, 3 * noise, y + 0.1 * noise)
    sources = {"a": spoilt, "b": y + 0.7 * noise}
    found = align.best_of(sources, y, folds=labels, permutations=0, resamples=1)
    assert found.chosen == ("a", "b", "b", "b", "b")  # only the fold that spoils "a" cannot see it
    of_piece = np.asarray(labels) if kind == "stimuli" else np.asarray(labels)[::3]
    losses = [found.scores[found.chosen[f]].influence[i] for i, f in enumerate(of_piece)]
    bounds = stats.student_interval(found.value, stats.jackknife_spread(losses))
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high))
    alone = align.best_of({"a": sources["a"]}, y, folds=labels, permutations=0, resamples=0)
    assert np.isnan([alone.low, alone.high]).all()


def test_ceilings_from_repeats(rng):
    from unbraid.responses import Responses

    signal = rng.normal(size=(1500, 4))
    trials = signal + rng.normal(size=(4, 1500, 4))
    noisy = Responses(trials.mean(axis=0), repeats=trials)
    expected = np.sqrt(4 / 5)
    assert align.ridge(signal, noisy, **FAST).ceiling == pytest.approx(expected, abs=0.02)
    assert align.ridge_r2(signal, noisy, **FAST).ceiling == pytest.approx(4 / 5, abs=0.02)
    score = align.semi_matching(signal, noisy, **FAST)
    assert score.value / score.ceiling == pytest.approx(1, abs=0.03)
    other = signal + rng.normal(size=(4, 1500, 4))
    both = align.semi_matching(Responses(other.mean(axis=0), repeats=other), noisy, **FAST)
    assert both.ceiling == pytest.approx(4 / 5, abs=0.02)
    assert both.value / both.ceiling == pytest.approx(1, abs=0.04)


def test_partial_soft_matching_leaves_out_what_nothing_matches(rng):
    import ot

    z = rng.normal(size=(300, 6))
    x = np.hstack([z, rng.normal(size=(300, 4))])
    y = np.hstack([z + 0.3 * rng.normal(size=z.shape), rng.normal(size=(300, 4))])
    whole, part = align.soft_matching(x, y, **FAST), align.soft_matching(x, y, mass=0.6, **FAST)
    assert part.value > 0.9 > 0.7 > whole.value
    assert part.coverage == pytest.approx(0.6, abs=0.05)
    assert set(np.flatnonzero(part.matching >= 0)) == set(range(6))
    assert part.gap < 1e-9
    r = np.corrcoef(x.T, y.T)[:10, 10:]
    plan = ot.partial.partial_wasserstein(np.full(10, 0.1), np.full(10, 0.1), 1 - r, m=0.6)
    assert part.in_sample == pytest.approx((plan * r).sum() / 0.6, abs=1e-8)
    with pytest.raises(InputError, match=r"mass must lie in \(0, 1\], got 0"):
        align.soft_matching(x, y, mass=0)
    with pytest.raises(InputError, match="matches all mass"):
        align.soft_matching(x, y, mass=0.5, protocol="longon2025")


def test_cosine_of_dissimilarities_is_the_plain_formula(rng):
    from scipy.spatial.distance import cosine, pdist

    x, y = rng.normal(size=(2, 40, 5))
    expected = 1 - cosine(pdist(x, "sqeuclidean"), pdist(y, "sqeuclidean"))
    score = align.rsa(x, y, compare="cosine", permutations=5)
    assert score.value == pytest.approx(expected, abs=1e-10)
    assert score.null > 0.5
