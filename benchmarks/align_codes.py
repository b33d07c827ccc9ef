# ruff: noqa: D103, D401
"""Claim: sparse codes are scored exactly at a scale where the dense matrices cannot be made.

``python benchmarks/align_codes.py [--fast]``: 65,536 latents, 32 active, 100,000 stimuli: held-out
semi-matching in 5 folds, the exact one-to-one and soft plans with their duality gaps, and nested
ridge onto 100 targets from 20,000 of the stimuli. Equality with the dense path is checked first, on
a small pair. ``--million``: 131,072 latents and 1,000,000
stimuli, written to a folder for the occasion and read from there: semi-matching alone, reading,
matching and scoring counted.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from measure import measure, write

import unbraid as ub
from unbraid import align, stats

FAST = "--fast" in sys.argv
MILLION = "--million" in sys.argv
N, M, K = (100_000, 65_536, 32) if not MILLION else (1_000_000, 131_072, 32)
if FAST:
    N, M = 4000, 2048


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
        from unbraid.align.matching.solvers import _sparse_plans

        folds = stats.shuffled_folds(x.shape[0], 5)
        found = getattr(_sparse_plans, kind)(x, y, folds)
        target = found.target(None)
        return found._plan(target, np.flatnonzero(target.of.always), -1).gap

    return gap


def readouts():
    """Return codes and noisy linear readouts of them."""
    x, _ = codes(400 if FAST else 20_000, M, K)
    rng = np.random.default_rng(1)
    y = (x @ sp.random_array((M, 100), density=0.02, random_state=rng).tocsr()).toarray()
    return x, y + y.std(axis=0) * rng.normal(size=y.shape)


def ridge(x, y):
    return align.ridge(x, y, permutations=0, resamples=0).gap


def semi_from_disk(*paths):
    return semi(*[ub.load(path) for path in paths])


def million() -> list[dict]:
    """Write the codes to a temporary folder and score them from there."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.safetensors" for name in "xy"]
        for path, side in zip(paths, codes(N, M, K), strict=True):
            ub.save(ub.Responses(side), path)
        size = sum(path.stat().st_size for path in paths) / 2**30
        row = measure(semi_from_disk, lambda: paths, warm=False)
    print(f"{N} stimuli x {M} latents, {K} active, {size:.2f} GiB on disk: semi-matching "
          f"{row['value']:.4f}, {row['seconds']:.0f} s, {row['cpu']:.0f} CPU s, "
          f"{row['gib']:.2f} GiB")  # fmt: skip
    return [{"claim": "semi-matching from disk, 5 folds", "results": row}]


if __name__ == "__main__":
    small = codes(500, 200, 8)
    for name in ("semi_matching", "one_to_one", "soft_matching"):
        compute = align.METRICS[name].compute
        sparse, dense = (compute(*sides, permutations=0, resamples=0).in_sample
                         for sides in (small, [v.toarray() for v in small]))  # fmt: skip
        assert abs(sparse - dense) < 1e-10, name
    if MILLION:
        write("align_codes_million", million())
        raise SystemExit
    start = time.perf_counter()
    rows = []
    for claim, job, prepare in (
        ("semi-matching, 5 folds: value", semi, lambda: codes(N, M, K)),
        ("ridge, 5 folds, 100 targets: relative residual", ridge, readouts),
        ("one plan, one-to-one: duality gap", plan("SparseOneToOne"), lambda: codes(N, M, K)),
        ("one plan, soft matching: duality gap", plan("SparseSoft"), lambda: codes(N, M, K)),
    ):
        row = measure(job, prepare)
        print(
            f"{claim}: {row['value']:.3g}, {row['seconds']:.1f} s, {row['cpu']:.1f} CPU s, "
            f"{row['gib']:.2f} GiB"
        )
        rows.append({"claim": claim, "results": row})
    write("align_codes", rows)
    print(f"{time.perf_counter() - start:.0f} s in all, {N} stimuli x {M} latents, {K} active")
