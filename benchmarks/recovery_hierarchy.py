"""Claim: `Untangled` recovers features that come in families, which autoencoders absorb.

After SynthSAEBench (arXiv 2602.14687): trees of a root, 4 children, 16 and 64 grandchildren, of
siblings one at most, and half as many features alone; Zipf's law of exponent .5, common causes,
normal values in proportion to the parent's, 6 or 8 active on average. Every method is told the
number of features and, where it takes it, of active ones. On 20,000 stimuli nothing was learned
from: MCC of codes and of atoms; precision, recall and F1 of latents as detectors of the feature
whose direction is closest to their atom (means over latents); FVU, l0; CPU seconds.
Run: python benchmarks/recovery_hierarchy.py [--features 1024] [--methods topk untangled ...]
     [--steps 1500] [--stimuli 100000] [--seed 0]
"""

import argparse
import time
import warnings

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from unbraid.interpret import dictionary_mcc
from unbraid.sparse import (
    AbsTopK,
    BatchTopK,
    Gated,
    JumpRelu,
    MatchingPursuit,
    Matryoshka,
    ReluL1,
    SparseCoding,
    TopK,
    Training,
    Untangled,
    fit,
)
from unbraid.sparse.inference._infer import Problem, infer
from unbraid.worlds import FeatureHierarchy

N_TEST = 20_000
TREE = 85
# features: trees, units, mean active roots and features alone, mean active features
SIZES = {128: (1, 64, 4.2, 6), 1024: (8, 144, 5.0, 8), 4096: (32, 192, 5.06, 8)}
LEAST = 0.02  # correlations below count as 0 in the matching, which is then sparse
ORACLE_PENALTY = 0.3


def world(n_features):
    """Return the law of a world: two thirds of its features in trees."""
    trees, units, active, _ = SIZES[n_features]
    return FeatureHierarchy(
        n_roots=trees, children=4, depth=3, alone=n_features - TREE * trees, active_roots=active,
        zipf=0.5, shared=0.25, given_parent=0.2, exclusive=True, magnitude="normal",
        n_units=units,
    )  # fmt: skip


def methods(m, k, steps):
    """Return every method by name; penalties leave about k active in a world of 1,024."""
    told = {"n_latents": m, "training": Training(steps=steps)}
    topk = TopK(k=k, **told)
    return {
        "topk": topk,
        "batch_topk": BatchTopK(k=k, **told),
        "matryoshka": Matryoshka(k=k, **told),
        "abs_topk": AbsTopK(k=k, **told),
        "matching_pursuit": MatchingPursuit(k=k, **told),
        "jump_relu": JumpRelu(**told),
        "relu_l1": ReluL1(penalty=2.0, **told),
        "gated": Gated(penalty=4.0, **told),
        "coding": SparseCoding(n_latents=m),
        "untangled": Untangled(of=topk),
    }


def mcc(z, codes):
    """Return the mean matched absolute correlation of features with codes, both CSR."""
    moments = []
    for side in (z, codes):
        mean = np.asarray(side.mean(0)).ravel()
        moments += [mean, np.sqrt(np.asarray(side.power(2).mean(0)).ravel() - mean**2)]
    cross = (z.T @ codes).toarray() / z.shape[0] - np.outer(moments[0], moments[2])
    r = np.abs(cross) / np.maximum(np.outer(moments[1], moments[3]), 1e-9)
    kept = sp.csr_array(np.where(r > LEAST, r, 0))
    able = sp.hstack([kept, sp.diags_array(np.full(len(r), 1e-9))], format="csr")  # or no partner
    i, j = min_weight_full_bipartite_matching(sp.csr_array(able), maximize=True)
    return float(able[i, j].sum() / np.count_nonzero(moments[1]))


def detection(z, codes, cosine):
    """Return precision, recall and F1, means over latents; a silent latent counts 0."""
    true = (z > 0).astype(float).tocsc()[:, cosine.argmax(0)]
    said = (codes != 0).astype(float).tocsc()
    both = np.asarray(true.multiply(said).sum(0)).ravel()
    precision = both / np.maximum(np.asarray(said.sum(0)).ravel(), 1)
    recall = both / np.maximum(np.asarray(true.sum(0)).ravel(), 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return [float(each.mean()) for each in (precision, recall, f1)]


def line(name, drawn, atoms, codes, fvu, seconds):
    """Return a row of the table."""
    z, codes = drawn.features[-N_TEST:].astype(float), sp.csr_array(codes, dtype=float)
    found = detection(z, codes, np.abs(drawn.encoding @ atoms.T))
    numbers = [mcc(z, codes), dictionary_mcc(atoms, drawn.encoding), *found, fvu]
    cells = [f"{number:.3f}" for number in numbers]
    cells += [f"{codes.nnz / N_TEST:.1f}", f"{seconds:.0f}"]
    return f"| {name} | " + " | ".join(cells) + " |"


def main():
    """Measure and print the rows of a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=int, choices=SIZES, default=1024)
    parser.add_argument(
        "--methods", nargs="+", choices=methods(1, 1, 1), default=list(methods(1, 1, 1))
    )
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--stimuli", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    k = SIZES[options.features][-1]
    drawn = world(options.features).sample(options.stimuli + N_TEST, rng=options.seed)
    train, test = drawn.responses[:-N_TEST], drawn.responses[-N_TEST:]
    known = infer(test, drawn.encoding, Problem(by="fista", penalty=ORACLE_PENALTY))[0]
    left = np.square(test - known @ drawn.encoding).sum() / np.square(test - test.mean(0)).sum()
    print(line("oracle, lasso", drawn, drawn.encoding, known, left, 0), flush=True)
    for name in options.methods:
        started = time.process_time()
        learned = fit(train, methods(options.features, k, options.steps)[name], rng=options.seed)
        seconds = time.process_time() - started
        codes = {name: learned.encode(test)}
        if learned.encoder is not None:
            codes[f"{name}, pursuit"] = learned.encode(test, by="omp", k=k)
        for label, found in codes.items():
            fvu = learned.fvu(test, found)
            print(line(label, drawn, learned.atoms, found, fvu, seconds), flush=True)


if __name__ == "__main__":
    main()
