"""Claim: `Auto` recovers the true features where they can be recovered, told neither N nor K.

Each world is ``x = z A + noise`` with random unit atoms. Reported: mean correlation of the true
features with codes matched one to one (MCC) on stimuli nothing was learned from, for the true atoms
with the lasso (oracle) and with posterior means under a prior fitted to the training stimuli
(``oracle_posterior``), and for each method. Told nothing: ``auto``. Told N and K: ``topk_2n``, an
autoencoder twice as wide as the truth, by its encoder and by the lasso with its atoms (``_fista``);
``sklearn``, of three penalties the one whose atoms leave matching pursuit the least error on the
training stimuli. Told N and that the offset is zero: ``coding``.
Run: python benchmarks/recovery.py [--worlds exact64 ...] [--methods auto ...] [--seeds 1] [-o FILE]
"""

import argparse
import json
import platform
import time
import warnings
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.special import ndtr
from sklearn.decomposition import MiniBatchDictionaryLearning, sparse_encode

from unbraid.sparse import AbsTopK, Auto, SparseCoding, TopK, fit
from unbraid.sparse.inference._infer import choose_inference, infer
from unbraid.sparse.inference._monte_carlo_em import fitted_prior
from unbraid.sparse.inference._posterior import posterior_mean
from unbraid.worlds import CompositionShift

N_TEST = 2000
PENALTIES = (0.1, 0.2, 0.5)


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """What is learned from, and the truth to judge by."""

    atoms: np.ndarray
    k: int
    train: np.ndarray
    tests: dict  # of each kind of test, features and responses
    offset: np.ndarray | float = 0.0
    signed: bool = False
    about: dict = field(default_factory=dict)


def unit(atoms):
    """Return the atoms with length 1."""
    return atoms / np.linalg.norm(atoms, axis=1, keepdims=True)


def world(rng, size, *, n=20_000, noise=0.0, support="exact", low=0.5, high=1.5, zipf=0.0,
          signed=False):  # fmt: skip
    """Draw random atoms and independent features."""
    n_features, n_units, k = size
    n += N_TEST
    atoms = unit(rng.normal(size=(n_features, n_units)))
    share = np.arange(1, n_features + 1.0) ** -zipf
    share *= k / share.sum()
    if support == "bernoulli":
        on = rng.random((n, n_features)) < np.minimum(share, 1)
    else:
        on = np.zeros((n, n_features), bool)
        np.put_along_axis(on, np.argsort(rng.random((n, n_features)), 1)[:, :k], True, axis=1)
    z = on * rng.uniform(low, high, on.shape)
    if signed:
        z *= rng.choice([-1, 1], z.shape)
    x = z @ atoms + noise * rng.normal(size=(n, n_units))
    tests = {"": (z[-N_TEST:], x[-N_TEST:])}
    return World(atoms=atoms, k=k, train=x[:-N_TEST], tests=tests, signed=signed)


def shifted(rng, n_features, n):
    """Draw a world whose test stimuli combine features that never met in training."""
    drawn = CompositionShift(n_features=n_features, n_train=n, n_evaluation=N_TEST).sample(rng=rng)
    kinds = {"": drawn.beyond, "_within": drawn.within}
    tests = {kind: (test.features, test.responses) for kind, test in kinds.items()}
    return World(atoms=drawn.encoding, k=10, train=drawn.training.responses, tests=tests)


def shifted_many(rng, n_features, n):
    """Draw the same kind of world, its features held sparsely: they may be many thousands."""
    k, half = 10, n_features // 2
    kind = CompositionShift(n_features=n_features, active=k)
    atoms = unit(rng.normal(size=(n_features, kind.n_units)))

    def draw(rows, first, last, on):
        chosen = rng.integers(first, last, (rows, on))
        while len(twice := np.flatnonzero((np.diff(np.sort(chosen), axis=1) == 0).any(1))):
            chosen[twice] = rng.integers(first, last, (len(twice), on))
        return chosen

    def features(chosen):
        pointers = np.arange(0, chosen.size + 1, chosen.shape[1])
        values = rng.random(chosen.size)
        return csr_array((values, chosen.ravel(), pointers), shape=(len(chosen), n_features))

    def usual(rows):
        near = np.pad(draw(rows, 1, half, k - 1), ((0, 0), (1, 0)))  # feature 0 beside the others
        rest = draw(rows, 1, n_features, k)
        return features(np.where(rng.random((rows, 1)) < 0.5, near, rest))

    train, within = usual(n), usual(N_TEST)
    beyond = features(np.pad(draw(N_TEST, half, n_features, k - 1), ((0, 0), (1, 0))))
    tests = {"": (beyond.toarray(), beyond @ atoms), "_within": (within.toarray(), within @ atoms)}
    return World(atoms=atoms, k=k, train=train @ atoms, tests=tests)


