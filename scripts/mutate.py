"""Change one thing in the code at a time, and see whether a test notices.

A mutant that no test notices shows a line that nothing proves. Mutants are made in a copy of the
repository; the checkout is never changed.

    python scripts/mutate.py                      the named ones, which survived once
    python scripts/mutate.py --random 60 --seed 0 drawn over all rooms
    python scripts/mutate.py --room align --random 10

A drawn mutant runs its file's own examples and the test files that reach it through the fewest
imports (`tests_of`). It is killed if one of them fails that passes without the change. What runs
out of time counts as a survivor: look whether it loops for ever. Exit status 1 where any survives.
"""

from __future__ import annotations

import argparse
import ast
import functools
import importlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import house

ROOT = Path(__file__).parent.parent
PACKAGE = Path("src/unbraid")
_SECONDS = 300  # of a mutant's tests: a minute or two, and twice that on a busy machine
_TESTS = 6  # test files of a drawn mutant: the closest ones, so that sixty mutants take an hour


@dataclass(frozen=True)
class Mutant:
    """One change of one file, and the tests that should notice it."""

    file: str
    """From the package's folder on."""
    old: str
    new: str
    tests: tuple[str, ...]
    at: int | None = None
    """Where ``old`` begins; None: where it first occurs."""

    def __str__(self) -> str:
        text = (ROOT / PACKAGE / self.file).read_text(encoding="utf-8")
        at = text.index(self.old) if self.at is None else self.at
        line = text[:at].count("\n") + 1
        return f"{self.file}:{line}: {self.old.strip()!r} -> {self.new.strip()!r}"


NAMED = (
    Mutant(
        "comparison/_split.py",
        'as_training(y_train, y, "y")',
        "y_train",
        ("tests/comparison/test_split.py",),
    ),
    Mutant(
        "comparison/verdict/_verdict.py",
        "_SEEN = 0.005",
        "_SEEN = 0.004",
        ("tests/comparison/test_verdict.py",),
    ),
    Mutant(
        "comparison/verdict/_verdict.py",
        "_SEEN = 0.005",
        "_SEEN = 0.0055",
        ("tests/comparison/test_verdict.py",),
    ),
    Mutant(
        "sparse/learning/_candidate.py",
        "enough = 1.02 * error_of(best) + slack(error_of(best), len(best.atoms))",
        "enough = error_of(best)",
        ("tests/sparse/test_candidate.py",),
    ),
    Mutant(
        "sparse/learning/_candidate.py",
        "enough = 1.02 *",
        "enough = 1.0 *",
        ("tests/sparse/test_candidate.py",),
    ),
    Mutant(
        "sparse/learning/_candidate.py",
        "_SLACK / m, 0.1 * error",
        "_SLACK / m, 0.2 * error",
        ("tests/sparse/test_candidate.py",),
    ),
    Mutant(
        "sparse/learning/_importance.py",
        "return energy * unexplained_by_two(atoms, signed)",
        "return energy",
        ("tests/sparse/test_candidate.py",),
    ),
    Mutant(
        "align/matching/solvers/_marginals.py",
        "TIE = 1e-12",
        "TIE = 0.0",
        ("tests/align/test_known_answers.py",),
    ),
)
"""Mutants that survived once."""

_COMPARED = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
_COMBINED = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.BitAnd: "|"}


