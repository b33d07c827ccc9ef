"""Change one thing in the code at a time, and see whether a test notices.

A mutant that no test notices shows a line that nothing proves. Mutants are made in a copy of the
repository; the checkout is never changed.

    python scripts/mutate.py                      the named ones, which survived once
    python scripts/mutate.py --random 60 --seed 0 drawn over all rooms
    python scripts/mutate.py --room align --random 10

A drawn mutant runs the tests of its room. Exit status 1 where any survives.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = Path("src/unbraid")
_SECONDS = 900  # a mutant may loop for ever: that is noticed, too


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
        '_apart(y_train, y, "y")',
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
        if isinstance(node, ast.AnnAssign):
            if node.value is not None:
                yield node.value
                yield from _live(node.value)
            continue
        yield node
        yield from _live(node)


def drawn(count: int, seed: int, room: str | None) -> list[Mutant]:
    """Return mutants drawn over the rooms: first a room, then a file, then a change."""
    rng = random.Random(seed)
    rooms: dict[str, list[Path]] = {}
    for file in sorted((ROOT / PACKAGE).rglob("*.py")):
        name = file.relative_to(ROOT / PACKAGE).parts[0].removesuffix(".py")
        if tests_of(name) and room in (None, name):
            rooms.setdefault(name, []).append(file)
    found: list[Mutant] = []
    while len(found) < count:
        name = rng.choice(sorted(rooms))
        file = rng.choice(rooms[name])
        if changes := list(mutants_of(file)):
            at, old, new = rng.choice(changes)
            where = str(file.relative_to(ROOT / PACKAGE))
            found.append(Mutant(where, old, new, tests_of(name), at))
    return found


def tests_of(room: str) -> tuple[str, ...]:
    """Return the tests of a room: its folder, or the files named after it."""
    name = room.strip("_")
    folder = ROOT / "tests" / name
    files = [folder] if folder.is_dir() else sorted((ROOT / "tests").glob(f"test_{name}*.py"))
    return tuple(str(file.relative_to(ROOT)) for file in files)


def survives(mutant: Mutant, copy: Path) -> bool:
    """Whether all its tests pass with the change; the copy is as before afterwards."""
    file = copy / PACKAGE / mutant.file
    whole = file.read_text(encoding="utf-8")
    at = whole.index(mutant.old) if mutant.at is None else mutant.at
    file.write_text(whole[:at] + mutant.new + whole[at + len(mutant.old) :], encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    places = os.pathsep.join([str(copy / "src"), os.environ.get("PYTHONPATH", "")])
    try:
        done = subprocess.run(
            [*command, *mutant.tests],
            cwd=copy,
            capture_output=True,
            timeout=_SECONDS,
            env={**os.environ, "PYTHONPATH": places},
        )
    except subprocess.TimeoutExpired:
        return False
    finally:
        file.write_text(whole, encoding="utf-8")
    return done.returncode == 0


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
            alive = survives(mutant, copy)
            survivors += [mutant] if alive else []
            word = "SURVIVES" if alive else "killed"
            print(f"{word:9}{time.monotonic() - began:6.0f} s  {mutant}", flush=True)
    print(f"{len(mutants) - len(survivors)} of {len(mutants)} killed")
    return bool(survivors)


if __name__ == "__main__":
    sys.exit(main())