LAWS = {
    "uniform": lambda rng, size: rng.uniform(0.3, 1.5, size),
    "exponential": lambda rng, size: rng.exponential(size=size),
    "half-normal": lambda rng, size: np.abs(rng.normal(size=size)),
    "gamma": lambda rng, size: rng.gamma(3, 0.4, size),
    "binary": lambda _, size: np.ones(size),
}  # fmt: skip


def varied(rng):
    """Draw a world whose size, laws and nuisances are drawn too.

    Families of four features come together where ``together`` is positive. One world in four is not
    to be recovered: ``cramped`` has too few units for its features, ``dense`` all features active.
    """
    kind = rng.choice(["sparse", "cramped", "dense"], p=[0.75, 0.125, 0.125])
    k = int(rng.integers(2, 7))
    n_features = round(np.exp(rng.uniform(np.log(6 * k), np.log(150))))
    n = round(np.exp(rng.uniform(np.log(300), np.log(12_000)))) + N_TEST
    law, zipf, together = rng.choice(list(LAWS)), rng.choice([0, 0, 0.7]), rng.choice([0, 0, 0.5])
    noise, spread, far = rng.choice([0, 0.02, 0.1]), rng.choice([0, 0.5]), rng.choice([0, 1])
    ratio = rng.uniform(0.4, 0.8) if kind == "cramped" else rng.uniform(1.7, 3.7)
    n_units = max(3, round(ratio * k * np.log(n_features / k)))
    if kind == "dense":
        k = n_features = max(2, n_units // 2)
    share = np.arange(1, n_features + 1.0) ** -zipf
    common = rng.normal(size=(n, n_features))[:, np.arange(n_features) // 4]
    keys = np.sqrt(together) * common + np.sqrt(1 - together) * rng.normal(size=(n, n_features))
    on = ndtr(keys) < k * share / share.sum()
    z = (on | (kind == "dense")) * LAWS[law](rng, on.shape)
    atoms = unit(rng.normal(size=(n_features, n_units)) * np.exp(spread * rng.normal(size=n_units)))
    offset = far * rng.normal(size=n_units)
    x = z @ atoms + offset + noise * rng.normal(size=(n, n_units))
    about = {"kind": kind, "law": law, "zipf": zipf, "together": together, "noise": noise,
             "units_unequal": spread, "offset": far}  # fmt: skip
    about = {name: str(value) for name, value in about.items()}
    tests = {"": (z[-N_TEST:], x[-N_TEST:])}
    return World(atoms=atoms, k=k, train=x[:-N_TEST], tests=tests, offset=offset, about=about)


WORLDS = {
    "exact64": lambda rng: world(rng, (64, 24, 3)),
    "exact128": lambda rng: world(rng, (128, 48, 4)),
    "exact256": lambda rng: world(rng, (256, 64, 4)),
    "exact512": lambda rng: world(rng, (512, 128, 4)),
    "phase8": lambda rng: world(rng, (128, 45, 8)),
    "phase16": lambda rng: world(rng, (128, 67, 16)),
    "few300": lambda rng: world(rng, (64, 32, 3), n=300),
    "few1000": lambda rng: world(rng, (64, 32, 3), n=1000),
    "few3000": lambda rng: world(rng, (64, 32, 3), n=3000),
    "few300noise": lambda rng: world(rng, (64, 32, 3), n=300, noise=0.1),
    "few1000noise": lambda rng: world(rng, (64, 32, 3), n=1000, noise=0.1),
    "few3000noise": lambda rng: world(rng, (64, 32, 3), n=3000, noise=0.1),
    "few400on": lambda rng: world(rng, (60, 33, 6), n=400, noise=0.05, low=1, high=1),
    "few400signed": lambda rng: world(rng, (40, 30, 3), n=400, noise=0.1, signed=True),
    "zipf": lambda rng: world(
        rng, (128, 48, 4), noise=0.05, support="bernoulli", low=0, high=1, zipf=0.7),
    "small16": lambda rng: world(rng, (16, 8, 3), n=1024, low=0, high=1.6),
    "shift100": lambda rng: shifted(rng, 100, 10_000),
    "many2500": lambda rng: shifted(rng, 1000, 2500),
    "many5000": lambda rng: shifted(rng, 1000, 5000),
    "many50000": lambda rng: shifted(rng, 1000, 50_000),
    "huge": lambda rng: shifted_many(rng, 10_000, 240_000),
    "varied": varied,
}  # fmt: skip


def mcc(z, codes):
    """Return the mean matched absolute correlation; unmatched and constant features count 0."""
    c = np.asarray(codes.toarray(), float)
    z = (z - z.mean(0)) / np.maximum(z.std(0), 1e-12)
    c = (c - c.mean(0)) / np.maximum(c.std(0), 1e-12)
    r = np.abs(z.T @ c) / len(z)
    i, j = linear_sum_assignment(-r)
    return float(r[i, j].sum() / np.sum(z.std(0) > 0.5))


def oracle(drawn):
    """Return the encoder that knows the atoms: a lasso whose penalty predicts held-out units."""
    train = drawn.train - drawn.offset
    chosen = choose_inference(train, drawn.atoms, k=drawn.k, by="fista", signed=drawn.signed)
    return lambda x: infer(x - drawn.offset, drawn.atoms, chosen.problem)[0]


def oracle_posterior(drawn):
    """Return the encoder that knows the atoms: posterior means, prior and noise estimated."""
    prior = fitted_prior(drawn.train - drawn.offset, drawn.atoms, drawn.signed)
    return lambda x: posterior_mean(x - drawn.offset, drawn.atoms, prior)


def by_auto(drawn, seed):
    """Learn, told nothing."""
    learned = fit(drawn.train, Auto(), rng=seed)
    return {"": learned.encode}, learned.evidence.recovery


def by_topk(drawn, seed):
    """Train an autoencoder."""
    kind = AbsTopK if drawn.signed else TopK
    method = kind(n_latents=2 * len(drawn.atoms), k=drawn.k)
    learned = fit(drawn.train, method, rng=seed)
    encoders = {"": learned.encode, "_fista": partial(learned.encode, by="fista")}
    return encoders, learned.evidence.recovery


def by_sklearn(drawn, seed):
    """Learn with scikit-learn, at most 30 passes a penalty."""
    options = {"max_iter": 30, "fit_algorithm": "cd", "random_state": seed,
               "positive_code": not drawn.signed}  # fmt: skip
    found = []
    for penalty in PENALTIES:
        learner = MiniBatchDictionaryLearning(len(drawn.atoms), alpha=penalty, **options)
        atoms = learner.fit(drawn.train).components_
        omp = partial(sparse_encode, dictionary=atoms, algorithm="omp", n_nonzero_coefs=drawn.k)
        found.append((float(np.square(drawn.train - omp(drawn.train) @ atoms).sum()), omp))
    omp = min(found, key=lambda each: each[0])[1]
    return {"": lambda x: csr_array(omp(x))}, ""


def by_coding(drawn, seed):
    """Learn by lasso and least squares."""
    m = len(drawn.atoms)
    cycles = 8 if m <= 4096 else 0
    method = SparseCoding(n_latents=m, offset="zero", cycles=cycles, signed=drawn.signed)
    learned = fit(drawn.train, method, rng=seed)
    return {"": learned.encode}, learned.evidence.recovery


METHODS = {"auto": by_auto, "topk_2n": by_topk, "sklearn": by_sklearn, "coding": by_coding}


def draw(name, seed):
    """Draw a world of a name and a seed."""
    return WORLDS[name](np.random.default_rng([seed, sum(map(ord, name))]))


def measure(name, seed, methods):
    """Return one row of the table."""
    drawn = draw(name, seed)
    n_features, n_units = drawn.atoms.shape
    row = {"world": name, "seed": seed, "n": len(drawn.train), "features": n_features,
           "units": n_units, "k": drawn.k, **drawn.about}  # fmt: skip
    encoders = {"oracle": oracle(drawn)}
    if n_features <= 300:
        encoders["oracle_posterior"] = oracle_posterior(drawn)
    for label in methods:
        started = time.process_time()
        found, row[f"{label}_says"] = METHODS[label](drawn, seed)
        row[f"{label}_cpu_s"] = round(time.process_time() - started, 2)
        encoders |= {label + by: encode for by, encode in found.items()}
    for label, encode in encoders.items():
        for kind, (truth, test) in drawn.tests.items():
            codes = encode(test)
            row[label + kind] = round(mcc(truth, codes), 4)
        row[f"{label}_latents"] = codes.shape[1]
    return row


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    usual = [name for name in WORLDS if not name.startswith(("many", "huge", "varied"))]
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=usual)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS)[:3])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = []
    for name in options.worlds:
        for seed in range(options.seeds):
            rows.append(measure(name, seed, options.methods))
            print(json.dumps(rows[-1]), flush=True)
    if options.output:
        about = {"machine": platform.processor() or platform.machine(), "rows": rows}
        options.output.write_text(json.dumps(about, indent=1))


if __name__ == "__main__":
    main()
