"""Differences over several levels, nuisance regressors, ceilings of subjects and of repeats."""

import numpy as np
import pytest

from unbraid import align, stats
from unbraid.align import METRICS
from unbraid.align._score import Score
from unbraid.align.around._difference import differences
from unbraid.errors import InputError
from unbraid.responses import Responses

FAST = {"permutations": 0, "resamples": 0}


def made(value, losses, per_target=()):
    return Score(metric="m", value=value, protocol="unbraid", n=len(losses), per_fold=np.empty(0),
                 per_target=np.asarray(per_target, float), influence=np.asarray(losses),
                 replicates=np.empty(0))  # fmt: skip


def test_several_differences_are_those_of_each_pair(rng):
    made_of = [(n, seeds) for n in (30, 40) for seeds in (1, 3)]  # pieces differ in number
    pairs = [
        tuple(
            [made(float(v), v + rng.normal(size=n)) for v in rng.normal(size=seeds)] for _ in "ab"
        )
        for n, seeds in made_of
    ]
    options = {"over": ("stimuli", "seeds"), "resamples": 200, "rng": 3}
    for pair, together in zip(pairs, differences(pairs, **options), strict=True):
        alone = align.difference(*pair, **options)
        for name in ("value", "low", "high", "p_value"):
            assert getattr(together, name) == pytest.approx(getattr(alone, name), rel=1e-12)


def world(rng, subjects, seeds, n=30, sizes=(0.5, 0.5, 1.0)):
    """Scores a, b of every subject and seed; the true difference is 0."""
    of_subject, of_seed, of_stimulus = sizes
    noise = of_stimulus * rng.normal(size=n)
    a, b = {}, {}
    for s in range(subjects):
        own = of_subject * rng.normal()
        a[str(s)], b[str(s)] = [], []
        for _ in range(seeds):
            value = own + of_seed * rng.normal() + noise.mean()
            a[str(s)].append(made(value, (noise - noise.mean()) / (n - 1)))
            b[str(s)].append(made(0.0, np.zeros(n)))
    return a, b


@pytest.mark.parametrize("subjects, seeds", [(1, 1), (1, 4), (4, 3), (10, 1)])
def test_intervals_of_differences_cover_over_stimuli_seeds_and_subjects(subjects, seeds, rng):
    sizes = (0.0 if subjects == 1 else 0.5, 0.5 * (seeds > 1), 1.0)
    covered = []
    for i in range(200):
        a, b = world(rng, subjects, seeds, sizes=sizes)
        if subjects == 1:
            a, b = a["0"], b["0"]
        found = align.difference(a, b, resamples=400, rng=i)
        covered.append(found.low <= 0 <= found.high)
    assert 0.91 <= np.mean(covered) <= 0.99


def test_leaving_a_level_out_makes_intervals_too_narrow(rng):
    narrow, whole = [], []
    for i in range(60):
        a, b = world(rng, 6, 2)
        narrow.append(align.difference(a, b, over=["stimuli"], resamples=300, rng=i))
        whole.append(align.difference(a, b, resamples=300, rng=i))
    assert np.mean([d.low <= 0 <= d.high for d in narrow]) < 0.85
    assert np.mean([d.low <= 0 <= d.high for d in whole]) > 0.88
    assert all(a.value == b.value for a, b in zip(narrow, whole, strict=True))


def test_units_count_where_the_conclusion_is_about_other_units(rng):
    covered = []
    for i in range(200):
        gains = 0.3 * rng.standard_normal(25)
        a = made(float(gains.mean()), np.zeros(20), gains)
        b = made(0.0, np.zeros(20), np.zeros(25))
        found = align.difference(a, b, over=["stimuli", "units"], resamples=400, rng=i)
        covered.append(found.low <= 0 <= found.high)
        assert align.difference(a, b, resamples=50).low == pytest.approx(gains.mean())
    assert 0.91 <= np.mean(covered) <= 0.99


