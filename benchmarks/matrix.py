# ruff: noqa: E402 - threads are capped before NumPy starts
"""What a matrix of layers costs beside a single comparison of each of its pairs.

Claim: with dictionaries learned once per layer, a 12 x 12 matrix costs less than a third of 144
single comparisons with the same options (method ``auto``). A method that learns in a second saves
little: then most of the work is the scores of each pair, which no other pair repeats.

Single comparisons are a sample: half before the matrix, half after it, each loads, compares and
saves as a matrix's job does. Seconds are the processor's, of one process and one thread.

    python benchmarks/matrix.py --layers 12 --method auto [--method 'SparseCoding(n_latents=48)']
"""

from __future__ import annotations

import os

for _name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{_name}_NUM_THREADS"] = "1"

import argparse
import json
import tempfile
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

import unbraid as ub
from unbraid import jobs


def write(place: Path, layers: int, n: int, p: int) -> list[list[Path]]:
    """Write two networks whose layers hold the same sparse features in other superpositions."""
    rng = np.random.default_rng(0)
    features = rng.random((n, 2 * p)) * (rng.random((n, 2 * p)) < 4 / (2 * p))
    names = [f"picture{i}" for i in range(n)]
    found = []
    for network in "ab":
        (place / network).mkdir()
        found.append([place / network / f"layer{i}.npz" for i in range(layers)])
        for path in found[-1]:
            np.savez(path, values=features @ rng.normal(size=(2 * p, p)), stimuli=names)
    return found


def single(x: Path, y: Path, folder: Path, options: dict[str, Any]) -> float:
    """Return the seconds of one comparison, from files to a saved page."""
    began = time.process_time()
    result = ub.compare(ub.load(x), ub.load(y), rng=0, progress=False, **options)
    result.save(folder, browser=False)
    return time.process_time() - began


def measure(place: Path, layers: int, n: int, p: int, count: int, method: str) -> dict[str, Any]:
    """Return what the matrix took, and what single comparisons took."""
    place.mkdir()
    a, b = write(place, layers, n, p)
    options: dict[str, Any] = {"method": method, "seeds": 1}
    pairs = [(i * layers // count, (5 * i + 1) % layers) for i in range(count)]
    single(a[0], b[0], place / "warm", options)  # compiled loops are loaded

    def sample(some: list[tuple[int, int]]) -> list[float]:
        return [single(a[i], b[j], place / f"single{i}_{j}", options) for i, j in some]

    singles = sample(pairs[: count // 2])
    began = time.process_time()
    plan = jobs.matrix(place / "a", place / "b", **options)
    with ThreadPoolExecutor(1) as here:
        found = jobs.run(plan, place / "run", here)
        jobs.write_page(jobs.results(place / "run"))
    whole = time.process_time() - began
    if found.failed or found.done != found.jobs:
        raise SystemExit(f"{found}")
    singles += sample(pairs[count // 2 :])
    fits = sum(job.kind == "fit" for job in plan.jobs)
    each = float(np.mean(singles))
    return {
        "method": method,
        "pairs": found.jobs - fits,
        "dictionaries": fits,
        "single_seconds": round(each, 2),
        "single_error": round(float(np.std(singles, ddof=1) / np.sqrt(count)), 2),
        "singles": count,
        "matrix_seconds": round(whole, 1),
        "share": round(whole / (each * layers**2), 3),
    }


def main() -> None:
    """Measure each method and print JSON."""
    ask = argparse.ArgumentParser(description="A matrix beside single comparisons.")
    ask.add_argument("--layers", type=int, default=12, help="Of each network.")
    ask.add_argument("--stimuli", type=int, default=300)
    ask.add_argument("--units", type=int, default=24)
    ask.add_argument("--singles", type=int, default=6, help="Single comparisons: a sample.")
    ask.add_argument("--method", action="append", help="auto; may be given several times.")
    ask.add_argument("--fast", action="store_true", help="Two layers, and a quick method.")
    asked = ask.parse_args()
    layers, count = (2, 2) if asked.fast else (asked.layers, asked.singles)
    methods = asked.method or (["SparseCoding(n_latents=48)"] if asked.fast else ["auto"])
    warnings.simplefilter("ignore", RuntimeWarning)
    with tempfile.TemporaryDirectory() as folder:
        for number, method in enumerate(methods):
            place = Path(folder) / str(number)
            told = measure(place, layers, asked.stimuli, asked.units, count, method)
            sizes = {"stimuli": asked.stimuli, "units": asked.units, "layers": layers}
            print(json.dumps({**told, **sizes, "load": round(os.getloadavg()[0], 1)}), flush=True)


if __name__ == "__main__":
    main()
