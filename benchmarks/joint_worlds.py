"""Joint dictionaries where it is known what systems share.

Claims: of the latents called shared at a false discovery rate of 5 %, no more than that are not, in
40 draws of worlds of shared and private features; signs, sizes, noise and rows that some systems
missed move no latent into a wrong class; the field's methods do not find more than ours.

    python benchmarks/joint_worlds.py                  # all of it; --fast: small; --only NAME ...
"""

from __future__ import annotations

import argparse
import json
import platform
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import unbraid as ub
from unbraid.interpret import feature_correlations, mcc

QUICK: dict[str, Any] = {"seeds": 1, "refits": 0, "baselines": False, "permutations": 999}
FOUND = 0.9  # correlation with a feature from which on a latent is that feature


def features(rng: np.random.Generator, n: int, count: int, k: int) -> np.ndarray:
    """Draw k of ``count`` features per stimulus, uniform on [.5, 1.5]."""
    z = np.zeros((n, count))
    if count:
        at = np.argsort(rng.random((n, count)), 1)[:, :k]
        np.put_along_axis(z, at, rng.uniform(0.5, 1.5, (n, k)), 1)
    return z


def made(
    shared: int,
    active: int,
    units: tuple[int, ...],
    n: int,
    *,
    private: int = 0,
    noise: float = 0.0,
    sign: float = 1.0,
    seed: int = 0,
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Return responses by name, all features, and what each feature is; ``sign`` of b's values."""
    rng = np.random.default_rng(seed)
    common = features(rng, n, shared, active)
    systems, own, kinds = {}, [], ["shared"] * shared
    for name, p in zip("abcd", units, strict=False):
        own.append(features(rng, n, private, 1))
        kinds += [f"{name} only"] * private
        directions = rng.normal(size=(shared + private, p))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        x = np.hstack([(sign if name == "b" else 1.0) * common, own[-1]]) @ directions
        systems[name] = x + noise * x.std() * rng.normal(size=x.shape)
    return systems, np.hstack([common, *own]), np.array(kinds)


def joined(
    systems: dict[str, Any], z: np.ndarray, kinds: np.ndarray, method: Any, seed: int = 0
) -> dict[str, Any]:
    """Join the systems and compare each latent's kind with that of the feature it is."""
    started, used = time.perf_counter(), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = ub.joint(systems, method=method, rng=seed, **QUICK)
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    codes = found.encode(systems)
    r = np.abs(feature_correlations(codes, z))
    said, best = np.array(found.evidence.kind), r.argmax(axis=1)
    is_one = r.max(axis=1) > FOUND
    called = said != "undecided"
    right = said == kinds[best]
    shared = said == "shared"
    # a latent that is no single feature counts as false, unless it mixes shared ones only
    mixed = np.array([(kinds[row > 0.3] == "shared").all() and (row > 0.3).any() for row in r])
    false = shared & ~(mixed | (is_one & (kinds[best] == "shared")))
    return {
        "mcc": mcc(codes, z),
        "recovered": int(is_one.sum()),
        "right": int((is_one & right).sum()),
        "wrong": int((is_one & called & ~right).sum()),
        "shared": int(shared.sum()),
        "false shared": int(false.sum()),
        "p": found.contrast.p,
        "seconds": round(seconds, 1),
        "cpu": round(cpu, 1),
    }


def sparse_coding(n_latents: int) -> ub.SparseCoding:
    """Return the quickest method, told the number of features."""
    return ub.SparseCoding(n_latents=n_latents, cycles=0)


def false_discoveries(fast: bool) -> Iterator[dict[str, Any]]:
    """Draw worlds of ten shared and five features of each alone, 14 units per side."""
    total: dict[str, int] = {}
    draws = 4 if fast else 40
    for seed in range(draws):
        world = made(10, 2, (14, 14), 1200, private=5, noise=0.05, seed=seed)
        row = joined(*world, sparse_coding(20), seed)
        for name in ("recovered", "right", "wrong", "shared", "false shared"):
            total[name] = total.get(name, 0) + row[name]
    yield {"world": f"10 shared, 5 + 5 private, 14 + 14 units, {draws} draws", **total}
    total = {}
    for seed in range(draws):
        systems, _, _ = made(10, 2, (14, 14), 1200, private=5, noise=0.05, seed=seed)
        order = np.random.default_rng(seed).permutation(1200)
        systems["b"] = systems["b"][order]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            found = ub.joint(systems, method=sparse_coding(30), rng=seed, **QUICK)
        total["shared"] = total.get("shared", 0) + found.counts["shared"].value
        total["p <= .05"] = total.get("p <= .05", 0) + int(found.contrast.p <= 0.05)
    yield {"world": f"the same, rows of b permuted, {draws} draws", **total}


def small_systems(fast: bool) -> Iterator[dict[str, Any]]:
    """Join systems of which none can be told alone."""
    n = 3000 if fast else 8000
    cases = [(6, 6), (5, 5), (4, 4, 4), (3, 3, 3, 3)]
    for units in cases[: 1 if fast else None]:
        row = joined(*made(64, 3, units, n), sparse_coding(64))
        yield {"world": f"64 features, 3 active, {' + '.join(map(str, units))} units", **row}


def signs(fast: bool) -> Iterator[dict[str, Any]]:
    """Join systems of which b holds shared features with the opposite sign."""
    for seed in range(1 if fast else 3):
        world = made(32, 2, (24, 24), 4000, private=16, sign=-1.0, seed=seed)
        yield {"world": f"32 / 16 / 16, opposite sign in b, seed {seed}",
               **joined(*world, sparse_coding(64), seed)}  # fmt: skip


def correlated(fast: bool) -> Iterator[dict[str, Any]]:
    """Let each feature of a alone be active with one of b alone, with its value or another."""
    n, names = (1500 if fast else 4000), ("a", "b")
    for same in (True, False):
        for share in (0.5,) if fast else (0.2, 0.5, 0.8):
            rng = np.random.default_rng(1)
            common, a, b = (features(rng, n, *size) for size in ((32, 2), (16, 1), (16, 1)))
            rows = np.flatnonzero(rng.random(n) < share)
            values = a[rows].max(axis=1) if same else b[rows].max(axis=1)
            b[rows] = 0
            b[rows, a[rows].argmax(axis=1)] = values
            systems = {}
            for name, own in zip(names, (a, b), strict=True):
                directions = rng.normal(size=(48, 24))
                directions /= np.linalg.norm(directions, axis=1, keepdims=True)
                systems[name] = np.hstack([common, own]) @ directions
            r = np.mean([np.corrcoef(x, y)[0, 1] for x, y in zip(a.T, b.T, strict=True)])
            kinds = np.repeat(["shared", "a only", "b only"], (32, 16, 16))
            world = systems, np.hstack([common, a, b]), kinds
            how = "one value" if same else "values drawn apart"
            yield {"world": f"32 / 16 / 16, private features correlated, {how}, r = {r:.2f}",
                   **joined(*world, sparse_coding(64))}  # fmt: skip


def large(fast: bool) -> Iterator[dict[str, Any]]:
    """Join two systems of a thousand features in 47 units each."""
    count, n = (200, 10_000) if fast else (1000, 50_000)
    units = (28, 28) if fast else (47, 47)
    world = made(count, 10, units, n)
    yield {"world": f"{count} features, 10 active, {units[0]} + {units[1]} units, {n} stimuli",
           **joined(*world, sparse_coding(count))}  # fmt: skip


def methods(fast: bool) -> Iterator[dict[str, Any]]:
    """Compare our methods and the field's on two worlds."""
    steps = {"steps": 300 if fast else 2000}
    chosen: list[Callable[[int, int], Any]] = [
        lambda m, k: sparse_coding(m),  # noqa: ARG005
        lambda m, k: ub.Pursuit(n_latents=m, k=k),
        lambda m, k: ub.TopK(n_latents=m, k=k, training=steps),
        lambda m, k: ub.BatchTopKCrosscoder(n_latents=m, k=k, training=steps),
        lambda m, k: ub.L1Crosscoder(n_latents=m, training=steps),  # noqa: ARG005
        lambda m, k: ub.PartitionedCrosscoder(n_latents=m, k=k, own_share=0.2, training=steps),
        lambda m, k: ub.Usae(n_latents=m, k=k, training=steps),
        lambda m, k: ub.Sparc(n_latents=m, k=k, training=steps),
    ]
    worlds = {
        "32 / 16 / 16, 24 + 24 units, 4,000 stimuli": (
            made(32, 2, (24, 24), 4000, private=16), 64, 4),
        "64 features, 3 active, 8 + 8 units, 4,000 stimuli": (made(64, 3, (8, 8), 4000), 64, 3),
    }  # fmt: skip
    for name, (world, m, k) in worlds.items():
        for make in chosen:
            method = make(m, k)
            yield {"world": f"{name}: {type(method).__name__}", **joined(*world, method)}


PARTS = {
    "false": false_discoveries, "small": small_systems, "signs": signs, "methods": methods,
    "correlated": correlated, "large": large,
}  # fmt: skip


def main() -> None:
    """Print a row per world, and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fast", action="store_true", help="small worlds, for breakage")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--json", help="write the rows here")
    asked = parser.parse_args()
    rows = []
    for part in asked.only:
        for row in PARTS[part](asked.fast):
            rows.append(row)
            said = ", ".join(f"{k} {v:.3g}" for k, v in row.items() if k != "world")
            print(f"{row['world']}: {said}", flush=True)  # noqa: T201
    if asked.json:
        about = {"machine": platform.machine(), "unbraid": version("unbraid"), "rows": rows}
        Path(asked.json).write_text(json.dumps(about, indent=1))


if __name__ == "__main__":
    main()