def mutants_of(file: Path) -> Iterator[tuple[int, str, str]]:
    """Yield every change of a file: where, what, and what for it.

    A comparison or an operation becomes its neighbour, a number a larger one, ``and`` becomes
    ``or``, a condition its contrary. Text, annotations and what is raised are left alone.
    """
    source = file.read_text(encoding="utf-8")
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line.encode()))
    raw = source.encode()

    def place(line: int, column: int) -> int:
        return len(raw[: starts[line - 1] + column].decode())

    def text(node: ast.AST) -> tuple[int, str]:
        begin = place(node.lineno, node.col_offset)
        return begin, source[begin : place(node.end_lineno, node.end_col_offset)]

    for node in _live(ast.parse(source)):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARED:
            (at, old), (_, left) = text(node), text(node.left)
            rest = source[at + len(left) : text(node.comparators[0])[0]]
            if not rest.strip() or "(" in rest or ")" in rest:
                continue
            new = f"{left} {_COMPARED[type(node.ops[0])]} {old[len(left) + len(rest) :]}"
            yield at, old, new
        elif isinstance(node, ast.BinOp) and type(node.op) in _COMBINED:
            (at, old), (_, left) = text(node), text(node.left)
            rest = source[at + len(left) : text(node.right)[0]]
            if "(" in rest or ")" in rest:
                continue
            yield at, old, f"{left} {_COMBINED[type(node.op)]} {old[len(left) + len(rest) :]}"
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
            at, old = text(node)
            yield at, old, repr(node.value * 2 + 1 if node.value else 1)
        elif isinstance(node, ast.If | ast.While | ast.IfExp):
            at, old = text(node.test)
            yield at, old, f"(not ({old}))"


