# ruff: noqa: D103
"""Claim: a null with few refits holds its level, and costs little beside the value.

``python benchmarks/align_null.py cost|level [--fast] [metric ...]``. ``cost``: CPU seconds of every
metric bare, by default, and with every refit; of systems that share half their units, and of
unrelated ones. ``level``: share of independent systems
rejected at .05 and .01; "-" where rows are so few that no score is defined.
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np
import scipy.sparse as sp

from unbraid import align, stats

FAST = "--fast" in sys.argv
EVERY = stats.Permutations(20, targets=None)
METRICS = ("semi_matching", "one_to_one", "soft_matching", "ridge", "ridge_r2", "pls", "cka",
           "cka_debiased", "rsa", "procrustes", "cca", "svcca", "pwcca", "kernel_cka", "mutual_knn",
           "cknna", "jaccard", "max_pairwise")  # fmt: skip
LEVELS = (
    "semi_matching",
    "ridge",
    "one_to_one",
    "soft_matching",
    "pls",
    "procrustes",
    "cca",
    "pwcca",
)


def gaussian(rng, n, p):
    return rng.normal(size=(n, p))


def low_rank(rng, n, p):
    return rng.normal(size=(n, 3)) @ rng.normal(size=(3, p)) + 0.1 * rng.normal(size=(n, p))


def sparse(rng, n, p):
    return np.where(rng.random((n, p)) < 0.03, rng.gamma(2.0, 1.0, (n, p)), 0)


def codes(rng, n, p):
    return sp.csr_array(sparse(rng, n, p))


def heavy(rng, n, p):
    return rng.standard_t(2, size=(n, p))


def common(rng, n, p):
    return rng.normal(size=(n, 1)) + 0.7 * rng.normal(size=(n, p))


def binary(rng, n, p):
    return (rng.random((n, p)) < 0.2) * 1.0


KINDS = (gaussian, low_rank, sparse, codes, heavy, common, binary)
SIZES = {  # stimuli, source units, targets, folds
    "semi_matching": ((100, 20, 60, 5), (40, 1, 40, 5), (60, 150, 200, 10)),
    "ridge": ((100, 20, 60, 5), (40, 1, 40, 5), (60, 80, 60, 3)),
}
NARROW = ((60, 10, 8, 5), (100, 3, 20, 3), (40, 12, 12, 4))


def p_values(metric, make, size, draws):
    n, p, q, folds = size
    found = []
    for seed in range(draws):
        rng = np.random.default_rng([n, p, seed, len(make.__name__)])
        x, y = make(rng, n, p), make(rng, n, q)
        score = metric(x, y, folds=folds, rng=seed, order="exchangeable", resamples=0)
        found.append(score.p_value)
    return np.array(found)


def level(names):
    print("| metric | data | n, p, q, folds | draws | p <= .05 | p <= .01 | mean p |")
    print("|---|---|---|---|---|---|---|")
    for name in names or LEVELS:
        for make in KINDS:
            for size in SIZES.get(name, NARROW):
                found = p_values(getattr(align, name), make, size, 60 if FAST else 600)
                found = found[~np.isnan(found)]
                line = f"| {name} | {make.__name__} | {size} | {len(found)} |"
                shares = (np.mean(found <= 0.05), np.mean(found <= 0.01), np.mean(found))
                print(line, " | ".join(f"{share:.3f}" for share in shares), "|", flush=True)


def cost(names):
    n, p, q = (400, 64, 128) if FAST else (1000, 256, 384)
    rng = np.random.default_rng(0)
    x, y = gaussian(rng, n, p), gaussian(rng, n, q)
    alike = y.copy()
    alike[:, : p // 2] += x[:, : p // 2]
    print(f"{n} stimuli, {p} source units, {q} targets; CPU seconds")
    print("| metric | systems | bare | default | every refit | default / bare |")
    print("|---|---|---|---|---|---|")
    for name in names or METRICS:
        metric = getattr(align, name)
        metric(x[:60, :5], y[:60, :40])  # compiles
        for systems, target in (("alike", alike), ("unrelated", y)):
            ways = ({"permutations": 0, "resamples": 0}, {}, {"permutations": EVERY})
            seconds, values = [], set()
            for options in ways:
                start = time.process_time()
                values.add(metric(x, target, **options).value)
                seconds.append(time.process_time() - start)
            assert len(values) == 1, f"{name}: the null moves the value"
            told = " | ".join(f"{s:.2f}" for s in seconds)
            ratio = seconds[1] / seconds[0]
            print(f"| {name} | {systems} | {told} | {ratio:.1f} |", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    named = [a for a in sys.argv[1:] if not a.startswith("--")]
    parts = {"cost": cost, "level": level}
    if not named or named[0] not in parts:
        sys.exit(__doc__)
    parts[named[0]](named[1:])
