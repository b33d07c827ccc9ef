"""Kill commands at random moments, let them race, and count what is lost or half written.

Claim: whatever moment `unbraid fit, compare, record, encode` or `study` is killed at, and whichever
two write the same target at once, no byte that another program put in or beside the target is
lost, every result that can be read is whole, and running the command again gives the same result.

    python scripts/crash_test.py --kills 300 --races 50

Children are forked from one process that has run every command before, so that a trial takes a
second. Half of the kills fall anywhere in a command's time, half in the moments after it begins to
write. Prints one line per trial that failed, and the counts as JSON; exit status 1 if any failed.
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
os.environ |= dict.fromkeys(THREADS, "1") | {"NUMBA_THREADING_LAYER": "workqueue"}

import numpy as np

from unbraid import cli, responses
from unbraid._folders import _single, _workplace
from unbraid._folders._written import examine
from unbraid.sparse import Dictionary

UNTRAINED = ("--untrained",) if "untrained" in inspect.signature(cli.record).parameters else ()
FEW = ("seeds=1", "permutations=1", "resamples=10", "metrics=[semi_matching]", "folds=3")
COMMANDS = {
    "fit": ("fit", "../x.npy", "--method", "PCA(n_latents=4)", "-o", "target"),
    "compare": ("compare", "../x.npy", "../y.npy", "--method", "PCA(n_latents=4)", "-o", "target",
                "--overwrite", *(word for option in FEW for word in ("--set", option))),
    "record": ("record", "squeezenet1_1", "../pictures", *UNTRAINED, "--layer", "relu1",
               "--units", "AveragePool(size=2)", "-o", "target"),
    "encode": ("encode", "../d0", "../x.npy", "--by", "omp", "-o", "target.npz"),
    "study": ("study", "bound", "--fast", "-o", "target", "--overwrite"),
}  # fmt: skip
FOREIGN = {
    "beside.txt": b"mine",
    "target-kept-": b"mine",
    ".unbraid-0123456789abcdef/writing.json": b'{"format": "unbraid-writing"}',
    ".unbraid-0123456789abcdef/new/config.json": b"mine",
    ".target.npz.0123abcd.tmp": b"mine",
}


def main() -> None:
    """Run the trials."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--races", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=list(COMMANDS))
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        prepare(root)
        truth, seconds = {}, {}
        for command in asked.only:
            place = plant(root / f"first-{command}")
            warm(command, place)
            started = time.perf_counter()
            run(command, place)
            seconds[command] = time.perf_counter() - started
            truth[command] = answer(command, place)
        counts = Counter(kills=0, races=0, landed=0, foreign_lost=0, half_written=0, unequal=0)
        for trial in range(asked.kills):
            command = asked.only[trial % len(asked.only)]
            kill(command, root / f"kill-{trial}", seconds[command], truth[command], rng, counts)
        for trial in range(asked.races):
            command = asked.only[trial % len(asked.only)]
            race(command, root / f"race-{trial}", truth[command], rng, counts)
    print(json.dumps({**counts, "seconds": seconds}))
    sys.exit(bool(counts["foreign_lost"] + counts["half_written"] + counts["unequal"]))


