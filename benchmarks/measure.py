"""Time and peak memory of a job in a process of its own, so that jobs cannot help each other."""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import resource
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def _resident() -> float:
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * resource.getpagesize() / 2**30


def _child(job: Callable[..., Any], prepare: Callable[..., Any], warm: bool, pipe: Any) -> None:
    data = prepare()
    try:
        if warm:
            job(*[part[:200] for part in data])  # imports and compilation
    except ModuleNotFoundError as error:
        raise SystemExit(str(error)) from None
    before, peak, done = _resident(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            peak[0] = max(peak[0], _resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    start, used = time.perf_counter(), time.process_time()
    value = job(*data)
    seconds, used = time.perf_counter() - start, time.process_time() - used
    done.set()
    watcher.join()
    pipe.send((float(value), seconds, used, max(0.0, peak[0] - before)))


def measure(
    job: Callable[..., Any], prepare: Callable[..., Any], warm: bool = True
) -> dict[str, float]:
    """Return the job's value, seconds, CPU seconds, and GiB above what its input takes.

    ``warm``: run it once before on 200 rows of each part, for imports and compilation.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(job, prepare, warm, sender))
    process.start()
    sender.close()
    try:
        value, seconds, used, memory = receiver.recv()
    except EOFError:
        raise SystemExit(f"{job.__name__} died") from None
    process.join()
    return {"value": value, "seconds": seconds, "cpu": used, "gib": memory}


def compare(
    claim: str,
    ours: Callable[..., Any],
    peers: dict[str, Callable[..., Any]],
    prepare: Callable[..., Any],
    tolerance: float = 1e-8,
) -> dict[str, Any]:
    """Check that all agree, then print time and memory, and the ratios to ours."""
    print(claim)
    results = {"unbraid": measure(ours, prepare)}
    for name, peer in peers.items():
        try:
            results[name] = measure(peer, prepare)
        except SystemExit as error:
            print(f"  {name:24s} could not run: {error}")
            continue
        if abs(results[name]["value"] - results["unbraid"]["value"]) > tolerance:
            print(f"  {name} differs: {results[name]['value']} - {results['unbraid']['value']}")
    base = results["unbraid"]
    for name, row in results.items():
        print(
            f"  {name:24s} {row['cpu']:7.2f} CPU s ({row['cpu'] / base['cpu']:5.2f}x)  "
            f"{row['seconds']:7.2f} s  "
            f"{row['gib']:6.3f} GiB ({row['gib'] / max(base['gib'], 1e-3):5.2f}x)  "
            f"value {row['value']:.10f}"
        )
    return {"claim": claim, "tolerance": tolerance, "results": results}


def write(name: str, rows: list[dict[str, Any]]) -> None:
    """Write the rows as JSON beside the benchmarks, with machine and versions."""
    import unbraid  # noqa: F401

    where = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
        "fast": "--fast" in sys.argv,
    }
    path = Path(__file__).parent / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"where": where, "rows": rows}, indent=1))
