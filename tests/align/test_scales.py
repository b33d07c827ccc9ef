"""One unit of another scale, close pairs, and a stimulus beyond all others."""

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from unbraid import align, stats
from unbraid.align import METRICS
from unbraid.align.geometry._rdm import correlation_distance, snapped, squared_euclidean
from unbraid.sparse import PCA, fit

FAST = {"permutations": 0, "resamples": 0}
OF_SCALES = ["ridge", "cka", "cka_debiased", "rsa", "procrustes", "mutual_knn"]


def with_a_large_unit(scale, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(300, 10))
    y = x @ rng.normal(size=(10, 6)) + 1.5 * rng.normal(size=(300, 6))
    return x, np.column_stack([x, scale * rng.normal(size=300)]), y


@pytest.mark.parametrize("scale", [1e3, 1e5, 1e6])
def test_ridge_reads_beside_an_irrelevant_unit_of_another_scale(scale):
    x, wide, y = with_a_large_unit(scale)
    plain = align.ridge(x, y, **FAST)
    beside = align.ridge(wide, y, **FAST)
    assert beside.value == pytest.approx(plain.value, abs=0.02)
    moments = stats.fold_moments(wide, y, folds=5)
    assert align.streamed.ridge(moments).value == pytest.approx(beside.value, abs=0.02)
    assert any("unit 10 of the source holds" in line for line in beside.warnings)
    assert not any("holds" in line for line in plain.warnings)


@pytest.mark.parametrize("name", OF_SCALES)
def test_a_unit_that_decides_alone_is_named(name):
    x, wide, y = with_a_large_unit(1e6)
    compute = METRICS[name].compute
    assert any("unit 10 of the source holds" in line for line in compute(wide, y, **FAST).warnings)
    assert not any("holds" in line for line in compute(x, y, **FAST).warnings)


def test_the_side_with_a_unit_that_decides_is_named_by_its_part():
    # not by a letter: from y to x the source is y
    _, wide, y = with_a_large_unit(1e6)
    assert any(
        "unit 10 of the target holds" in line for line in align.cka(y, wide, **FAST).warnings
    )


@pytest.mark.parametrize("name", ["semi_matching", "one_to_one", "soft_matching"])
def test_matching_has_no_such_unit(name):
    _, wide, y = with_a_large_unit(1e6)
    assert not any("holds" in line for line in METRICS[name].compute(wide, y, **FAST).warnings)


@pytest.mark.parametrize("name", ["ridge", "semi_matching", "cka", "rsa", "procrustes"])
def test_intervals_stay_in_the_range_of_the_score(name):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)), rng.normal(size=(60, 4))
    x[7] = y[7] = 1e8  # one stimulus that both share
    score = METRICS[name].compute(x, y, permutations=0, resamples=50)
    for number in (score.low, score.high, *score.replicates):
        assert np.isnan(number) or -1 <= number <= 1


@pytest.mark.parametrize("name", METRICS)
def test_intervals_stay_in_the_range_that_each_metric_has(name):
    rng = np.random.default_rng(0)
    x, y = np.maximum(rng.normal(size=(2, 60, 4)) - 1, 0)
    x[7] = 1e4  # on one side alone: the score is near its least
    score = METRICS[name].compute(x, y, permutations=0, resamples=50)
    for number in (score.low, score.value, score.high, *score.replicates):
        assert np.isnan(number) or METRICS[name].low <= number <= 1


@pytest.mark.parametrize("name", ["jaccard", "ridge", "semi_matching"])
def test_the_interval_of_the_best_source_stays_there_too(name):
    rng = np.random.default_rng(0)
    x, other, y = np.maximum(rng.normal(size=(3, 60, 4)) - 1.2, 0)
    best = align.best_of({"a": x, "b": other}, y, metric=METRICS[name].compute, permutations=0)
    assert METRICS[name].low <= best.low <= best.value <= best.high <= 1