def test_a_difference_of_real_scores_is_that_of_their_paired_replicates(rng):
    z = rng.normal(size=(150, 6))
    x = z + rng.normal(size=z.shape)
    before = align.semi_matching(x, z, permutations=0, resamples=2000)
    after = align.semi_matching(x + 0.5 * z, z, permutations=0, resamples=2000)
    one = align.difference(after, before)
    two = stats.paired_difference(after.value, before.value, after.replicates, before.replicates)
    assert one.value == pytest.approx(two.value)
    assert one.low == pytest.approx(two.low, abs=0.01)
    assert one.high == pytest.approx(two.high, abs=0.01)
    several = align.difference([after, after], before)
    assert several.value == pytest.approx(one.value)


@pytest.mark.parametrize("a, b, over, message", [
    (made(1, [0.0] * 5), made(1, [0.0] * 5), ["voxels"], "over must name some of stimuli, units"),
    (made(1, [0.0] * 5), made(1, [0.0] * 6), ["stimuli"], r"got \[5, 6\] stimuli or blocks"),
    (made(1, []), made(1, []), ["stimuli"], "resamples >= 1"),
    ([made(1, [0.0] * 5)] * 2, [made(1, [0.0] * 5)] * 3, ["seeds"], "same number of seeds"),
    ({"s": made(1, [0.0])}, {"t": made(1, [0.0])}, ["seeds"], "mappings of the same subjects"),
    (made(1, [0.0, 0.0], [1, 2]), made(1, [0.0, 0.0], [1]), ["units"], "needs the same targets"),
])  # fmt: skip
def test_scores_that_cannot_be_compared_are_one_clear_line(a, b, over, message):
    with pytest.raises(InputError, match=message):
        align.difference(a, b, over=over)


def confounded(rng, n=150, shared=0.0):
    nuisance = rng.normal(size=(n, 2))
    z = rng.normal(size=(n, 5))
    x, y = (nuisance @ rng.normal(size=(2, 5)) * 1.5 + shared * z + rng.normal(size=(n, 5))
            for _ in range(2))  # fmt: skip
    return x, y, nuisance


@pytest.mark.seed(4)
@pytest.mark.parametrize("name", sorted(set(METRICS) - {"jaccard", "max_pairwise", "cka"}))
def test_a_shared_nuisance_alone_leaves_nothing(name, rng):
    compute = METRICS[name].compute
    x, y, nuisance = confounded(rng)
    raw = compute(x, y, permutations=19, resamples=0)
    score = align.without_nuisance(compute, x, y, nuisance, permutations=19, resamples=0)
    assert raw.p_value <= 0.05 + 1e-12
    assert raw.value > raw.null + 0.05
    assert score.p_value > 0.05
    assert abs(score.value - score.null) < 0.12
    assert (score.nuisance, raw.nuisance) == (2, 0)
    assert score.record()["nuisance"] == 2


def test_what_is_shared_beside_the_nuisance_stays(rng):
    x, y, nuisance = confounded(rng, shared=2.0)
    score = align.without_nuisance(align.semi_matching, x, y, nuisance, permutations=0)
    assert score.low > 0.6


def test_no_stimulus_cleans_itself(rng):
    """Cleaned in one fit on all stimuli, wide nuisances would eat the signal of each stimulus."""
    x = rng.normal(size=(60, 4))
    wide = rng.normal(size=(60, 40))
    kept = align.without_nuisance(align.ridge, x, x + 0.1 * rng.normal(size=x.shape), wide, **FAST)
    assert kept.value > 0.9
    explained = align.without_nuisance(align.cka, x, x @ rng.normal(size=(4, 3)), x[:, :3],
                                       permutations=0, resamples=0)  # fmt: skip
    assert np.isfinite(explained.value)
    with pytest.warns(RuntimeWarning, match="constant"):
        nothing = align.without_nuisance(align.cka, x, 2 * x, x, **FAST)
    assert np.isnan(nothing.value)
    with pytest.raises(InputError, match="59 regressors for 48 training stimuli"):
        align.without_nuisance(align.cka, x, x, rng.normal(size=(60, 59)))
    with pytest.raises(InputError, match="nuisance must describe the 60 stimuli of x, got 59"):
        align.without_nuisance(align.cka, x, x, np.ones((59, 1)))


