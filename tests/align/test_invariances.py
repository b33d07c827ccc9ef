"""What stands for the same data gives the same score: rows in any order, types, blocks, threads."""

import numpy as np
import pytest
import scipy.sparse as sp

from unbraid import stats
from unbraid._kernels import threads
from unbraid.align import METRICS, streamed
from unbraid.align.matching import _semi_matching
from unbraid.align.matching.solvers import _dense_search
from unbraid.align.regression import _ridge

BARE = {"permutations": 0, "resamples": 0}


def systems(rng, n=90, p=7, q=6):
    z = rng.normal(size=(n, 4))
    x = z @ rng.normal(size=(4, p)) + rng.normal(size=(n, p))
    y = z @ rng.normal(size=(4, q)) + rng.normal(size=(n, q))
    x[:, 2] = 1.0  # constant
    x[:, 5] = x[:, 1]  # duplicated
    x[:, 3] = np.arange(n) < 2  # rare
    return (side.astype(np.float32).astype(np.float64) for side in (x, y))


def assert_same(found, expected, tolerance=1e-10):
    assert found.value == pytest.approx(expected.value, abs=tolerance, nan_ok=True)
    assert found.in_sample == pytest.approx(expected.in_sample, abs=tolerance, nan_ok=True)
    assert found.coverage == expected.coverage
    np.testing.assert_allclose(found.per_target, expected.per_target, atol=tolerance)


@pytest.mark.parametrize("name", METRICS)
def test_the_order_of_stimuli_changes_nothing(name, rng):
    x, y = systems(rng)
    folds, order = stats.shuffled_folds(90, 5), rng.permutation(90)
    compute = METRICS[name].compute
    again = compute(x[order], y[order], folds=np.asarray(folds)[order], **BARE)
    assert_same(again, compute(x, y, folds=folds, **BARE))


@pytest.mark.parametrize("name", METRICS)
def test_type_and_layout_of_the_numbers_change_nothing(name, rng):
    x, y = systems(rng)
    compute = METRICS[name].compute
    expected = compute(x, y, **BARE)
    assert_same(compute(x.astype(np.float32), y.astype(np.float32), **BARE), expected)
    assert_same(compute(np.asfortranarray(x), y[::-1].copy()[::-1], **BARE), expected)
    assert_same(compute(sp.csr_array(x), sp.csr_array(y), **BARE), expected)


@pytest.mark.parametrize("sign", ["signed", "absolute"])
def test_blocks_and_threads_of_the_large_search_change_nothing(sign, rng, monkeypatch):
    x, y = rng.normal(size=(60, 300)), rng.normal(size=(60, 400))
    monkeypatch.setattr(_semi_matching, "_LARGE", 0)
    found = []
    for block, count in ((2.0**26, 1), (1.0, 3)):
        monkeypatch.setattr(_dense_search, "_BLOCK", block)
        monkeypatch.setattr(threads, "workers", lambda count=count: count)
        found.append(METRICS["semi_matching"].compute(x, y, sign=sign, **BARE))
    assert_same(*found)
    np.testing.assert_array_equal(found[0].matching, found[1].matching)


def test_only_ties_up_to_rounding_go_to_the_first_source():
    r = np.array([[0.5, 0.5, -0.7], [0.5 + 1e-13, 0.5 + 1e-9, np.nan], [0.1, 0.2, 0.7 - 1e-14]])
    best, sign = _semi_matching.strongest_sources(r, absolute=True)
    assert (best.tolist(), sign.tolist()) == ([0, 1, 0], [1, 1, -1])
    assert _semi_matching.strongest_sources(r, absolute=False)[0].tolist() == [0, 1, 2]


@pytest.mark.parametrize("sign", ["signed", "absolute"])
def test_of_tied_sources_the_first_is_matched_on_every_path(sign, rng, monkeypatch):
    y = np.where(rng.random((200, 12)) < 0.2, rng.random((200, 12)), 0)
    x = np.hstack([y * scale for scale in np.exp(rng.normal(size=(5, 12)))])
    compute = METRICS["semi_matching"].compute
    moments = stats.fold_moments(x, y, rows=37, within=False)
    found = [streamed.semi_matching(moments, sign=sign), compute(x, y, sign=sign, **BARE),
             compute(sp.csr_array(x), sp.csr_array(y), sign=sign, **BARE)]  # fmt: skip
    monkeypatch.setattr(_semi_matching, "_LARGE", 0)
    found.append(compute(x, y, sign=sign, **BARE))
    for score in found:
        assert score.matching.tolist() == list(range(12))
        assert score.value == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("name", ["ridge", "ridge_r2"])
def test_targets_in_blocks_of_one_change_nothing(name, rng, monkeypatch):
    x, y = systems(rng)
    options = {"permutations": 1, "resamples": 10}
    expected = METRICS[name].compute(x, y, **options)
    monkeypatch.setattr(_ridge, "_FIT_BLOCK", 1.0)
    found = METRICS[name].compute(x, y, **options)
    assert_same(found, expected)
    assert found.null == pytest.approx(expected.null, abs=1e-10)
    assert found.low == pytest.approx(expected.low, abs=1e-10)
