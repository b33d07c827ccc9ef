"""Coverage of intervals, p-values under the null, false discoveries: many worlds, as tables.

Claims: p-values of unrelated systems are uniform; 95 % intervals cover the score's expectation in
about 95 % of worlds, over dense, sparse, heavy-tailed and autocorrelated responses; of the pairs
called shared at a rate of 10 % at most a tenth is wrong.

    python benchmarks/calibration.py --worlds 400 --n 150
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable

import numpy as np
from scipy import stats as scipy_stats

from unbraid import align, stats

P = 5
Draw = Callable[[np.random.Generator, int, int], np.ndarray]


def dense(rng, n, p):
    """Draw normal responses."""
    return rng.normal(size=(n, p))


def sparse(rng, n, p):
    """Draw units active on 15 % of the stimuli."""
    return (rng.random((n, p)) < 0.15) * rng.uniform(0.2, 1, (n, p))


def heavy(rng, n, p):
    """Draw Student's t with 5 degrees of freedom."""
    return rng.standard_t(5, size=(n, p))


def heavier(rng, n, p):
    """Draw Student's t with 3: no fourth moment."""
    return rng.standard_t(3, size=(n, p))


def autocorrelated(rng, n, p):
    """Draw a first-order process of coefficient 0.7."""
    z = rng.normal(size=(n, p))
    for t in range(1, n):
        z[t] = 0.7 * z[t - 1] + np.sqrt(1 - 0.7**2) * z[t]
    return z


WORLDS: tuple[Draw, ...] = (dense, sparse, heavy, heavier, autocorrelated)
METRICS = {
    "semi_matching": {}, "one_to_one": {}, "soft_matching": {}, "ridge": {}, "ridge_r2": {},
    "pls": {}, "cka": {}, "cka_debiased": {}, "kernel_cka": {}, "procrustes": {}, "cca": {},
    "svcca": {}, "pwcca": {},
    "mutual_knn": {}, "cknna": {}, "jaccard": {}, "weighted_rsa": {}, "rsa": {},
    "rsa spearman": {"compare": "spearman"}, "rsa kendall": {"compare": "kendall"},
}  # fmt: skip


def folds_of(world: Draw, n: int):
    """Return runs of several correlation times where stimuli are neighbours."""
    return stats.contiguous_folds(n, 5, run=max(10, n // 25)) if world is autocorrelated else 5


def related(world: Draw, rng, n: int, strength: float):
    """Return two systems whose units correspond one to one."""
    x = world(rng, n, P)
    return x, strength * x + np.sqrt(1 - strength**2) * world(rng, n, P)


def scores(name: str, world: Draw, n: int, worlds: int, strength: float, **options):
    """Score every world once."""
    rng, found = np.random.default_rng(0), []
    compute, own = align.METRICS[name.split()[0]].compute, METRICS[name]
    for seed in range(worlds):
        x, y = related(world, rng, n, strength)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.append(compute(x, y, folds=folds_of(world, n), rng=seed, **own, **options))
    return found


def coverage(name, world, n, worlds, strength, refits) -> float:
    """Share of worlds whose 95 % interval holds the mean score."""
    resamples = stats.Refits(draws=0) if refits else 1
    found = scores(name, world, n, worlds, strength, permutations=0, resamples=resamples)
    truth = np.nanmean([score.value for score in found])
    return float(np.mean([score.low <= truth <= score.high for score in found]))


def uniformity(name: str, world: Draw, n: int, worlds: int) -> float:
    """P-value of Kolmogorov and Smirnov that the p-values of unrelated systems are uniform."""
    found = scores(name, world, n, worlds, 0.0, permutations=19, resamples=0)
    jitter = np.random.default_rng(1).random(worlds) / 20  # p-values stand on a grid of 1/20
    p = np.array([score.p_value for score in found]) - jitter
    return float(scipy_stats.kstest(p[~np.isnan(p)], "uniform").pvalue)


def discoveries(world: Draw, n: int, worlds: int) -> tuple[float, float]:
    """Mean share of false pairs among those called shared at 10 %, and of planted ones found."""
    rng, false, found = np.random.default_rng(0), [], []
    for seed in range(worlds):
        truth = world(rng, n, 20)
        x, y = (np.hstack([0.8 * truth + 0.6 * world(rng, n, 20), world(rng, n, 40)])
                for _ in range(2))  # fmt: skip
        pairs = align.shared_pairs(x, y, rate=0.1, folds=folds_of(world, n), rng=seed)
        right = np.arange(60) < 20
        right[:20] = pairs.source[:20] == np.arange(20)
        false.append((pairs.shared & ~right).sum() / max(pairs.shared.sum(), 1))
        found.append((pairs.shared & right).sum() / 20)
    return float(np.mean(false)), float(np.mean(found))


def table(title: str, rows: dict[str, list[str]]) -> None:
    """Print one line per metric."""
    print(f"\n{title}\n| metric | {' | '.join(w.__name__ for w in WORLDS)} |")
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Print the tables, and all numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=400)
    parser.add_argument("--n", type=int, default=150)
    parser.add_argument("--strength", type=float, default=0.8)
    parser.add_argument("--refits", action="store_true", help="fit again without each group")
    parser.add_argument("--metrics", default=",".join(METRICS))
    parser.add_argument("--only", choices=("coverage", "null", "pairs"))
    parser.add_argument("--fast", action="store_true", help="few worlds: runs, proves nothing")
    given = parser.parse_args()
    worlds, n = (8 if given.fast else given.worlds), given.n
    names, answer = given.metrics.split(","), {"n": n, "worlds": worlds}
    if given.only in (None, "coverage"):
        answer["coverage"] = {
            name: [
                coverage(name, world, n, worlds, given.strength, given.refits) for world in WORLDS
            ]
            for name in names
        }
        rows = {k: [f"{c:.3f}" for c in v] for k, v in answer["coverage"].items()}
        table(f"coverage of 95 % intervals, {worlds} worlds of {n} stimuli", rows)
    if given.only in (None, "null"):
        answer["uniformity"] = {
            name: [uniformity(name, world, n, worlds) for world in WORLDS] for name in names
        }
        rows = {k: [f"{c:.2g}" for c in v] for k, v in answer["uniformity"].items()}
        table("Kolmogorov-Smirnov p of uniform p-values under the null", rows)
    if given.only in (None, "pairs"):
        pairs = [discoveries(world, 2 * n, max(1, worlds // 10)) for world in WORLDS]
        answer["pairs"] = pairs
        table("shared pairs", {"false": [f"{a:.3f}" for a, _ in pairs],
                               "found": [f"{b:.3f}" for _, b in pairs]})  # fmt: skip
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
