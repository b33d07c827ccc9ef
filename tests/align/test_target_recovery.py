"""Reproducible dimensions of a target: which are predicted, by planted truth and by identities."""

import numpy as np
import pytest

import unbraid as ub
from unbraid import align
from unbraid.errors import InputError

SIZES = np.array([3.0, 2.0, 1.5, 1.0])


def recorded(rng, n=400, noise=1.0, repeats=4, mixed=True):
    """Four variables of known size in eight units, and ``repeats`` noisy answers of each."""
    z = rng.normal(size=(n, 4)) * SIZES
    turn = np.linalg.qr(rng.normal(size=(8, 8)))[0][:4] if mixed else np.eye(4, 8)
    trials = z @ turn + noise * rng.normal(size=(repeats, n, 8))
    return z, ub.Responses(trials.mean(axis=0), repeats=trials), turn


def test_the_dimensions_that_the_source_holds_are_recovered(rng):
    z, y, _ = recorded(rng)
    found = align.target_recovery(z[:, [0, 2]], y, dimensions=6, permutations=79)
    expected = SIZES**2 / (SIZES**2).sum()
    np.testing.assert_allclose(found.share[:4], expected, atol=0.05)
    assert np.abs(found.share[4:]).max() < 0.02
    np.testing.assert_allclose(found.recovered[[0, 2]], 1, atol=0.12)
    assert np.abs(found.recovered[[1, 3]]).max() < 0.12
    assert np.isnan(found.recovered[4:]).sum() >= 1  # noise is not divided by
    assert (found.q_value[[0, 2]] <= 0.05).all()
    part = (expected[0] + expected[2]) / expected.sum()
    assert found.low_value < part < found.high_value
    assert found.value == pytest.approx(part, abs=0.05)
    assert found.cumulative[0] == pytest.approx(found.recovered[0])
    assert found.low[0] < found.recovered[0] < found.high[0]
    assert list(found.table()["dimension"]) == list(range(6))
    assert "of the reproducible variance of 6 dimensions, " in repr(found)


def test_mean_score_alike_but_other_dimensions(rng):
    """Two sources of the same ridge score: the profile tells them apart."""
    z = rng.normal(size=(400, 2))
    trials = z + 0.5 * rng.normal(size=(4, 400, 2))
    trials *= [1.5, 1.0]
    y = ub.Responses(trials.mean(axis=0), repeats=trials)
    first, second = (align.target_recovery(z[:, [at]], y, permutations=9) for at in (0, 1))
    scores = [align.ridge_r2(z[:, [at]], y, permutations=0).value for at in (0, 1)]
    assert abs(scores[0] - scores[1]) < 0.03
    assert first.recovered[0] > 0.9 > 0.1 > first.recovered[1]
    assert second.recovered[1] > 0.9 > 0.1 > second.recovered[0]


def test_without_noise_units_are_ridge_r2(rng):
    x = rng.normal(size=(90, 5))
    y = x @ rng.normal(size=(5, 7)) + rng.normal(size=(90, 7))
    folds = np.arange(90) % 5
    trials = np.stack([y, y, y])
    target = ub.Responses(y, repeats=trials)
    found = align.target_recovery(x, target, axes="units", folds=folds, permutations=1)
    expected = align.ridge_r2(x, y, folds=folds, permutations=0, resamples=0)
    np.testing.assert_allclose(found.recovered, expected.per_target, atol=1e-10)
    variances = [((y[folds == f] - y[folds != f].mean(axis=0)) ** 2).sum(axis=0) for f in range(5)]
    np.testing.assert_allclose(found.share, np.sum(variances, axis=0) / np.sum(variances))


def test_a_rotated_target_changes_nothing(rng):
    z, y, _ = recorded(rng, n=150)
    turn = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    turned = ub.Responses(3 * y.values @ turn + 7, repeats=3 * y.repeats @ turn + 7)
    one, other = (align.target_recovery(z[:, :2], each, permutations=5) for each in (y, turned))
    np.testing.assert_allclose(other.cumulative, one.cumulative, rtol=1e-6)
    np.testing.assert_allclose(other.p_value, one.p_value)


def test_right_but_for_noise_is_one_at_any_number_of_repeats():
    """Few and noisy repeats are no reason for a lower score: the mean over worlds is 1."""
    values = []
    for seed in range(8):
        z, y, turn = recorded(np.random.default_rng(seed), n=200, noise=2.0, repeats=2)
        values.append(align.target_recovery(z @ turn, y, permutations=1, dimensions=4).value)
    assert np.mean(values) == pytest.approx(0.97, abs=0.05)  # 1, less what ridge of 200 loses


