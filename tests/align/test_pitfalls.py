"""Every pitfall of published tools that these metrics can have, as a property."""

import numpy as np
import pytest
import scipy.sparse as sp

from unbraid import align, stats
from unbraid.align import METRICS
from unbraid.errors import InputError
from unbraid.responses import as_responses

FAST = {"permutations": 0, "resamples": 0}
MATCHING = ["semi_matching", "one_to_one", "soft_matching"]
ALL = sorted(METRICS)
CENTRED = sorted(set(METRICS) - {"jaccard"})  # all but the one that asks where units are positive


def related(rng, n=80, p=7, q=5, noise=1.0):
    z = rng.normal(size=(n, 4))
    return z @ rng.normal(size=(4, p)) + noise * rng.normal(size=(n, p)), z @ rng.normal(
        size=(4, q)
    ) + noise * rng.normal(size=(n, q))


def test_chance_is_zero_however_wide_and_rare_the_codes(rng):
    n, density = 1000, 0.005
    for width in (200, 1000):
        x = sp.random_array((n, width), density=density, random_state=rng).tocsr()
        y = sp.random_array((n, 200), density=density, random_state=rng).tocsr()
        score = align.semi_matching(x, y, permutations=3)
        assert abs(score.value) < 0.03
        assert abs(score.null) < 0.03
        assert score.in_sample > 0.2


@pytest.mark.seed(1)
def test_debiased_cka_of_unrelated_wide_systems_is_zero(rng):
    x, y = rng.normal(size=(100, 3000)), rng.normal(size=(100, 3000))
    assert align.cka(x, y, **FAST).value > 0.9
    assert abs(align.cka_debiased(x, y, **FAST).value) < 0.03


def test_ridge_with_more_units_than_stimuli_keeps_its_score(rng):
    z = rng.normal(size=(150, 6))
    y = z @ rng.normal(size=(6, 8)) + rng.normal(size=(150, 8))
    few = align.ridge(z, y, **FAST).value
    wide = np.hstack([z, z @ rng.normal(size=(6, 400))])
    assert align.ridge(wide, y, **FAST).value > few - 0.05


def test_units_silent_in_one_fold_are_still_scored(rng):
    """Dropping units that are silent in any fold would keep almost no rare latent."""
    codes = sp.random_array((500, 300), density=0.008, random_state=rng).tocsr()
    ours = align.semi_matching(codes, codes, **FAST)
    theirs = align.semi_matching(codes, codes, protocol="longon2025", **FAST)
    assert ours.coverage > 0.8 > 0.3 > theirs.coverage
    assert ours.value > 0.97  # two latents can be the same on training stimuli alone
    assert ours.value_over_all == pytest.approx(ours.coverage * ours.value)


def test_a_unit_that_fires_in_one_fold_only_is_not_scored(rng):
    x, y = related(rng)
    y[:, 2] = 0
    y[7, 2] = 1.0
    score = align.semi_matching(x, y, **FAST)
    assert np.isnan(score.per_target[2])
    assert score.coverage == pytest.approx(4 / 5)
    assert score.value_over_all == pytest.approx(score.value * 4 / 5)


def test_units_that_fire_twice_are_not_matched_by_their_silence():
    """Silence in common is not agreement: rare unrelated units score about 0."""
    n, folds = 100, np.arange(100) % 5
    rng = np.random.default_rng(5)
    x, y = np.zeros((2, n, 40))
    for unit in range(40):
        x[rng.choice(n, 2, replace=False), unit] = 1
        y[rng.choice(n, 2, replace=False), unit] = 1
    score = align.semi_matching(x, y, folds=folds, **FAST)
    assert abs(score.value) < 0.06
    assert np.nanmax(score.per_target) < 0.75


@pytest.mark.parametrize("name", CENTRED)
def test_dead_and_constant_units_change_nothing_but_the_coverage(name, rng):
    x, y = related(rng)
    compute = METRICS[name].compute
    plain = compute(x, y, permutations=2, resamples=20)
    dead = np.zeros((80, 1))
    padded = compute(
        np.hstack([x, dead, dead + 3.7]), np.hstack([y, dead, dead - 0.1]),
        permutations=2, resamples=20,
    )  # fmt: skip
    assert padded.value == pytest.approx(plain.value, abs=1e-9)
    assert padded.null == pytest.approx(plain.null, abs=1e-9)
    assert np.isfinite(padded.low)
    if len(padded.per_target):
        assert padded.coverage == pytest.approx(plain.coverage * 5 / 7)
        assert np.isnan(padded.per_target[5:]).all()


