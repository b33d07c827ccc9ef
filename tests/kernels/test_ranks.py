"""Ranks of pairs equal SciPy's, whatever their distribution, and on any number of threads."""

import numpy as np
import pytest
from scipy.stats import rankdata

from unbraid._kernels import threads
from unbraid._kernels.statistics.ranks import rank_scores


def distances(kind, rng, n=90):
    d = rng.normal(size=(n, n))
    if kind == "tied":
        d = np.round(2 * d)
    if kind == "heavy":
        d = d / np.abs(rng.normal(size=(n, n))) ** 6
    if kind == "nearly equal":
        d = 1 + 1e-16 * np.round(d)
    if kind == "one apart":
        d = np.zeros((n, n))
        d[0, 1] = 1e-320
    upper = np.triu(d, 1)
    return upper + upper.T


@pytest.mark.parametrize("kind", ["plain", "tied", "heavy", "nearly equal", "one apart"])
@pytest.mark.parametrize("count", [1, 3])
def test_equal_scipy(kind, count, rng, monkeypatch):
    monkeypatch.setattr(threads, "workers", lambda: count)
    d = distances(kind, rng, 200 if count == 3 else 90)
    upper = np.triu_indices(len(d), 1)
    ranks = rankdata(d[upper])
    scores = rank_scores(d)
    np.testing.assert_allclose(scores[upper], (ranks - ranks.mean()) / ranks.std(), atol=1e-12)
    np.testing.assert_array_equal(scores, scores.T)
    assert not scores.diagonal().any()


def test_equal_entries_have_no_rank():
    assert not rank_scores(np.full((5, 5), 3.0)).any()
