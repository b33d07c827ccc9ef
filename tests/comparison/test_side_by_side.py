"""Scores side by side."""

import numpy as np

from unbraid import compare
from unbraid.sparse import TopK


def test_scores_of_several_threads_have_the_bits_of_one(monkeypatch):
    rng = np.random.default_rng(3)
    z = rng.random((80, 12)) * (rng.random((80, 12)) < 0.25)
    x, y = z @ rng.normal(size=(12, 8)), z @ rng.normal(size=(12, 7))
    found = []
    for count in (1, 3):
        monkeypatch.setattr("unbraid.comparison._compare.workers", lambda count=count: count)
        shares = []
        result = compare(
            x, y, method=TopK(n_latents=16, k=3), seeds=2, permutations=3, resamples=20,
            metrics=("semi_matching", "soft_matching", "ridge", "procrustes", "rsa"),
            progress=lambda _, share, shares=shares: shares.append(share),
        )  # fmt: skip
        assert shares == sorted(shares)
        found.append(result)
    for one, other in zip(*(result.scores for result in found), strict=True):
        assert one.record() == other.record()
        assert np.array_equal(one.per_target, other.per_target, equal_nan=True)
        assert np.array_equal(one.replicates, other.replicates, equal_nan=True)
    assert found[0].warnings == found[1].warnings
