"""Jobs under chaos: kills at random, damaged results, two parents; counts what was lost.

Claim: every job ends done once, or failed with a reason; nothing half-written is read; what was
not harmed is not computed again; nothing outside the run's folder changes.

    python scripts/chaos.py --jobs 400 --kills 100 --seed 0

Kills are of workers and of parents (SIGKILL and SIGTERM). Between parents, results are damaged: a
byte changed, a file cut off, removed or added. At the end the folder is compared, byte by byte,
with one that nobody disturbed. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for _name in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_name}_NUM_THREADS"] = "1"

import numpy as np

from unbraid import jobs

PARENT = """
import sys
from unbraid import jobs
with jobs.Local(workers=int(sys.argv[3])) as pool:
    jobs.run(jobs.read_sweep(sys.argv[1]), sys.argv[2], pool, attempts=1000, retry=True)
"""
TIMES = ("ran.json", ".unbraid.json")  # differ between two runs


def write_sweep(place: Path, n_jobs: int) -> Path:
    """Write systems and a sweep of so many scores."""
    rng = np.random.default_rng(0)
    for name in ("x", "y"):
        np.save(place / f"{name}.npy", rng.normal(size=(30, 3)))
    base = {"x": "x.npy", "y": "y.npy", "metric": "cka", "permutations": 0}
    spec = {"job": "score", "base": base, "grid": {"seed": list(range(n_jobs))}}
    path = place / "sweep.yaml"
    path.write_text(json.dumps(spec), encoding="utf-8")
    return path


def start(sweep: Path, run: Path, workers: int) -> subprocess.Popen:
    """Start a parent."""
    command = [sys.executable, "-c", PARENT, str(sweep), str(run), str(workers)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def children(pid: int) -> list[int]:
    """Return the processes that a parent started."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        others = Path(f"/proc/{pid}/task").iterdir()
        texts = [text, *((task / "children").read_text(encoding="ascii") for task in others)]
    except OSError:
        return []
    return sorted({int(one) for text in texts for one in text.split()})


def results(run: Path) -> list[Path]:
    """Return the folders of all results."""
    return sorted(path for path in run.glob("jobs/*/*") if not path.name.startswith("."))


def computed(pid: int) -> float:
    """Return the processor seconds of a process that lives; 0 of one that does not."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
    except OSError:
        return 0.0
    return sum(map(int, after_name.split()[11:13])) / os.sysconf("SC_CLK_TCK")


def wait(parents: list[subprocess.Popen], seconds: float) -> None:
    """Wait until parents and workers have computed so long: a busy machine is not killed faster."""
    before: dict[int, float] = {}
    spent = 0.0
    while spent < seconds and all(parent.poll() is None for parent in parents):
        time.sleep(0.01)
        pids = [parent.pid for parent in parents]
        now = {pid: computed(pid) for one in pids for pid in [one, *children(one)]}
        spent += sum(max(0.0, now[pid] - before.get(pid, now[pid])) for pid in now)
        before = now


def harm(run: Path, rng: np.random.Generator) -> bool:
    """Damage one result; return whether there was one."""
    found = results(run)
    if not found:
        return False
    place = found[rng.integers(len(found))]
    file = place / "result.json"
    kind = rng.integers(4)
    try:
        data = file.read_bytes()
        if kind == 0:
            at = int(rng.integers(len(data)))
            file.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        elif kind == 1:
            file.write_bytes(data[: len(data) // 2])
        elif kind == 2:
            file.unlink()
        else:
            (place / "foreign.txt").write_text("not Unbraid's", encoding="utf-8")
    except OSError:
        return False
    return True


def contents(run: Path) -> dict[str, bytes]:
    """Return every file of every result, times aside."""
    return {
        str(path.relative_to(run)): path.read_bytes()
        for place in results(run)
        for path in sorted(place.iterdir())
        if path.name not in TIMES
    }


def disturb(sweep: Path, run: Path, n_kills: int, rng: np.random.Generator) -> dict[str, int]:
    """Run with two parents, killing and damaging at random, until so many kills have been."""
    counts = {"worker_kills": 0, "parent_kills": 0, "parents": 2, "damaged": 0}
    parents = [start(sweep, run, 2), start(sweep, run, 1)]
    while counts["worker_kills"] + counts["parent_kills"] < n_kills:
        wait(parents, float(rng.exponential(0.3)))
        at = int(rng.integers(2))
        if parents[at].poll() is not None:  # killed, or the work is done: harm some, and go on
            for _ in range(5):
                counts["damaged"] += harm(run, rng)
            parents[at] = start(sweep, run, 2 - at)
            counts["parents"] += 1
            continue
        workers = children(parents[at].pid)
        if not workers and rng.random() < 0.9:  # it is still starting
            continue
        if workers and rng.random() < 0.9:
            pid, name = workers[int(rng.integers(len(workers)))], "worker_kills"
        else:
            pid, name = parents[at].pid, "parent_kills"
        number = signal.SIGTERM if name == "parent_kills" and rng.random() < 0.3 else signal.SIGKILL
        try:
            os.kill(pid, number)
            counts[name] += 1
        except ProcessLookupError:
            continue
    for parent in parents:
        parent.kill()
        parent.wait()
    return counts


def main() -> None:
    """Disturb a run, let it end, and count."""
    ask = argparse.ArgumentParser(description="Jobs under kills and damage.")
    ask.add_argument("--jobs", type=int, default=400)
    ask.add_argument("--kills", type=int, default=100)
    ask.add_argument("--seed", type=int, default=0)
    asked = ask.parse_args()
    rng = np.random.default_rng(asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        sweep = write_sweep(place, asked.jobs)
        outside = {path: path.read_bytes() for path in place.iterdir()}
        counts = disturb(sweep, place / "run", asked.kills, rng)
        plan = jobs.read_sweep(sweep)
        for _ in range(3):
            counts["damaged"] += harm(place / "run", rng)
        with jobs.Local(workers=2) as pool:
            last = jobs.run(plan, place / "run", pool, retry=True)
            calm = jobs.run(plan, place / "calm", pool)
        again = jobs.run(plan, place / "run", jobs.Local())
        found, wanted = contents(place / "run"), contents(place / "calm")
        leftovers = [p for p in (place / "run").rglob("*") if p.name.startswith(".unbraid-")]
        report = {
            **counts,
            "jobs": last.jobs,
            "done": last.done,
            "failed": len(last.failed),
            "lost": sum(name not in found for name in wanted),
            "added": sum(name not in wanted for name in found),
            "different": sum(found[name] != wanted[name] for name in wanted if name in found),
            "computed_again_at_rest": again.ran,
            "set_aside": len(list((place / "run").glob("set-aside/*"))),
            "leftover_folders": len(leftovers),
            "outside_changed": sum(path.read_bytes() != data for path, data in outside.items()),
            "calm_done": calm.done,
        }
    print(json.dumps(report))
    good = report["done"] == report["jobs"] and not any(
        report[name] for name in ("lost", "added", "different", "outside_changed", "failed")
    )
    sys.exit(0 if good and not again.ran else 1)


if __name__ == "__main__":
    main()