@pytest.mark.parametrize("name", CENTRED)
def test_one_side_constant_is_nan_with_a_clear_line_or_zero(name, rng):
    x, y = related(rng)
    compute = METRICS[name].compute
    with pytest.warns(RuntimeWarning, match=f"{name}: "):
        score = compute(x, np.ones_like(y), **FAST)
    assert np.isnan(score.value)
    assert score.warnings


@pytest.mark.parametrize("name", MATCHING)
def test_duplicated_units_are_harmless(name, rng):
    x, y = related(rng)
    compute = METRICS[name].compute
    doubled = compute(np.hstack([x, x]), np.hstack([y, y]), **FAST)
    assert np.isfinite(doubled.value)
    if name == "semi_matching":
        assert doubled.value == pytest.approx(compute(x, y, **FAST).value, abs=1e-12)
    if name == "soft_matching":
        assert doubled.in_sample == pytest.approx(compute(x, y, **FAST).in_sample, abs=1e-9)


def test_unequal_sizes_leave_units_unmatched_and_say_so(rng):
    x, y = related(rng, p=3, q=9)
    score = align.one_to_one(x, y, **FAST)
    assert score.coverage == pytest.approx(3 / 9)
    assert (score.matching >= 0).sum() == 3
    assert score.value_over_all == pytest.approx(score.value / 3)


@pytest.mark.parametrize("name", MATCHING)
def test_a_sign_flipped_copy_is_different_unless_asked(name, rng):
    x = rng.normal(size=(100, 6))
    compute = METRICS[name].compute
    assert compute(x, -x, **FAST).value < 0.3
    score = compute(x, -x, sign="absolute", **FAST)
    assert score.value == pytest.approx(1)
    assert (compute(x, -x, **FAST).sign, score.sign) == ("signed", "absolute")
    with pytest.raises(InputError, match="sign must be 'signed' or 'absolute', got 'both'"):
        compute(x, x, sign="both")


def test_the_direction_matters(rng):
    z = rng.normal(size=(200, 6))
    few, many = z[:, :2], z
    assert align.semi_matching(many, few, **FAST).value == pytest.approx(1)
    assert align.semi_matching(few, many, **FAST).value < 0.5


def test_held_out_stimuli_are_seen_through_training_statistics_only(rng):
    """Changing held-out targets of one fold changes no choice made for that fold."""
    x, y = related(rng)
    folds = stats.shuffled_folds(80, 5, 0)
    plain = align.ridge(x, y, folds=folds, **FAST)
    changed = y.copy()
    changed[folds == 2] += 100.0 * rng.normal(size=changed[folds == 2].shape)
    moved = align.ridge(x, changed, folds=folds, **FAST)
    assert plain.per_fold[2] != pytest.approx(moved.per_fold[2], abs=1e-3)
    from unbraid.align.regression._nested_ridge import NestedRidge

    nested = NestedRidge(x, folds)
    np.testing.assert_array_equal(
        nested.predict(y).held_out[folds == 2], nested.predict(changed).held_out[folds == 2]
    )


def test_autocorrelated_noise_fools_shuffled_folds_and_not_contiguous_ones(rng):
    t = np.arange(400)
    x = np.stack([np.exp(-((t - c) ** 2) / 800) for c in np.linspace(0, 400, 60)], axis=1)
    walk = np.cumsum(rng.normal(size=(400, 10)), axis=0)
    shuffled = align.ridge_r2(x, walk, order="exchangeable", **FAST).value
    contiguous = align.ridge_r2(x, walk, folds=stats.contiguous_folds(400, 5), **FAST).value
    chosen = align.ridge_r2(x, walk, **FAST)
    assert shuffled > 0.8
    assert contiguous < 0.5
    assert chosen.value < 0.5 and chosen.order == "drift" and chosen.shuffled == shuffled


@pytest.mark.parametrize("name", ALL)
def test_two_calls_give_the_same_bits_and_paired_replicates(name, rng):
    x, y = related(rng)
    compute = METRICS[name].compute
    first, second = (compute(x, y, permutations=2, resamples=30, rng=3) for _ in range(2))
    assert first.value == second.value
    assert first.null == second.null
    np.testing.assert_array_equal(first.replicates, second.replicates)
    near = compute(x, y + 0.01 * rng.normal(size=y.shape), permutations=0, resamples=30, rng=3)
    gain = stats.paired_difference(near.value, first.value, near.replicates, first.replicates)
    assert gain.high - gain.low < 0.5 * (first.high - first.low)


@pytest.mark.parametrize("name", CENTRED)
def test_units_of_measurement_change_nothing(name, rng):
    x, y = related(rng)
    compute = METRICS[name].compute
    plain = compute(x, y, **FAST)
    for factor in (1e-6, 1e6):
        scaled = compute(factor * x + 3 * factor, 7 / factor * y, **FAST)
        assert scaled.value == pytest.approx(plain.value, abs=1e-7)


