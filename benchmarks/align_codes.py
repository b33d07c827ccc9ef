# ruff: noqa: D103, D401
"""Claim: sparse codes are scored exactly at a scale where the dense matrices cannot be made.

``python benchmarks/align_codes.py [--fast]``: 65,536 latents, 32 active, 100,000 stimuli: held-out
semi-matching in 5 folds, and the exact one-to-one and soft plans with their duality gaps. Equality
with the dense path is checked first, on a small pair.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import scipy.sparse as sp
from measure import measure, write

from unbraid import align, stats

FAST = "--fast" in sys.argv
N, M, K = (4000, 2048, 32) if FAST else (100_000, 65_536, 32)


def codes(n: int, m: int, k: int):
    """Return codes whose latents differ in how often they fire, and a noisy, permuted copy."""
    rng = np.random.default_rng(0)
    active = np.minimum((m * rng.random((n, k)) ** 1.5).astype(np.int64), m - 1)
    at = np.arange(0, n * k + 1, k)
    x = sp.csr_array((rng.random(n * k) + 0.1, active.ravel(), at), shape=(n, m))
    x.sum_duplicates()
    kept = rng.random(x.nnz) < 0.6
    data, elsewhere = x.data * kept * rng.random(x.nnz), rng.permutation(m)[x.indices]
    y = sp.csr_array((data, elsewhere, x.indptr.copy()), shape=(n, m))
    y.eliminate_zeros()
    y.sort_indices()
    return x, y


def semi(x, y):
    return align.semi_matching(x, y, permutations=0, resamples=0).value


def plan(kind: str):
    def gap(x, y):
        from unbraid.align import _sparse_plans
        from unbraid.align._sparse_marginals import sparse_side

        folds = stats.shuffled_folds(x.shape[0], 5)
        found = getattr(_sparse_plans, kind)(x, y, folds)
        target = sparse_side(y, folds)
        return found._plan(target, np.flatnonzero(target.of.varies.all(axis=0)), -1).gap

    return gap


if __name__ == "__main__":
    small = codes(500, 200, 8)
    for name in ("semi_matching", "one_to_one", "soft_matching"):
        compute = align.METRICS[name].compute
        sparse, dense = (compute(*sides, permutations=0, resamples=0).in_sample
                         for sides in (small, [v.toarray() for v in small]))  # fmt: skip
        assert abs(sparse - dense) < 1e-10, name
    start = time.perf_counter()
    rows = []
    for claim, job in (
        ("semi-matching, 5 folds: value", semi),
        ("one plan, one-to-one: duality gap", plan("SparseOneToOne")),
        ("one plan, soft matching: duality gap", plan("SparseSoft")),
    ):
        row = measure(job, lambda: codes(N, M, K))
        print(f"{claim}: {row['value']:.3g}, {row['seconds']:.1f} s, {row['gib']:.2f} GiB")
        rows.append({"claim": claim, "results": row})
    write("align_codes", rows)
    print(f"{time.perf_counter() - start:.0f} s in all, {N} stimuli x {M} latents, {K} active")