@pytest.mark.parametrize("metric", [align.ridge, align.ridge_r2, align.semi_matching, align.pls])
def test_a_perfect_model_is_one_after_normalisation_and_raw_stays_raw(metric, rng):
    signal = rng.normal(size=(1200, 5)) * np.array([1.0, 1, 1, 0.5, 0.0])
    trials = signal + rng.normal(size=(4, 1200, 5))
    model = np.where(np.arange(5) == 4, rng.normal(size=(1200, 5)), signal)
    score = metric(model, Responses(trials.mean(axis=0), repeats=trials), **FAST)
    assert score.normalised == pytest.approx(1, abs=0.04)
    assert score.excluded == 1
    assert np.isnan(score.ceiling_per_target[4])
    assert score.value < score.ceiling < 1
    assert metric(model, trials[0], **FAST).excluded == 0
    assert np.isnan(metric(model, trials[0], **FAST).normalised)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_scores_a_target_with_repeats(name):
    rng = np.random.default_rng(0)
    x = np.abs(rng.normal(size=(40, 5)))
    trials = x + 0.1 * rng.random(size=(3, 40, 5))
    y = Responses(trials.mean(axis=0), repeats=trials)
    score = METRICS[name].compute(x, y, **FAST)
    assert score.value == pytest.approx(METRICS[name].compute(x, y.values, **FAST).value)
    ceilings = score.ceiling_per_target
    assert np.isnan(score.ceiling) or len(ceilings) == len(score.per_target) == 5


def subjects_of(rng, signal, noise, count=5, n_repeats=4):
    trials = [signal + noise * rng.normal(size=(n_repeats, *signal.shape)) for _ in range(count)]
    return {f"s{i}": Responses(t.mean(axis=0), repeats=t) for i, t in enumerate(trials)}


@pytest.mark.parametrize("compare", ["pearson", "spearman", "kendall", "cosine"])
def test_the_true_rdm_scores_between_the_bounds(compare, rng):
    low, high, value = [], [], []
    for _ in range(8):
        signal = rng.normal(size=(40, 6))
        people = subjects_of(rng, signal, 1.5)
        bounds = align.rsa_ceiling(people, compare=compare).interval
        low.append(bounds[0])
        high.append(bounds[1])
        value.append(np.mean([align.rsa(signal, p, compare=compare, **FAST).value
                              for p in people.values()]))  # fmt: skip
    assert np.mean(low) < np.mean(value) < np.mean(high)
    assert np.mean(high) - np.mean(low) < 0.25


@pytest.mark.parametrize("metric", [align.ridge, align.semi_matching])
def test_bounds_across_subjects_for_regression_and_matching(metric, rng):
    signal = rng.normal(size=(300, 6))
    people = subjects_of(rng, signal, 1.0)
    found = align.subject_ceiling(people, metric)
    best = np.mean([metric(signal, p, **FAST).value for p in people.values()])
    low, high = found.interval
    assert low < best < high + 0.01
    assert high == pytest.approx(np.sqrt(4 / 5), abs=0.02)
    assert set(found.lower) == set(people)
    assert "over 5 subjects" in repr(found)


def test_subjects_that_cannot_give_bounds_are_one_clear_line(rng):
    x = rng.normal(size=(30, 4))
    with pytest.raises(InputError, match="at least two systems, got 1"):
        align.rsa_ceiling({"a": x})
    with pytest.raises(InputError, match="compare must be one of pearson"):
        align.rsa_ceiling({"a": x, "b": x}, compare="r")
    with pytest.raises(InputError, match="no score for single targets; use rsa_ceiling"):
        align.subject_ceiling({"a": x, "b": x}, align.rsa)
    flat = align.rsa_ceiling({"a": x, "b": x, "c": np.eye(30)}, compare="spearman")
    assert np.isnan(flat.upper["c"])
    assert flat.upper["a"] == pytest.approx(1)