@pytest.mark.parametrize("value", [-0.5, -1.0, -1.5, -20.0])
def test_a_share_of_variance_is_stretched_by_its_logarithm_below_minus_one_too(value):
    found = stats.student_interval(value, stats.Spread(2.0, 1e9), least=-np.inf)
    reach = 1.9599640 * 2 / (1 - value)
    assert found.low == pytest.approx(1 - (1 - value) * np.exp(reach), rel=1e-6)
    assert found.high == pytest.approx(1 - (1 - value) * np.exp(-reach), rel=1e-6)


@pytest.mark.parametrize("compare", ["kendall", "spearman", "pearson"])
@pytest.mark.parametrize("scale", [1e-3, 1e-5, 1e-7])
def test_small_distances_keep_their_order(compare, scale):
    """A far stimulus must not turn the distances of all others into ties."""
    rng = np.random.default_rng(0)
    x = scale * rng.normal(size=(12, 3))
    x[0] += 1
    y = 2 * x[:, ::-1]
    assert align.rsa(x, y, compare=compare, **FAST).value == pytest.approx(1, abs=1e-9)
    upper = np.triu_indices(12, 1)
    exact = np.array([np.square(x[s] - x[t]).sum() for s, t in zip(*upper, strict=True)])
    np.testing.assert_allclose(squared_euclidean(x)[upper], exact, rtol=1e-12)
    if compare != "pearson":
        oracle = {"kendall": kendalltau, "spearman": spearmanr}[compare]
        z = rng.normal(size=(12, 2))
        found = align.rsa(x, z, compare=compare, **FAST).value
        of_z = np.array([np.square(z[s] - z[t]).sum() for s, t in zip(*upper, strict=True)])
        assert found == pytest.approx(oracle(exact, of_z).statistic, abs=1e-9)


def test_correlation_distances_of_rows_nearly_alike_are_exact():
    rng = np.random.default_rng(1)
    base = rng.normal(size=8)
    x = np.array([base + 10.0**-k * rng.normal(size=8) for k in range(2, 8)])
    z = x - x.mean(axis=1, keepdims=True)
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    exact = np.square(z[:, None] - z).sum(axis=2) / 2
    np.testing.assert_allclose(correlation_distance(x), exact, rtol=1e-8, atol=1e-30)


def test_what_differs_by_rounding_only_is_tied_and_nothing_else():
    values = np.array([-2.0, -2.0 * (1 + 1e-15), -1e-20, 0.0, 1e-20, 1.0, 1 + 1e-15, 1 + 1e-9])
    found = snapped(values)
    assert found[0] == found[1]
    assert found[5] == found[6] < found[7]
    assert (np.diff(found[[0, 2, 3, 4, 5, 7]]) > 0).all()
    np.testing.assert_allclose(found, values, rtol=1e-12)


def test_rotated_duplicates_are_ties():
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(6, 20)), 3, axis=0) + 100
    turned = x @ np.linalg.qr(rng.normal(size=(20, 20)))[0]
    np.testing.assert_array_equal(squared_euclidean(x) == 0, squared_euclidean(turned) == 0)


