"""Input that nobody means to give: it is scored as what it says, or refused in one line."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp

from unbraid import align, stats
from unbraid.align import METRICS
from unbraid.errors import InputError

FAST = {"permutations": 0, "resamples": 10}
ALL = sorted(METRICS)
CANONICAL = ["cca", "svcca", "pwcca"]


def related(rng, n=30, p=6, q=5):
    z = rng.normal(size=(n, 4))
    return tuple(
        z @ rng.normal(size=(4, width)) + 0.5 * rng.normal(size=(n, width)) for width in (p, q)
    )


@pytest.mark.parametrize("name", ALL)
def test_numbers_at_the_ends_of_float64_are_scored_or_refused(name, rng):
    x, y = related(rng)
    compute = METRICS[name].compute
    score = compute(x, y, **FAST)
    for scale in (1e-50, 1e50):
        for other in (scale, 1 / scale):  # powers of both sides meet in norms
            found = compute(x * scale, y * other, **FAST)
            assert (found.value, found.low) == pytest.approx((score.value, score.low), abs=1e-9)
    for scale in (1e-310, 1e-200, 1e200, 1e307):
        with pytest.raises(InputError, match="x must have a largest value between 1e-60 and 1e"):
            compute(x * scale, y, **FAST)
        with pytest.raises(InputError, match="y must have a largest value between"):
            compute(sp.csr_array(x), sp.csr_array(y * scale), **FAST)


@pytest.mark.parametrize("name", ALL)
def test_entries_of_codes_that_are_given_twice_add_up(name, rng):
    x, y = related(rng)
    codes, y = sp.csr_array(x * (x > 0.5)), y * (y > 0.5)
    once = codes.tocoo()
    parts = [np.concatenate([part, part]) for part in (once.row, once.col)]
    data = np.concatenate([0.25 * once.data, 0.75 * once.data])
    order = np.lexsort((np.arange(len(data)), parts[0]))  # rows in order, columns twice in each
    starts = np.concatenate([[0], np.cumsum(np.bincount(parts[0], minlength=len(x)))])
    twice = sp.csr_array((data[order], parts[1][order], starts), shape=codes.shape)
    given = twice.data.copy()
    compute = METRICS[name].compute
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of codes that are silent in some fold
        plain = compute(codes, sp.csr_array(y), **FAST)
        doubled = compute(twice, sp.csr_array(y), **FAST)
    np.testing.assert_allclose(
        [doubled.value, doubled.low, doubled.in_sample], [plain.value, plain.low, plain.in_sample],
        atol=1e-9,
    )  # fmt: skip
    np.testing.assert_array_equal(twice.data, given)


@pytest.mark.parametrize("name", CANONICAL)
def test_scales_of_units_many_decades_apart_change_nothing(name, rng):
    x, y = related(rng)
    decades = np.logspace(-12, 12, 5)
    compute = METRICS[name].compute
    if name != "svcca":
        assert compute(x, y * decades, **FAST).value == pytest.approx(
            compute(x, y, **FAST).value, abs=1e-9
        )
    constant = np.hstack([y, np.full((len(y), 1), 7.1)])  # whose rounding is no unit
    assert compute(x, constant, **FAST).value == pytest.approx(
        compute(x, y, **FAST).value, abs=1e-9
    )


@pytest.mark.parametrize("name", CANONICAL)
@pytest.mark.parametrize("kind", ["stimuli", "runs", "whole folds"])
def test_canonical_correlations_lose_what_a_fold_without_the_stimuli_says(name, kind, rng):
    """Block by block, with the directions of the fit on all other folds."""
    from unbraid.align.geometry._canonical import Canonical

    x, y = related(rng, 40, 3, 4)
    folds = {
        "stimuli": stats.shuffled_folds(40, 4),
        "runs": stats.contiguous_folds(40, 4, run=5),
        "whole folds": stats.grouped_folds(np.arange(40) // 10, 4),
    }[kind]
    options = {"keep": 0.99} if name == "svcca" else {"projection": name == "pwcca"}
    found = Canonical(x, y, folds, **options).estimate(None, influence=True)
    number = np.arange(40) if kind == "stimuli" else np.unique(folds.blocks, return_inverse=True)[1]
    for block in range(number.max() + 1):
        left = []
        for fold in range(4):
            train, test = folds != fold, (folds == fold) & (number != block)
            if test.any():
                left.append(_held_out(x, y, np.asarray(train), np.asarray(test), options))
        assert found.influence[block] == pytest.approx(found.value - np.mean(left), abs=1e-9)


def _held_out(x, y, train, test, options):
    from unbraid.align.geometry._canonical_fit import canonical_fit

    keep, projection = options.get("keep", 1.0), options.get("projection", False)
    fit = canonical_fit(x[train], y[train], keep, projection)
    a, b = fit.variates(x[test], y[test])
    return fit.weights @ [np.corrcoef(u, v)[0, 1] for u, v in zip(a.T, b.T, strict=True)]


def test_whole_folds_that_stand_for_one_event_give_wide_intervals(rng):
    x, y = related(rng, 60)
    folds = stats.grouped_folds(np.arange(60) // 12, 5)
    score = align.cca(x, y, folds=folds, **FAST)
    assert score.high - score.low > 2 * np.std(score.per_fold) / np.sqrt(5)


@pytest.mark.parametrize("n, p", [(12, 3), (12, 60), (400, 5)])
@pytest.mark.parametrize("seed", range(4))
def test_a_side_made_up_by_one_stimulus_has_no_debiased_size(n, p, seed):
    rng = np.random.default_rng(seed)
    x, y = np.zeros((n, p)), rng.normal(size=(n, p))
    x[:, 0] = 1e-9 * rng.normal(size=n)
    x[5, 0] = 1e3
    for other in (y, x):  # of two such sides the product of sizes is positive again
        with pytest.warns(RuntimeWarning, match="too few stimuli make up one side"):
            assert np.isnan(align.cka_debiased(x, other, **FAST).value)


@pytest.mark.parametrize("name", ["mutual_knn", "cknna", "one_to_one", "soft_matching"])
def test_rounding_does_not_choose_among_ties(name, rng):
    x = (rng.random((40, 8)) < 0.3).astype(float)
    y = np.where(rng.random((40, 8)) < 0.1, 1 - x, x)[:, :6]
    compute, options = METRICS[name].compute, {**FAST, "folds": 4}
    score = compute(x, y, **options).value
    for scale in (3.0, 0.1, 1 / 7):
        assert compute(scale * x, y + scale, **options).value == pytest.approx(score, abs=1e-9)
    if name in ("mutual_knn", "cknna"):
        turn = np.linalg.qr(rng.normal(size=(8, 8)))[0]
        assert compute(x @ turn, y, **options).value == pytest.approx(score, abs=1e-9)


def test_the_order_of_units_does_not_choose_among_sources_that_overlap_alike(rng):
    x, y = (np.maximum(side, 0) for side in related(rng, n=20))
    whole = align.jaccard(x, y, **FAST)
    turned = align.jaccard(x[:, ::-1], sp.csr_array(y[:, ::-1]), **FAST)
    assert (turned.value, turned.low) == pytest.approx((whole.value, whole.low), abs=1e-12)
    tied = np.repeat(x, 3, axis=1)  # copies share a target, and change nothing
    assert align.jaccard(tied, y, **FAST).value == pytest.approx(whole.value, abs=1e-12)


def test_a_null_that_some_permutations_leave_undefined_says_so(rng):
    x, y = related(rng)
    y[1:15] = y[0]
    groups = stats.grouped_folds(np.r_[np.zeros(25, int), np.arange(1, 6)], 3)
    score = align.semi_matching(x, y, folds=groups, permutations=4, resamples=5)
    assert not np.isnan(score.value)
    assert np.isnan([score.null, score.p_value]).all()
    assert "no null: the score is undefined after" in " ".join(score.warnings)


def test_a_score_that_no_stimulus_moves_has_no_interval(rng):
    x, y = related(rng)
    score = align.ridge(np.ones_like(x), y, **FAST)
    assert score.value == 0
    assert np.isnan([score.low, score.high]).all()
    assert np.isnan(score.replicates).all()
    plain = align.ridge(x, y, **FAST)
    gain = stats.paired_difference(plain.value, score.value, plain.replicates, score.replicates)
    assert np.isnan([gain.low, gain.high, gain.p_value]).all()  # not significant by default
    assert "no stimulus or block alone moves the score" in score.warnings[-1]
    copy = align.semi_matching(x, x, **FAST)
    assert (copy.low, copy.high) == pytest.approx((1, 1))


@pytest.mark.parametrize("name, options", [
    *((name, {"resamples": True}) for name in ("ridge", "cka")),
    ("rsa", {"permutations": True}), ("rsa", {"protocol": ["unbraid"]}),
    ("soft_matching", {"mass": "half"}), ("cca", {"keep": None}), ("svcca", {"keep": "all"}),
    ("kernel_cka", {"bandwidth": "wide"}), ("kernel_cka", {"bandwidth": np.inf}),
    ("mutual_knn", {"k": 2.5}), ("cknna", {"k": "ten"}), ("pls", {"components": True}),
    ("semi_matching", {"folds": "five"}),
])  # fmt: skip
def test_options_of_the_wrong_kind_are_one_clear_line(name, options, rng):
    option = next(iter(options))
    with pytest.raises(InputError, match=f"{option}.* (must|has no)|has no protocol"):
        METRICS[name].compute(*related(rng), **options)


@pytest.mark.parametrize("call, message", [
    (lambda x, y: align.difference(0.3, 0.2), "must be Scores, .* got float"),
    (lambda x, y: align.difference([None], [None]), "must be Scores, .* got NoneType"),
    (lambda x, y: align.difference({}, {}), "at least one subject"),
    (lambda x, y: align.difference(*[align.cka(x, y, **FAST)] * 2, over="stimuli"),
     "sequence of names such as"),
    (lambda x, y: align.difference(*[align.cka(x, y, **FAST)] * 2, resamples=-1),
     "resamples must be a whole number >= 0, got -1"),
    (lambda x, y: align.difference(*[align.cka(x, y, **FAST)] * 2, level="high"),
     "level must be a number, got 'high'"),
    (lambda x, y: align.best_of([x, x], y), "sources must be a mapping .* got list"),
    (lambda x, y: align.best_of({"a": x}, y, "ridge"), "metric must be a function"),
    (lambda x, y: align.axis_test(x, y, "ridge"), "metric must be a function"),
    (lambda x, y: align.axis_test(np.ones_like(x), y), "x must have a unit that varies"),
    (lambda x, y: align.without_nuisance("ridge", x, y, x), "metric must be a function"),
    (lambda x, y: align.without_nuisance(align.ridge, x, y, 1e200 * x), "nuisance must have a lar"),
    (lambda x, y: align.subject_ceiling({"a": x, "b": y}, "ridge"), "metric must be a function"),
    (lambda x, y: align.rsa_ceiling([x, y]), "subjects must be a mapping"),
    (lambda x, y: align.rsa_ceiling({"a": x, "b": x[:, :1]}, rdm="correlation"),
     "differ over units, got stimuli of 'b'"),
    (lambda x, y: align.variance_partition([x, x], y), "bands must be a mapping"),
    (lambda x, y: align.variance_partition({"a": x, "b": x}, y, candidates=2.5), "whole number"),
    (lambda x, y: align.shared_pairs(x, y, rate="low"), "rate must be a number, got 'low'"),
    (lambda x, y: align.shared_pairs(sp.csr_array(1e99 * x), sp.csr_array(y)), "x must have a lar"),
    (lambda x, y: align.shape_distance(x, y, alpha="half"), "alpha must be a number"),
    (lambda x, y: stats.fold_moments(x + 1j, y), "x must hold real numbers, got dtype complex128"),
    (lambda x, y: stats.fold_moments(x, y.astype(str)), "y must hold real numbers"),
    (lambda x, y: stats.fold_moments(1e200 * x, y), "x must have a largest value"),
    (lambda x, y: stats.fold_moments(x, 1e-200 * y), "y must have a largest value"),
    (lambda x, y: stats.fold_moments(x, y, rows=2.5), "rows must be a whole number >= 1, got 2.5"),
    (lambda x, y: stats.noise_ceiling(np.stack([x, x]), splits=0), "splits must be a whole number"),
    (lambda x, y: stats.noise_ceiling(np.stack([x, x]), floor=-1), r"floor must lie in \[0, 1\)"),
    (lambda x, y: stats.noise_ceiling(np.full((2, 9, 1), 1e99)), "repeats must be below 1e"),
    (lambda x, y: stats.grouped_folds(["a", None, 3], 2), "groups must be names of one kind"),
    (lambda x, y: stats.shuffled_folds(10, "two"), "n_folds must be a whole number"),
    (lambda x, y: stats.contiguous_folds(10, 2, run=2.5), "run must be a whole number"),
    (lambda x, y: stats.benjamini_hochberg("a"), "p_values must hold real numbers"),
    (lambda x, y: stats.permutation_p("a", [1.0]), "observed must be a number"),
    (lambda x, y: stats.interval([np.inf, 1.0]), "replicates must be finite or NaN"),
    (lambda x, y: list(stats.permuted_rows(5, 1.5)), "permutations must be a whole number"),
])  # fmt: skip
def test_calls_that_cannot_be_meant_are_one_clear_line(call, message, rng):
    with pytest.raises(InputError, match=message):
        call(*related(rng))


def test_repeats_that_say_nothing_are_excluded_without_a_murmur(rng):
    z = rng.normal(size=(20, 2))
    opposite = stats.noise_ceiling(np.stack([z, -z]))
    missing = stats.noise_ceiling(np.full((3, 20, 2), np.nan))
    for found in (opposite, missing):
        assert found.excluded.all()
        assert np.isnan(found.ceiling).all()
        assert "2 of 2 units excluded" in repr(found)
