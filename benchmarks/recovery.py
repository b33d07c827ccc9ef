"""Claim: `Auto` recovers the true features where they can be recovered, told neither N nor K.

Each world is ``x = z A + noise`` with random unit atoms. Reported: mean correlation of the true
features with codes matched one to one (MCC) on stimuli nothing was learned from, for the true atoms
with the lasso (oracle), `Auto`, and a TopK autoencoder twice as wide as the truth that is told K.
Run: python benchmarks/recovery.py [--fast] [--worlds exact64 ...] [--seeds 1] [-o FILE].
"""

import argparse
import json
import platform
import time
import warnings
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from unbraid.sparse import Auto, TopK, fit
from unbraid.sparse._infer import choose_inference, infer

N_TEST = 2000


def world(rng, size, *, n=20_000, noise=0.0, support="exact", low=0.5, high=1.5, zipf=0.0):
    """Return true atoms, features and responses; the last 2000 stimuli are for testing."""
    n_features, n_units, k = size
    n += N_TEST
    atoms = rng.normal(size=(n_features, n_units))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    share = np.arange(1, n_features + 1.0) ** -zipf
    share *= k / share.sum()
    if support == "bernoulli":
        on = rng.random((n, n_features)) < np.minimum(share, 1)
    else:
        on = np.zeros((n, n_features), bool)
        np.put_along_axis(on, np.argsort(rng.random((n, n_features)), 1)[:, :k], True, axis=1)
    z = on * rng.uniform(low, high, on.shape)
    return atoms, z, z @ atoms + noise * rng.normal(size=(n, n_units))


def composition_shift(rng, size, *, n=10_000):
    """Return the world in which test stimuli combine features that never met in training."""
    n_features, n_units, k = size
    atoms = rng.normal(size=(n_features, n_units))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    z, half = np.zeros((n + N_TEST, n_features)), n_features // 2
    for row in range(len(z)):
        if row >= n:
            on = np.r_[0, half + rng.choice(n_features - half, k - 1, replace=False)]
        elif rng.random() < 0.5:
            on = np.r_[0, 1 + rng.choice(half - 1, k - 1, replace=False)]
        else:
            on = 1 + rng.choice(n_features - 1, k, replace=False)
        z[row, on] = rng.random(k)
    return atoms, z, z @ atoms


WORLDS = {
    "exact64": lambda rng: (*world(rng, (64, 24, 3)), 3),
    "exact128": lambda rng: (*world(rng, (128, 48, 4)), 4),
    "exact256": lambda rng: (*world(rng, (256, 64, 4)), 4),
    "exact512": lambda rng: (*world(rng, (512, 128, 4)), 4),
    "phase8": lambda rng: (*world(rng, (128, 45, 8)), 8),
    "phase16": lambda rng: (*world(rng, (128, 67, 16)), 16),
    "few300": lambda rng: (*world(rng, (64, 32, 3), n=300), 3),
    "few1000": lambda rng: (*world(rng, (64, 32, 3), n=1000), 3),
    "few3000": lambda rng: (*world(rng, (64, 32, 3), n=3000), 3),
    "few300noise": lambda rng: (*world(rng, (64, 32, 3), n=300, noise=0.1), 3),
    "few1000noise": lambda rng: (*world(rng, (64, 32, 3), n=1000, noise=0.1), 3),
    "few3000noise": lambda rng: (*world(rng, (64, 32, 3), n=3000, noise=0.1), 3),
    "zipf": lambda rng: (
        *world(rng, (128, 48, 4), noise=0.05, support="bernoulli", low=0, high=1, zipf=0.7), 4),
    "small16": lambda rng: (*world(rng, (16, 8, 3), n=1024, low=0, high=1.6), 3),
    "shift100": lambda rng: (*composition_shift(rng, (100, 47, 10)), 10),
}  # fmt: skip


def mcc(z, codes):
    """Return the mean matched absolute correlation; unmatched and constant features count 0."""
    c = np.asarray(codes.toarray(), float)
    z = (z - z.mean(0)) / np.maximum(z.std(0), 1e-12)
    c = (c - c.mean(0)) / np.maximum(c.std(0), 1e-12)
    r = np.abs(z.T @ c) / len(z)
    i, j = linear_sum_assignment(-r)
    return float(r[i, j].sum() / np.sum(z.std(0) > 0.5))


def measure(name, seed, fast):
    """Return one row of the table."""
    rng = np.random.default_rng([seed, sum(map(ord, name))])
    atoms, z, x, k = WORLDS[name](rng)
    train, test, truth = x[:-N_TEST], x[-N_TEST:], z[-N_TEST:]
    if fast:
        train = train[:2000]
    row = {"world": name, "seed": seed, "n": len(train)}
    oracle = choose_inference(train, atoms, k=k, by="fista").problem
    row["oracle"] = mcc(truth, infer(test, atoms, oracle)[0])
    methods = {
        "auto": Auto(),
        "topk_2n": TopK(n_latents=2 * len(atoms), k=k, training={"learning_rate": 1e-2}),
    }
    for label, method in methods.items():
        started = time.process_time()
        learned = fit(train, method, rng=seed)
        row[f"{label}_cpu_s"] = round(time.process_time() - started, 2)
        row[label] = mcc(truth, learned.encode(test))
        row[f"{label}_latents"] = learned.n_latents
    row["topk_2n_fista"] = mcc(truth, learned.encode(test, by="fista"))
    return row


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=list(WORLDS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = []
    for name in options.worlds[: 2 if options.fast else None]:
        for seed in range(options.seeds):
            rows.append(measure(name, seed, options.fast))
            print(json.dumps({k: round(v, 4) if isinstance(v, float) else v
                              for k, v in rows[-1].items()}), flush=True)  # fmt: skip
    if options.output:
        about = {"machine": platform.processor() or platform.machine(), "rows": rows}
        options.output.write_text(json.dumps(about, indent=1))


if __name__ == "__main__":
    main()