@pytest.mark.parametrize("seed", range(3))
def test_unrelated_systems_recover_nothing(seed):
    rng = np.random.default_rng(seed)
    _, y, _ = recorded(rng, n=150)
    found = align.target_recovery(rng.normal(size=(150, 6)), y, permutations=39)
    assert found.value < 0.05
    assert (found.q_value > 0.05).all()
    assert abs(np.nanmean(found.null[:3])) < 0.2


def test_p_values_are_those_of_chance():
    p = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        _, y, _ = recorded(rng, n=40)
        found = align.target_recovery(rng.normal(size=(40, 3)), y, dimensions=2, permutations=9)
        p.append(found.p_value[0])
    assert 0.35 < np.mean(p) < 0.65
    assert np.mean(np.array(p) <= 0.1) <= 0.25  # one in ten by chance


def test_missing_trials_count_for_what_they_are(rng):
    z, y, _ = recorded(rng, repeats=5)
    trials = y.repeats.copy()
    trials[3:, :200] = np.nan  # three of five for half of the stimuli
    trials[1:, 390:] = np.nan  # one for ten
    values = np.nanmean(trials, axis=0)
    found = align.target_recovery(z[:, :1], ub.Responses(values, repeats=trials), permutations=9)
    assert found.n == 390
    assert "10 stimuli with fewer than two repeats" in found.warnings[-1]
    assert found.recovered[0] == pytest.approx(1, abs=0.1)


def test_latents_of_a_dictionary_are_given_as_units(rng):
    z = rng.uniform(0.5, 1.5, (500, 12)) * (rng.random((500, 12)) < 0.15)
    mixing = rng.normal(size=(12, 8))
    trials = z @ mixing + 0.1 * rng.normal(size=(3, 500, 8))
    learned = ub.fit(trials.mean(axis=0), ub.SparseCoding(n_latents=12), rng=0)
    codes = learned.encode(trials.mean(axis=0))
    again = np.stack([learned.encode(each).toarray() for each in trials])
    target = ub.Responses(codes.toarray(), repeats=again)
    found = align.target_recovery(z[:, :6], target, axes="units", permutations=19)
    r = np.corrcoef(codes.toarray().T, z.T)[:12, 12:]
    known = (r[:, :6].max(axis=1) > 0.9) & (r[:, 6:].max(axis=1) < 0.3)
    other = (r[:, 6:].max(axis=1) > 0.9) & (r[:, :6].max(axis=1) < 0.3)
    assert known.sum() >= 4 and other.sum() >= 4
    assert np.nanmin(found.recovered[known]) > 0.7
    assert np.nanmax(found.recovered[other]) < 0.2


def test_stimuli_in_time_are_rotated():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(401, 10))
    walk = np.zeros((400, 10))
    for t in range(1, 400):
        walk[t] = 0.95 * walk[t - 1] + noise[t]
    x, source = walk[:, :4], walk[:, 4:]
    trials = source + 0.3 * rng.normal(size=(3, 400, 6))
    target = ub.Responses(trials.mean(axis=0), repeats=trials)
    found = align.target_recovery(x, target, permutations=39)
    assert found.order in ("time", "drift")
    assert not (np.nan_to_num(found.q_value, nan=1) <= 0.05).any()


def test_repeats_are_needed(rng):
    x, y = rng.normal(size=(2, 40, 3))
    with pytest.raises(InputError, match="y must have repeats"):
        align.target_recovery(x, y)
    few = np.full((2, 40, 3), np.nan)
    few[0] = y
    few[1, :5] = y[:5]
    with pytest.raises(InputError, match="at least 10 stimuli with two repeats or more, got 5"):
        align.target_recovery(x, ub.Responses(y, repeats=few))
    target = ub.Responses(y, repeats=np.stack([y, y]))
    with pytest.raises(InputError, match="axes must be 'reproducible' or 'units', got 'pca'"):
        align.target_recovery(x, target, axes="pca")
    with pytest.raises(InputError, match="dimensions must be a whole number >= 1"):
        align.target_recovery(x, target, dimensions=0)


def test_repeats_that_do_not_agree_are_said(rng):
    x = rng.normal(size=(80, 3))
    trials = rng.normal(size=(3, 80, 4))
    target = ub.Responses(trials.mean(axis=0), repeats=trials)
    found = align.target_recovery(x, target, permutations=1)
    assert np.isnan(found.recovered).all()
    assert "no dimension is surely reproducible" in found.warnings[-1]