def prepare(root: Path) -> None:
    """Write two small systems, pictures, and a dictionary."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for name in "xy":
        np.save(root / f"{name}.npy", rng.normal(size=(60, 6)))
    (root / "pictures").mkdir()
    for name in "abcd":
        picture = rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(picture).save(root / "pictures" / f"{name}.png")
    run("fit", root / "pictures", "-o", str(root / "d0"))


def plant(place: Path, inside: bool = False) -> Path:
    """Make a folder with files of another program, beside the target and perhaps in it."""
    for name, content in FOREIGN.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    if inside:
        (place / "target").mkdir()
        (place / "target" / "cfg.json").write_bytes(b"{}")
        (place / "target.npz").write_bytes(b"mine")
    return place


def warm(command: str, place: Path) -> None:
    """Run a command in this process, so that its children find everything imported and compiled."""
    os.chdir(place)
    sys.argv = ["unbraid", *COMMANDS[command]]
    with contextlib.redirect_stdout(None), contextlib.suppress(SystemExit):
        cli.main()


def run(command: str, place: Path, *more: str, ready: int | None = None) -> int:
    """Fork a child that runs a command in a folder; return its exit status, or its pid."""
    pid = os.fork()
    if pid == 0:
        status = 99
        with contextlib.suppress(BaseException):
            os.chdir(place)
            sink = os.open(place / "output.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(sink, 1)
            os.dup2(sink, 2)
            if ready is not None:
                announce(ready)
            sys.argv = ["unbraid", *COMMANDS[command], *more]
            try:
                cli.main()
            except SystemExit as stop:
                status = stop.code if isinstance(stop.code, int) else 0
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)
    return pid if ready is not None else os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def announce(pipe: int) -> None:
    """Tell the parent when writing begins."""
    start, make = _workplace.Workplace.__init__, _single._begun

    def began(*arguments, **options):
        os.write(pipe, b"w")
        return start(*arguments, **options)

    def made(*arguments, **options):
        os.write(pipe, b"w")
        return make(*arguments, **options)

    _workplace.Workplace.__init__ = began
    _single._begun = made


def answer(command: str, place: Path) -> object:
    """Read a result whole, without what differs between runs; None where there is none."""
    target = place / ("target.npz" if command == "encode" else "target")
    if command == "encode":
        if not target.exists():
            return None
        codes = responses.load(target).values
        return codes.data.tobytes(), codes.indices.tobytes(), codes.shape
    if command == "record":
        where = target / "relu1"
        if not (where / "manifest.json").exists():
            return None
        store = responses.open_store(where)
        store.verify()
        return store.hashes, store.shape, tuple(store.stimuli)
    if not target.exists():
        return None
    kind, foreign = examine(target)
    if kind is None or foreign:
        raise ValueError(f"not whole: {foreign}")
    if command == "fit":
        learned = Dictionary.load(target)
        return learned.atoms.tobytes(), learned.offset.tobytes()
    record = json.loads((target / "result.json").read_text())
    record.pop("seconds", None)
    record.get("provenance", {}).pop("seconds", None)
    arrays = target / "arrays.safetensors"
    return record, arrays.read_bytes() if arrays.exists() else b""


def kill(command, place, seconds, truth, rng, counts) -> None:
    """Kill one command at a random moment, look at what is there, run it again."""
    inside = rng.random() < 0.2
    plant(place, inside)
    old = not inside and rng.random() < 0.5
    if old:
        run(command, place)
    before = snapshot(place) if inside else None
    reader, writer = os.pipe()
    child = run(command, place, ready=writer)
    os.close(writer)
    if rng.random() < 0.5:
        time.sleep(rng.uniform(0, 1.1 * seconds))
    else:
        os.read(reader, 1)  # the first write, or the end
        time.sleep(rng.exponential(0.004))
    os.close(reader)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    counts["landed"] += os.WIFSIGNALED(os.waitpid(child, 0)[1])
    counts["kills"] += 1
    check(command, place, (truth, None) if not old else (truth,), counts, inside, before)
    status = run(command, place)
    if inside and command != "record":  # refused; a recording puts its folder beside
        check(command, place, (), counts, inside, before)
    elif status != 0:
        report(place, f"{command}: the next run ended with {status}")
        counts["unequal"] += 1
    else:
        check(command, place, (truth,), counts, inside, None)
        left = [*place.glob(".unbraid-*"), *place.rglob(".*.tmp")]
        counts["leftovers"] += len(left) - 2  # those that were planted
    shutil.rmtree(place)


def race(command, place, truth, rng, counts) -> None:
    """Let two processes write the same target."""
    plant(place)
    if rng.random() < 0.5:
        run(command, place)
    reader, writer = os.pipe()
    children = [run(command, place, ready=writer) for _ in range(2)]
    os.close(writer)
    statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    os.close(reader)
    counts["races"] += 1
    counts["second_refused"] += any(statuses)
    if all(statuses):
        report(place, f"{command}: both ended with {statuses}")
        counts["unequal"] += 1
    check(command, place, (truth,), counts, False, None)
    shutil.rmtree(place)


def check(command, place, allowed, counts, inside, before) -> None:
    """Count what is lost, half written, or another result than was to be expected."""
    lost = [name for name, content in FOREIGN.items() if read(place / name) != content]
    if before is not None:
        now = snapshot(place)
        lost += [str(name) for name, content in before.items() if now.get(name) != content]
    if lost:
        report(place, f"{command}: lost {lost}")
        counts["foreign_lost"] += 1
    if inside and command != "record":
        return
    try:
        found = answer(command, place)
    except Exception as error:
        report(place, f"{command}: half written: {error!r}")
        counts["half_written"] += 1
        return
    if found not in allowed and not inside:
        report(place, f"{command}: another result, or none")
        counts["unequal"] += 1


def snapshot(place: Path) -> dict[Path, bytes]:
    """Return every file's bytes, without the children's own output."""
    return {path: path.read_bytes() for path in place.rglob("*")
            if path.is_file() and path.name != "output.log"}  # fmt: skip


def read(path: Path) -> bytes | None:
    """Return a file's bytes, or None."""
    return path.read_bytes() if path.is_file() else None


def report(place: Path, line: str) -> None:
    """Print what failed, and the last that the children said."""
    said = (read(place / "output.log") or b"").decode(errors="replace").splitlines()[-2:]
    print(line, *said, sep="\n    ", flush=True)


if __name__ == "__main__":
    main()
