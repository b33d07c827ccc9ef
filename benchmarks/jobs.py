# ruff: noqa: D103
"""What a sweep adds to its jobs, in time; and that its bytes do not depend on where they ran.

Claim: 2,000 small jobs on two workers cost under 15 ms a job beyond the work; a rerun that finds
all done, a fraction of that; two shards and one run write the same bytes (times aside).

    python benchmarks/jobs.py --jobs 2000
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from unbraid import jobs

_TIMES = ("ran.json", ".unbraid.json")


def contents(run: Path) -> dict[str, bytes]:
    """Return every file of every result, times aside."""
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in sorted(run.glob("jobs/*/*/*"))
        if path.name not in _TIMES
    }


def timed(
    plan: jobs.Plan, run: Path, warm: Path, workers: int, **options: object
) -> dict[str, float]:
    """Run a plan; return its times, of the work alone and beyond it, in ms a job."""
    with jobs.Local(workers) as pool:
        jobs.run(
            jobs.Plan.of(plan.jobs[: 4 * workers]), warm, pool
        )  # workers import what they need
        started = time.perf_counter()
        found = jobs.run(plan, run, pool, **options)  # type: ignore[arg-type]
        wall = time.perf_counter() - started
    if found.failed or found.done != found.jobs:
        raise SystemExit(f"{found}")
    work = sum(
        json.loads(path.read_text(encoding="utf-8"))["seconds"]
        for path in run.glob("jobs/*/*/ran.json")
    )
    each = 1000 / max(found.jobs, 1)
    beyond = wall - (work / workers if found.ran else 0.0)
    return {"wall": wall * each, "work": work * each, "beyond": beyond * each, "ran": found.ran}


def main() -> None:
    """Measure, check, and print JSON."""
    ask = argparse.ArgumentParser(description="What a sweep adds to its jobs.")
    ask.add_argument("--jobs", type=int, default=2000)
    ask.add_argument("--workers", type=int, default=2)
    ask.add_argument("--fast", action="store_true", help="A hundred jobs.")
    asked = ask.parse_args()
    count = 100 if asked.fast else asked.jobs
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name in ("x", "y"):
            np.save(place / f"{name}.npy", rng.normal(size=(30, 3)))
        base = {"x": str(place / "x.npy"), "y": str(place / "y.npy"), "metric": "cka"}
        spec = {"job": "score", "base": base, "grid": {"seed": list(range(count))}}
        started = time.perf_counter()
        plan = jobs.plan_of(spec, place)
        planning = time.perf_counter() - started
        report = {
            "jobs": count,
            "workers": asked.workers,
            "load": os.getloadavg()[0],
            "planning_ms_a_job": planning * 1000 / count,
            "first_ms_a_job": timed(plan, place / "run", place / "warm1", asked.workers),
            "rerun_ms_a_job": timed(plan, place / "run", place / "warm2", asked.workers),
        }
        for shard in ((1, 2), (2, 2)):
            timed(plan, place / "shards", place / f"warm{shard}", asked.workers, shard=shard)
        report["same_bytes"] = contents(place / "run") == contents(place / "shards")
    print(json.dumps(report, indent=2))
    if not report["same_bytes"]:
        raise SystemExit("two shards wrote other bytes than one run")


if __name__ == "__main__":
    main()