@pytest.mark.parametrize("metric", [align.rsa, align.cka, align.ridge], ids=lambda m: m.__name__)
def test_a_matrix_of_stimuli_by_stimuli_is_called_that(metric):
    """As arrays in memory too; a square matrix of responses is not."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 30, 30))
    rdm = np.linalg.norm(x[:, None] - x, axis=2)
    options = {"permutations": 0, "resamples": 0}
    for a, b, side in ((rdm, y, "x"), (y, rdm, "y"), (x, np.corrcoef(y), "y")):
        said = [line for line in metric(a, b, **options).warnings if "square symmetric" in line]
        assert len(said) == 1 and said[0].startswith(f"{side} holds")
    assert not any("symmetric" in line for line in metric(x, y, **options).warnings)


def test_what_grows_with_the_cube_of_the_units_is_said_before(monkeypatch):
    import unbraid.align.geometry._weighted_rsa as module

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 40)), rng.normal(size=(60, 3))
    align.weighted_rsa(x, y, permutations=0, resamples=0)
    monkeypatch.setattr(module, "_LONG", 1e-9)
    with pytest.warns(RuntimeWarning, match="weighted_rsa of 40 units takes about"):
        align.weighted_rsa(x, y, permutations=0, resamples=0)


@pytest.mark.parametrize("n_large", [5, 10, 20])
@pytest.mark.parametrize("scale", [1e4, 1e6])
def test_ridge_reads_beside_many_irrelevant_units_of_another_scale(n_large, scale):
    x, _, y = with_a_large_unit(1)
    noise = np.random.default_rng(1).normal(size=(300, n_large))
    alike, wide = np.hstack([noise, x]), np.hstack([scale * noise, x])
    plain, beside = align.ridge(alike, y, **FAST), align.ridge(wide, y, **FAST)
    assert beside.value == pytest.approx(plain.value, abs=0.02)
    moments = stats.fold_moments(wide, y, folds=5)
    assert align.streamed.ridge(moments).value == pytest.approx(beside.value, abs=0.02)
    r2 = [align.ridge_r2(each, y, **FAST).value for each in (alike, wide)]
    assert r2[1] == pytest.approx(r2[0], abs=0.03)
    several = f"{n_large} units (0, 1, 2, 3, 4{', ...' if n_large > 5 else ''}) of the source hold"
    assert any(several in line for line in beside.warnings)
    assert not any("hold" in line for line in plain.warnings)


@pytest.mark.parametrize("name", [*OF_SCALES, "pls", "svcca"])
def test_units_that_decide_together_are_named(name):
    x, _, y = with_a_large_unit(1)
    wide = np.hstack([x, 1e3 * np.random.default_rng(1).normal(size=(300, 10))])
    lines = METRICS[name].compute(wide, y, **FAST).warnings
    assert any("10 units (10, 11, 12, 13, 14, ...) of the source hold" in line for line in lines)


@pytest.mark.parametrize("name", ["cca", "semi_matching"])
def test_what_does_not_depend_on_scales_names_none_and_stays(name):
    x, _, y = with_a_large_unit(1)
    scales = np.where(np.arange(10) < 5, 1e6, 1.0)
    plain, scaled = (METRICS[name].compute(each, y, **FAST) for each in (x, x * scales))
    assert scaled.value == pytest.approx(plain.value, abs=1e-6)
    assert not any("hold" in line for line in scaled.warnings)


@pytest.mark.parametrize("seed", range(5))
def test_units_of_many_scales_without_a_gap_are_not_named(seed):
    rng = np.random.default_rng(seed)
    spread = rng.lognormal(sigma=1.5, size=60)  # of a layer: a hundredfold and more
    x = rng.normal(size=(200, 60)) * spread
    assert stats.dominating_units(x) == ("", 0.0)
    x[:, :3] *= 1e-6  # three that are all but dead
    assert stats.dominating_units(x) == ("", 0.0)
    x[:, :3], x[:, 3:] = rng.normal(size=(200, 3)), 0
    assert stats.dominating_units(x) == ("", 0.0)
    assert stats.dominating_units(np.zeros((5, 4))) == ("", 0.0)


def test_a_dictionary_of_a_few_large_units_says_so():
    x, _, _ = with_a_large_unit(1)
    wide = np.hstack([x, 1e4 * np.random.default_rng(1).normal(size=(300, 4))])
    with pytest.warns(RuntimeWarning, match=r"4 units \(10, 11, 12, 13\) of x hold 100.0% of its"):
        fit(wide, PCA(), rng=0)


@pytest.mark.parametrize("p, scale", [(20, 12), (200, 100), (2000, 100)])
def test_one_unit_that_decides_cka_is_named(p, scale):
    """With the half of the variance it has more squared variance than all others together."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(150, p))
    y = x + 0.3 * rng.normal(size=(150, p))
    wide = np.column_stack([x, scale * rng.normal(size=150)])
    plain, scaled = (METRICS["cka"].compute(each, y, **FAST) for each in (x, wide))
    assert plain.value > 0.8
    assert scaled.value < plain.value / 2
    assert any(f"unit {p} of the source holds" in line for line in scaled.warnings)
    assert not any("holds" in line for line in plain.warnings)
    assert not any(
        "holds" in line for line in METRICS["semi_matching"].compute(wide, y, **FAST).warnings
    )
