"""Moments in blocks, in any order, from any source equal those in memory."""

import functools

import numpy as np
import pytest
import scipy.sparse as sp

from unbraid import align, stats
from unbraid.errors import InputError


def responses(rng, n=230, p=6, q=4, offset=0.0):
    z = rng.normal(size=(n, 3))
    return offset + z @ rng.normal(size=(3, p)), z @ rng.normal(size=(3, q)) + rng.normal(
        size=(n, q)
    )


@pytest.mark.parametrize("block", [1, 7, 100, 1000])
def test_blocks_equal_memory(block, rng):
    x, y = responses(rng)
    folds = stats.shuffled_folds(230, 5, 0)
    moments = stats.FoldMoments.empty(6, 4, 5)
    for start in range(0, 230, block):
        rows = slice(start, start + block)
        moments = moments.add(x[rows], y[rows], folds[rows])
    train = moments.train(2)
    keep = folds != 2
    a, b = x[keep] - x[keep].mean(axis=0), y[keep] - y[keep].mean(axis=0)
    assert train.n == keep.sum()
    np.testing.assert_allclose(train.xy, a.T @ b, atol=1e-10)
    np.testing.assert_allclose(train.xx, a.T @ a, atol=1e-10)
    np.testing.assert_allclose(train.mean_y, y[keep].mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(moments.test(2).yy, np.cov(y[~keep].T) * (~keep).sum()
                               - np.cov(y[~keep].T), atol=1e-10)  # fmt: skip
    whole = moments.train(-1)
    score = align.cka(x, y, permutations=0, resamples=0)
    assert whole.cka == pytest.approx(score.value, abs=1e-12)
    expected = np.corrcoef(x.T, y.T)[:6, 6:]
    np.testing.assert_allclose(whole.correlation, expected, atol=1e-12)


def test_workers_merge_in_any_order_from_maps_and_csr(rng, tmp_path):
    x, y = responses(rng)
    x[np.abs(x) < 1] = 0
    folds = stats.contiguous_folds(230, 4)
    np.save(tmp_path / "y.npy", y)
    mapped, codes = np.load(tmp_path / "y.npy", mmap_mode="r"), sp.csr_array(x)
    empty = stats.FoldMoments.empty(6, 4, 4)
    parts = [empty.add(codes[r], mapped[r], folds[r])
             for r in np.array_split(rng.permutation(230), 5)]  # fmt: skip
    merged = functools.reduce(stats.FoldMoments.merge, parts[::-1])
    whole = empty.add(x, y, folds)
    np.testing.assert_allclose(merged.xy, whole.xy, atol=1e-10)
    np.testing.assert_allclose(merged.train(1).xx, whole.train(1).xx, atol=1e-10)
    for name in ("low_x", "low_y", "high_x", "high_y"):
        np.testing.assert_array_equal(getattr(merged, name), getattr(whole, name))
    np.testing.assert_array_equal(merged.high_y[0], y[folds == 0].max(axis=0))
    np.testing.assert_array_equal(merged.low_y[0], y[folds == 0].min(axis=0))


def test_large_means_cost_no_digits(rng):
    x, y = responses(rng)
    folds = stats.shuffled_folds(230, 5, 0)
    plain = stats.FoldMoments.empty(6, 4, 5).add(x, y, folds).train(0)
    far = stats.FoldMoments.empty(6, 4, 5, shift_x=x[:10].mean(axis=0) + 1e7, within=False)
    shifted = far.add(x + 1e7, y, folds).train(0)
    np.testing.assert_allclose(shifted.xy, plain.xy, atol=2e-6)  # x + 1e7 itself is rounded at 2e-9
    np.testing.assert_allclose(shifted.mean_x, plain.mean_x + 1e7, rtol=1e-14)


def test_messages(rng):
    empty = stats.FoldMoments.empty(2, 2, 3)
    with pytest.raises(InputError, match="one row per stimulus, got 4, 3 and 4"):
        empty.add(np.ones((4, 2)), np.ones((3, 2)), np.zeros(4, int))
    with pytest.raises(InputError, match="share sizes, folds and shifts"):
        empty.merge(stats.FoldMoments.empty(2, 2, 3, shift_x=[1, 2]))
