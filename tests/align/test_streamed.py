"""Scores from fold moments equal those in memory, however the stimuli come."""

import functools
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sp

import unbraid as ub
from unbraid import align, stats
from unbraid.align import streamed
from unbraid.errors import InputError

NAMES = ("semi_matching", "one_to_one", "soft_matching", "ridge", "ridge_r2", "cka", "procrustes",
         "cca", "svcca", "pwcca")  # fmt: skip
BARE = {"permutations": 0, "resamples": 0}


def systems(rng, n=300, p=12, q=9):
    z = rng.normal(size=(n, 5))
    x = z @ rng.normal(size=(5, p)) + rng.normal(size=(n, p))
    y = z @ rng.normal(size=(5, q)) + rng.normal(size=(n, q))
    x[:, 3], y[:, 2] = 4.0, -1.0  # constant
    x[:, 5] = x[:, 4]
    return x, y


def assert_same(found, expected, tolerance=1e-10):
    for name in ("value", "in_sample", "coverage", "value_over_all", "gap"):
        assert getattr(found, name) == pytest.approx(
            getattr(expected, name), abs=tolerance, nan_ok=True
        ), name
    np.testing.assert_allclose(found.per_fold, expected.per_fold, atol=tolerance)
    np.testing.assert_allclose(found.per_target, expected.per_target, atol=tolerance)
    if expected.matching is not None:
        np.testing.assert_array_equal(found.matching, expected.matching)


@pytest.mark.parametrize("rows", [7, 1000])
@pytest.mark.parametrize("name", NAMES)
def test_equals_the_score_in_memory(name, rows, rng):
    x, y = systems(rng)
    moments = stats.fold_moments(x, y, rows=rows, rng=3)
    assert_same(getattr(streamed, name)(moments), getattr(align, name)(x, y, rng=3, **BARE))


@pytest.mark.parametrize("name", NAMES[:3])
def test_mirrored_units(name, rng):
    x, y = systems(rng)
    moments = stats.fold_moments(-x, y, within=False)
    expected = getattr(align, name)(-x, y, sign="absolute", **BARE)
    assert_same(getattr(streamed, name)(moments, sign="absolute"), expected)


