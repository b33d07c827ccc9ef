"""Two systems larger than memory, their moments by worker processes, and the scores from them.

Claim: workers stay within 2 GiB each, and a subset gives the scores of the arrays to 1e-10.
Reported: seconds of the pass and gigabytes a second, beside reading the files alone; peak memory
of each process without the pages of the files.

    python benchmarks/out_of_core.py --gib 20 --units 256 --workers 2 [--folder F] [--compare]

``--compare``: then a whole comparison of the two, with dictionaries (TopK of ``--latents`` latents)
that were learned from 20,000 stimuli; these alone give the scores in memory to 1e-10.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

import unbraid as ub
from unbraid.align import streamed

_ROWS = 2**16  # written at once


def write(folder: Path, n: int, p: int) -> list[Any]:
    """Write two systems that share sixteen directions."""
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(2, 16, p)).astype(np.float32)
    stores = []
    writers = [ub.responses.StoreWriter(folder / name, n_units=p) for name in "xy"]
    for start in range(0, n, _ROWS):
        rows = min(_ROWS, n - start)
        shared = rng.standard_normal((rows, 16), dtype=np.float32)
        for writer, weights in zip(writers, maps, strict=True):
            noise = rng.standard_normal((rows, p), dtype=np.float32)
            writer.append(shared @ weights + noise)
    for writer in writers:
        writer.close()
        stores.append(ub.open_store(writer.path))
    return stores


def anonymous(process: int) -> int:
    """Return the bytes a process holds, without pages of files."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


class Watch:
    """The most that each of some processes holds, looked up ten times a second."""

    def __init__(self) -> None:
        self.most: dict[int, int] = {}
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self.ended.wait(0.1):
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="utf-8")
            for process in [os.getpid(), *map(int, children.split())]:
                try:
                    held = anonymous(process)
                except (OSError, StopIteration):
                    continue
                self.most[process] = max(held, self.most.get(process, 0))

    def __enter__(self) -> Watch:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()


def compared(stores: list[Any], latents: int, workers: int) -> dict[str, Any]:
    """Return what a comparison of the stores takes, after the check on a subset."""
    options: dict[str, Any] = {
        "order": "exchangeable", "metrics": ("semi_matching", "ridge", "procrustes"),
        "permutations": 0, "resamples": 50,
    }  # fmt: skip
    warnings.simplefilter("ignore", RuntimeWarning)
    few = [store.rows(np.arange(20_000)).astype(np.float64) for store in stores]
    method = ub.TopK(n_latents=latents, k=8)  # of a subset: what is measured is the pass
    options["dictionaries"] = tuple(ub.fit(side, method, rng=0) for side in few)
    with ProcessPoolExecutor(workers) as pool:
        parts = ub.compare(*few, on=pool, **options).scores
    known = {_key(score): score.value for score in ub.compare(*few, **options).scores}
    apart = max(abs(score.value - known[_key(score)]) for score in parts
                if score.source != "shuffled_latents")  # fmt: skip
    if apart > 1e-10:
        raise SystemExit(f"scores on workers differ from those in memory by {apart}")
    marks: list[tuple[float, str]] = []
    with ProcessPoolExecutor(workers) as pool, Watch() as watch:
        began = time.perf_counter()
        result = ub.compare(
            *stores, on=pool, **options,
            progress=lambda message, _: marks.append((time.perf_counter() - began, message)),
        )  # fmt: skip
        seconds = time.perf_counter() - began
    own = watch.most.pop(os.getpid())
    passes = [second for second, message in marks if message.startswith("read and summed")]
    first = next(second for second, message in marks if message.startswith("scoring"))
    return {
        "latents": latents, "apart": apart, "seconds": round(seconds, 1),
        "until_first_call": round(passes[0], 1), "pass_ended": round(passes[-1], 1),
        "scoring": round(seconds - first, 1), "answer": str(result),
        "sums_gib": round(result.streamed.n_bytes / 2**30, 2) if result.streamed else None,
        "worker_gib": [round(held / 2**30, 2) for held in watch.most.values()],
        "parent_gib": round(own / 2**30, 2),
    }  # fmt: skip


def _key(score: Any) -> tuple[Any, ...]:
    return score.metric, score.source, score.target, score.systems, score.seed


def main() -> None:
    """Write, read, sum, check, and print JSON."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--gib", type=float, default=20.0, help="Of both systems.")
    ask.add_argument("--units", type=int, default=256)
    ask.add_argument("--workers", type=int, default=2)
    ask.add_argument("--folder", type=Path)
    ask.add_argument("--compare", action="store_true")
    ask.add_argument("--latents", type=int, default=512)
    asked = ask.parse_args()
    n, p = int(asked.gib * 2**30 / (8 * asked.units)), asked.units
    with tempfile.TemporaryDirectory(dir=asked.folder) as place:
        x, y = write(Path(place), n, p)
        began = time.perf_counter()
        for store in (x, y):
            for shard in store.shards:
                np.add.reduce(shard, axis=None)
        reading = time.perf_counter() - began
        with ProcessPoolExecutor(asked.workers) as workers, Watch() as watch:
            began = time.perf_counter()
            moments = ub.stats.fold_moments(x, y, rng=0, order="exchangeable", on=workers)
            seconds = time.perf_counter() - began
        some = np.arange(20_000)
        a, b = (store.rows(some).astype(np.float64) for store in (x, y))
        with ProcessPoolExecutor(asked.workers) as workers:
            few = ub.stats.fold_moments(a, b, rng=0, rows=500, order="exchangeable", on=workers)
        bare = {"permutations": 0, "resamples": 0, "order": "exchangeable", "rng": 0}
        apart = {
            name: abs(
                getattr(streamed, name)(few).value - getattr(ub.align, name)(a, b, **bare).value
            )
            for name in ("semi_matching", "ridge", "cka", "procrustes")
        }
        if max(apart.values()) > 1e-10:
            raise SystemExit(f"scores from moments differ from those of the arrays: {apart}")
        own = watch.most.pop(os.getpid())
        print(json.dumps({
            "stimuli": n, "units": p, "gib": asked.gib, "load": round(os.getloadavg()[0], 1),
            "seconds": round(seconds, 1), "gib_a_second": round(asked.gib / seconds, 3),
            "reading_seconds": round(reading, 1), "workers": asked.workers,
            "worker_gib": [round(held / 2**30, 2) for held in watch.most.values()],
            "parent_gib": round(own / 2**30, 2), "apart": apart,
            "ridge": round(streamed.ridge(moments).value, 4),
            "compare": compared([x, y], asked.latents, asked.workers) if asked.compare else None,
        }, indent=2))  # fmt: skip


if __name__ == "__main__":
    main()
