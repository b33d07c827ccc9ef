"""How few units can be separated: codes of the fewest latents, the lasso, and greedy pursuit.

64 features, 3 active, values uniform on [.5, 1.5], random unit directions, no noise. *Codes*: the
share of 1,000 supports that are found with the true atoms, and the MCC. *Learned*: the MCC of
`SparseCoding` (told 64 latents) and `Auto` (told nothing) from 8,000 stimuli.

    python benchmarks/few_units.py                  # both; --fast: fewer stimuli, no Auto
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np

import unbraid as ub
from unbraid._kernels.codes.fewest_active import fewest_active
from unbraid._kernels.codes.lasso_and_omp import pursue
from unbraid.interpret import mcc
from unbraid.sparse.inference._encoder import from_active

N_FEATURES, ACTIVE = 64, 3


def draw(n: int, p: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return responses, features and directions."""
    rng = np.random.default_rng(seed)
    z = np.zeros((n, N_FEATURES))
    at = np.argsort(rng.random(z.shape), 1)[:, :ACTIVE]
    np.put_along_axis(z, at, rng.uniform(0.5, 1.5, at.shape), 1)
    atoms = rng.normal(size=(N_FEATURES, p))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    return z @ atoms, z, atoms


def with_true_atoms(p: int) -> None:
    """Print what each inference finds with the true atoms."""
    x, z, atoms = draw(1000, p)
    greedy = pursue(x, atoms, k=ACTIVE)[:2]
    lasso = pursue(x, atoms, k=p, penalty=0.01)[:2]
    found = {"omp": greedy, "fista": lasso}
    for beams in (1, 4, 16, 64):
        started = time.process_time()
        found[f"l0, {beams}"] = fewest_active(x, atoms, least=0.05, k=p, beams=beams)
        found[f"l0, {beams}"] += (1e3 * (time.process_time() - started),)
    for name, (active, codes, *us) in found.items():
        dense = from_active(active, codes, len(atoms)).toarray()
        dense[np.abs(dense) < 0.05] = 0
        exact = ((dense != 0) == (z != 0)).all(axis=1).mean()
        cost = f", {us[0]:.0f} us a stimulus" if us else ""
        print(f"{p} units, {name}: supports {exact:.3f}, MCC {mcc(dense, z):.3f}{cost}")  # noqa: T201


def learned(p: int, n: int, method: ub.sparse.Method) -> None:
    """Print what a method learns."""
    x, z, _ = draw(n, p)
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        made = ub.fit(x, method, rng=0)
    seconds = time.process_time() - started
    codes = {by: mcc(made.encode(x, by=by), z) for by in {made.by, "fista"}}
    said = ", ".join(f"{by} {value:.3f}" for by, value in sorted(codes.items()))
    print(  # noqa: T201
        f"{p} units, {type(method).__name__}: {made.n_latents} latents by {made.by}, {said}, "
        f"{seconds:.0f} CPU s",
        flush=True,
    )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fast", action="store_true", help="fewer stimuli, no Auto")
    fast = parser.parse_args().fast
    for p in (12, 10, 8):
        with_true_atoms(p)
    for p in (12, 10):
        learned(p, 2000 if fast else 8000, ub.SparseCoding(n_latents=N_FEATURES, cycles=0))
        if not fast:
            learned(p, 8000, ub.Auto())


if __name__ == "__main__":
    main()