def _live(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of code that computes: no annotation, no message."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.AnnAssign):
            if node.value is not None:
                yield node.value
                yield from _live(node.value)
            continue
        yield node
        yield from _live(node)


def drawn(count: int, seed: int, room: str | None) -> list[Mutant]:
    """Return mutants drawn over the rooms: first a room, then a file, then a change.

    The files outside rooms are drawn as one room, ``unbraid``.
    """
    rng = random.Random(seed)
    rooms: dict[str, list[Path]] = {}
    for file in sorted((ROOT / PACKAGE).rglob("*.py")):
        name = ("unbraid", *file.relative_to(ROOT / PACKAGE).parts[:-1])[:2][-1]
        if room in (None, name):
            rooms.setdefault(name, []).append(file)
    found: list[Mutant] = []
    while len(found) < count:
        name = rng.choice(sorted(rooms))
        file = rng.choice(rooms[name])
        if changes := list(mutants_of(file)):
            at, old, new = rng.choice(changes)
            where = str(file.relative_to(ROOT / PACKAGE))
            found.append(Mutant(where, old, new, tests_of(file), at))
    return found


def tests_of(file: Path) -> tuple[str, ...]:
    """Return a file's own examples, and the tests that reach it through the fewest imports."""
    name = {path: module for module, path in house.files_of(ROOT / PACKAGE).items()}[file]
    steps = _steps_to(name)
    room = file.relative_to(ROOT / PACKAGE).parts[0].removesuffix(".py").strip("_")
    found = []
    for test in sorted((ROOT / "tests").rglob("test_*.py")):
        place = test.relative_to(ROOT / "tests").parts[0]
        at_home = place == room or place.startswith(f"test_{room}")
        reach = [steps[used] for used in _used_by(test) if used in steps]
        named = test.stem == f"test_{file.stem.strip('_')}"
        far = min(reach, default=2 if at_home else 99)  # the command line is tried by its words
        if far < 99:
            found.append((far, not named, not at_home, str(test.relative_to(ROOT))))
    return (str(file.relative_to(ROOT)), *(test for *_, test in sorted(found)[:_TESTS]))


def _steps_to(name: str) -> dict[str, int]:
    """Return the modules that need a module, and through how many imports."""
    above = defaultdict(set)
    for one in _imports():
        above[one.module].add(one.file)
    found, ahead = {name: 0}, [name]
    for module in ahead:
        for user in above[module] - found.keys():
            found[user] = found[module] + 1
            ahead.append(user)
    return found


@functools.cache
def _imports() -> list[house.Import]:
    return house.all_imports(ROOT / PACKAGE)


@functools.cache
def _used_by(test: Path) -> frozenset[str]:
    """Return the modules that define what a test file imports from the package and names."""
    tree = ast.parse(test.read_text(encoding="utf-8"))
    known: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "unbraid":
                    whole = importlib.import_module(alias.name)
                    top = importlib.import_module("unbraid")
                    known[alias.asname or "unbraid"] = whole if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "unbraid":
            whole = importlib.import_module(node.module or "")
            for alias in node.names:
                known[alias.asname or alias.name] = _part(whole, alias.name)
    chains = [_resolved(node, known) for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    found = set()
    for one in [*known.values(), *chains]:
        if hasattr(one, "__path__"):
            continue  # a package: what is named of it counts
        module = one.__name__ if isinstance(one, ModuleType) else getattr(one, "__module__", None)
        if isinstance(module, str) and module.startswith("unbraid."):
            found.add(module)
    return frozenset(found)


def _part(whole: object, name: str) -> object:
    """Return what a module calls by a name, or the module of that name in a package."""
    if hasattr(whole, name) or not isinstance(whole, ModuleType):
        return getattr(whole, name, None)
    return importlib.import_module(f"{whole.__name__}.{name}")


def _resolved(node: ast.expr, known: dict[str, object]) -> object:
    """Return what a chain of names such as ``ub.align.ridge`` stands for; None: not known."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute):
        whole = _resolved(node.value, known)
        return getattr(whole, node.attr, None) if isinstance(whole, ModuleType) else None
    return None


def verdict(mutant: Mutant, copy: Path) -> str:
    """Return which test kills a mutant, or that it survives; the copy is as before afterwards.

    Compiled kernels are kept between processes by the time of their own file alone, so that they
    are compiled again, elsewhere, where a kernel is changed.
    """
    file = copy / PACKAGE / mutant.file
    whole, times = file.read_text(encoding="utf-8"), file.stat()
    at = whole.index(mutant.old) if mutant.at is None else mutant.at
    file.write_text(whole[:at] + mutant.new + whole[at + len(mutant.old) :], encoding="utf-8")
    try:
        with tempfile.TemporaryDirectory() as compiled:
            kernel = "_kernels" in mutant.file or "njit" in whole
            done = _tested(copy, mutant.tests, compiled if kernel else None)
    except subprocess.TimeoutExpired:
        return "OUT OF TIME"
    finally:
        file.write_text(whole, encoding="utf-8")
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    if done.returncode == 0:
        return "SURVIVES"
    failed = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - |$)", done.stdout, flags=re.MULTILINE)
    by = failed[0] if failed else mutant.tests[0]
    if _tested(copy, (by,), None).returncode:
        return f"UNKNOWN: {by} fails without the change, too"
    return f"killed by {by}"


def _tested(
    copy: Path, tests: tuple[str, ...], compiled: str | None
) -> subprocess.CompletedProcess[str]:
    """Run tests in the copy until the first fails."""
    places = os.pathsep.join([str(copy / "src"), os.environ.get("PYTHONPATH", "")])
    more = {"NUMBA_CACHE_DIR": compiled} if compiled else {}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-rfE", "-p", "no:cacheprovider", *tests],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        env={**os.environ, "PYTHONPATH": places, **more},
    )


def main() -> int:
    """Try the mutants; print each, then the survivors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--random", type=int, default=0, help="number of drawn mutants")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw")
    parser.add_argument("--room", help="draw from this room alone")
    options = parser.parse_args()
    mutants = list(NAMED)
    if options.random:
        mutants = drawn(options.random, options.seed, options.room)
    survivors = []
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "copy"
        unwanted = shutil.ignore_patterns(".git", ".venv*", "runs", "build", ".*_cache")
        shutil.copytree(ROOT, copy, ignore=unwanted, symlinks=True)
        for mutant in mutants:
            began = time.monotonic()
            word = verdict(mutant, copy)
            survivors += [] if word.startswith("killed") else [mutant]
            print(f"{time.monotonic() - began:4.0f} s  {mutant}: {word}", flush=True)
    print(f"{len(mutants) - len(survivors)} of {len(mutants)} killed")
    return bool(survivors)


if __name__ == "__main__":
    sys.exit(main())