@pytest.mark.parametrize("name", ALL)
def test_float32_integers_and_csr_give_the_same_score(name, rng):
    x, y = (np.round(4 * side) for side in related(rng))
    x[np.abs(x) < 4], y[np.abs(y) < 4] = 0, 0
    compute = METRICS[name].compute
    plain = compute(x, y, permutations=2, resamples=20)
    for kind in (np.float32, np.int64, sp.csr_array):
        other = compute(kind(x), kind(y), permutations=2, resamples=20)
        assert other.value == pytest.approx(plain.value, abs=1e-9)
        assert other.null == pytest.approx(plain.null, abs=1e-9)
        assert other.low == pytest.approx(plain.low, abs=1e-9)


@pytest.mark.parametrize("name", ALL)
def test_very_few_stimuli_are_scored_or_refused_in_one_line(name, rng):
    compute = METRICS[name].compute
    x, y = rng.normal(size=(2, 8, 3))
    if name in ("mutual_knn", "cknna"):
        with pytest.raises(InputError, match=r"k must lie in 1..n-1=7, got 10"):
            compute(x, y)
    elif name == "weighted_rsa":
        with pytest.raises(InputError, match="at least 3 folds of at least 4 stimuli"):
            compute(x, y)
    elif name in ("cca", "svcca", "pwcca"):
        with pytest.raises(InputError, match="at least 3 stimuli in every fold, got 1"):
            compute(x, y)
        assert np.isfinite(compute(x, y, folds=2, permutations=2, resamples=10).value)
    else:
        assert np.isfinite(compute(x, y, permutations=2, resamples=10).value)
    with pytest.raises(InputError, match="folds must lie between 2 and the 3 stimuli, got 5"):
        compute(x[:3], y[:3])


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("bad, message", [
    (lambda y: np.where(np.arange(5) == 1, np.nan, y), "y must be finite"),
    (lambda y: y[:-1], "same stimuli, got 80 and 79"),
    (lambda y: y[:, :, None], "y must have shape"),
])  # fmt: skip
def test_bad_input_is_one_clear_line(name, bad, message, rng):
    x, y = related(rng)
    with pytest.raises(InputError, match=message):
        METRICS[name].compute(x, bad(y))


@pytest.mark.parametrize("name", ALL)
def test_input_is_never_modified(name, rng):
    x, y = related(rng)
    before = x.copy(), y.copy()
    METRICS[name].compute(x, y, permutations=1, resamples=2)
    np.testing.assert_array_equal(before[0], x)
    np.testing.assert_array_equal(before[1], y)


def test_ridge_needs_three_folds(rng):
    x, y = related(rng)
    with pytest.raises(InputError, match="ridge needs at least 3 folds"):
        align.ridge(x, y, folds=2)


@pytest.mark.parametrize("option", ["permutations", "resamples"])
def test_counts_are_whole_numbers(option, rng):
    x, y = related(rng)
    with pytest.raises(InputError, match=f"{option} must be a whole number >= 0, got -1"):
        align.cka(x, y, **{option: -1})


def test_rsa_leaves_out_stimuli_without_a_direction_on_both_sides(rng):
    """Filtering each side alone would compare different stimuli."""
    x, y = related(rng)
    x[3], y[9] = 0, 2.5
    score = align.rsa(x, y, rdm="correlation", **FAST)
    keep = np.setdiff1d(np.arange(80), [3, 9])
    assert score.value == pytest.approx(align.rsa(x[keep], y[keep], rdm="correlation").value)
    assert "2 of 80 stimuli left out" in score.warnings[0]
    with pytest.raises(
        InputError,
        match="rdm must be one of euclidean, .* given, or two, one for each side, got 'city'",
    ):
        align.rsa(x, y, rdm="city")


def test_a_copy_too_large_for_memory_is_refused():
    from unbraid.align._dense import check_memory

    with pytest.raises(InputError, match="a dense copy of x needs .* GiB of .* GiB free"):
        check_memory(1e18, "a dense copy of x")


@pytest.mark.parametrize("copy", ["densified", "to_dense"])
def test_a_dense_copy_needs_eight_bytes_a_number(copy, monkeypatch):
    from unbraid.align import _dense

    codes = sp.random_array((10, 10), density=0.1, format="csr", random_state=0)
    given = codes if copy == "densified" else as_responses(codes)
    monkeypatch.setattr(_dense, "free_memory", lambda: 1010.0)  # of which 808 may be taken
    assert getattr(_dense, copy)(given, "x").shape == (10, 10)
    monkeypatch.setattr(_dense, "free_memory", lambda: 990.0)
    with pytest.raises(InputError, match="a dense copy of x"):
        getattr(_dense, copy)(given, "x")