@pytest.mark.parametrize("name", NAMES)
def test_grouped_folds_and_far_means_in_float32(name, rng):
    x, y = systems(rng)
    x, y = (x + 5000).astype(np.float32), y.astype(np.float32)
    folds = stats.grouped_folds(np.arange(300) // 10, 4)
    found = getattr(streamed, name)(stats.fold_moments(x, y, folds=folds, rows=50))
    assert_same(found, getattr(align, name)(x, y, folds=folds, **BARE))


def test_stores_maps_and_codes_give_the_same(rng, tmp_path):
    x, y = systems(rng)
    x[np.abs(x) < 1] = 0
    folds = stats.shuffled_folds(300, 5)
    expected = stats.fold_moments(x, y, folds=folds)
    with ub.responses.StoreWriter(
        tmp_path / "y", n_units=9, dtype="float64", rows_per_shard=100
    ) as writer:
        for start in range(0, 300, 120):
            writer.append(y[start : start + 120])
    np.save(tmp_path / "x.npy", x)
    for a in (sp.csr_array(x), np.load(tmp_path / "x.npy", mmap_mode="r"), ub.Responses(x)):
        found = stats.fold_moments(a, ub.open_store(tmp_path / "y"), folds=folds, rows=77)
        np.testing.assert_allclose(found.train(1).xy, expected.train(1).xy, atol=1e-10)
        assert_same(streamed.ridge(found), streamed.ridge(expected))


def test_workers_merge_in_any_order(rng):
    x, y = systems(rng)
    folds = stats.shuffled_folds(300, 5)
    empty = stats.FoldMoments.empty(12, 9, 5, shift_x=x[:9].mean(axis=0))
    parts = [empty.add(x[r], y[r], folds[r]) for r in np.array_split(rng.permutation(300), 4)]
    merged = functools.reduce(stats.FoldMoments.merge, parts[::-1])
    for name in NAMES:
        expected = getattr(align, name)(x, y, folds=folds, **BARE)
        assert_same(getattr(streamed, name)(merged), expected)


def test_dask_arrays_and_workers(rng):
    import dask
    from dask import array as da

    x, y = systems(rng)
    folds = stats.shuffled_folds(300, 5)
    expected = align.semi_matching(x, y, folds=folds, **BARE)
    lazy = [da.from_array(side, chunks=(70, -1)) for side in (x, y)]
    with dask.config.set(scheduler="threads"):
        assert_same(streamed.semi_matching(stats.fold_moments(*lazy, folds=folds)), expected)
        empty = dask.delayed(stats.FoldMoments.empty(12, 9, 5))
        parts = [empty.add(x[r], y[r], folds[r]) for r in np.array_split(np.arange(300), 3)]
        merged = dask.delayed(functools.reduce)(stats.FoldMoments.merge, parts).compute()
    assert_same(streamed.semi_matching(merged), expected)


def test_a_constant_side_is_undefined(rng):
    x, _ = systems(rng)
    moments = stats.fold_moments(x, np.ones((300, 2)))
    for name in ("semi_matching", "ridge", "cka", "procrustes", "cca", "svcca", "pwcca"):
        with pytest.warns(RuntimeWarning, match=f"{name}: "):
            assert np.isnan(getattr(streamed, name)(moments).value)


def test_few_directions_and_few_stimuli_of_canonical_correlations(rng):
    x, y = systems(rng)
    found = streamed.cca(stats.fold_moments(x, y, rng=3), keep=0.8)
    assert_same(found, align.cca(x, y, rng=3, keep=0.8, **BARE))
    few = stats.fold_moments(x[:12], y[:12], order="exchangeable")
    with pytest.raises(InputError, match="at least 3 stimuli in every fold, got 2"):
        streamed.svcca(few)
    with pytest.raises(InputError, match="keep must be a share"):
        streamed.svcca(stats.fold_moments(x, y), keep=0)


def test_messages(rng):
    x, y = systems(rng, n=20)
    with pytest.raises(
        InputError, match=r"must be FoldMoments or GroupMoments, got tuple.*\(x, y\)"
    ):
        streamed.cka((x, y))
    with pytest.raises(InputError, match="pass within=True"):
        streamed.cka(stats.fold_moments(x, y, within=False))
    with pytest.raises(InputError, match="stimuli in every fold"):
        streamed.cka(stats.FoldMoments.empty(2, 2, 3))
    with pytest.raises(InputError, match="at least as many training stimuli as units, got 10"):
        streamed.ridge(stats.fold_moments(x, y, folds=np.arange(20) % 2 + np.arange(20) // 19))
    with pytest.raises(InputError, match="at least 3 folds, .* got 2"):
        streamed.ridge(stats.fold_moments(x, y, folds=2))
    with pytest.raises(InputError, match="one row per stimulus each, got 20 and 19"):
        stats.fold_moments(x, y[1:])
    with pytest.raises(InputError, match=r"x \(rows from 7\) must be finite"):
        stats.fold_moments(np.where(np.arange(20)[:, None] == 9, np.nan, x), y, rows=7)
    with pytest.raises(InputError, match="same order, got .*'1' and .*'2' in row 1"):
        stats.fold_moments(ub.Responses(y, range(20)), ub.Responses(y, [0, 2, 1, *range(3, 20)]))
    wide = sp.csr_array((20, 900_000))
    with pytest.raises(InputError, match="Moments of 900000 x 900000 units in 5 folds needs"):
        stats.fold_moments(wide, wide)
    with pytest.raises(InputError, match="rows must be a whole number >= 1, got 0"):
        stats.fold_moments(x, y, rows=0)
    with pytest.raises(InputError, match="n_stimuli, n_units"):
        stats.fold_moments(x[0], y)
    with pytest.raises(InputError, match=r"labels in 0\.\.2, got 0\.\.3"):
        stats.FoldMoments.empty(12, 9, 3).add(x[:4], y[:4], np.arange(4))
    with pytest.raises(InputError, match="must have 3 and 9 columns"):
        stats.FoldMoments.empty(3, 9, 3).add(x, y, np.zeros(20, int))


class Reversed:
    """Runs what is submitted only when a later answer is asked for, last first."""

    def __init__(self):
        self.calls = []

    def submit(self, f, *args):
        call = pickle.loads(pickle.dumps((f, args)))  # as for another process
        self.calls.append(len(call[1]))
        return Later(call)


class Later:
    def __init__(self, call):
        self.call = call

    def result(self):
        f, args = self.call
        return f(*args)


def stored(folder, values):
    with ub.responses.StoreWriter(folder, n_units=values.shape[1], dtype="float64") as writer:
        writer.append(values)
    return ub.open_store(folder)


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array, stored])
def test_workers_sum_what_one_pass_sums(kind, rng, tmp_path):
    x, y = systems(rng, n=700)
    sides = [kind(tmp_path / n, v) if kind is stored else kind(v) for n, v in (("x", x), ("y", y))]
    alone = stats.fold_moments(*sides, rows=7, rng=3)
    with ThreadPoolExecutor(3) as pool:
        threads = stats.fold_moments(*sides, rows=7, rng=3, on=pool)
    later = Reversed()
    found = stats.fold_moments(*sides, rows=7, rng=3, on=later)
    assert len(later.calls) == 7  # 16 blocks a call
    for name in ("count", "xy", "xx", "yy", "sum_x", "square_y", "low_x", "high_y"):
        assert np.array_equal(getattr(found, name), getattr(threads, name)), name
        np.testing.assert_allclose(getattr(found, name), getattr(alone, name), atol=1e-9)
    assert_same(streamed.ridge(found), align.ridge(x, y, rng=3, **BARE))


def test_a_store_travels_by_its_path(rng, tmp_path):
    store = stored(tmp_path / "x", rng.normal(size=(5000, 20)))
    sent = pickle.dumps(store)
    assert len(sent) < 2000
    assert np.array_equal(pickle.loads(sent).rows(np.arange(9)), store.rows(np.arange(9)))


def test_what_a_worker_refuses_is_refused_here(rng):
    x, y = systems(rng, n=400)
    x[395, 2] = np.nan
    with ThreadPoolExecutor(1) as pool, pytest.raises(InputError, match=r"x \(rows from 392\)"):
        stats.fold_moments(x, y, rows=7, on=pool)
    with pytest.raises(InputError, match="on must have submit"):
        stats.fold_moments(y, y, on="dask")
