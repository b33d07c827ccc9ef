"""Count what makes the code easy or hard to find one's way in.

``python scripts/house.py [SOURCE]`` prints a table for the package in SOURCE (by default this
repository's ``src/unbraid``); ``--json`` prints the counts as JSON. For another commit:

    git archive COMMIT src | tar -x -C FOLDER
    python scripts/house.py FOLDER/src/unbraid

Imports are read from the files, those in functions too; imports for types alone do not count.
"""

from __future__ import annotations

import argparse
import ast
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "unbraid"
CROWDED = 25  # files flat in a folder from which on nobody reads the list
AUTO = "sparse.auto"  # the end of the names of the modules where `Auto` begins


@dataclass(frozen=True)
class Import:
    """One module imported by a file."""

    file: str
    line: int
    module: str
    late: bool
    """Whether it stands in a function."""


def files_of(source: Path) -> dict[str, Path]:
    """Return the file of each module of a package, by its full name."""
    found = {}
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(name: str, text: str, known: frozenset[str], *, package: bool) -> Iterator[Import]:
    """Yield what a module imports, relative imports by their full names."""
    for node, late in _imports(ast.parse(text), False):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        else:
            base = _base(name, node, package=package)
            names = [f"{base}.{alias.name}" for alias in node.names]
            modules = [full if full in known else base for full in names]
        for module in dict.fromkeys(modules):
            yield Import(name, node.lineno, module, late)


def all_imports(source: Path) -> list[Import]:
    """Return every import of a package."""
    files = files_of(source)
    known = frozenset(files)
    return [
        found
        for name, path in files.items()
        for found in imports_of(
            name, path.read_text(encoding="utf-8"), known, package=path.name == "__init__.py"
        )
    ]


def circles(imports: list[Import], known: frozenset[str]) -> list[list[str]]:
    """Return the groups of modules each of which imports all others of its group, in some steps.

    Strongly connected components of more than one module (Tarjan 1972), without recursion.
    """
    edges: dict[str, set[str]] = {name: set() for name in known}
    for one in imports:
        if one.module in known and one.module != one.file:
            edges[one.file].add(one.module)
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []
    for start in sorted(edges):
        work = [] if start in order else [(start, iter(sorted(edges[start])))]
        while work:
            name, rest = work[-1]
            if name not in order:
                order[name] = lowest[name] = len(order)
                stack.append(name)
            below = next(rest, None)
            if below is not None and below not in order:
                work.append((below, iter(sorted(edges[below]))))
            elif below is not None:
                if below in stack:
                    lowest[name] = min(lowest[name], order[below])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[name])
                if lowest[name] == order[name]:
                    at = stack.index(name)
                    found.append(sorted(stack[at:]))
                    del stack[at:]
    return sorted(group for group in found if len(group) > 1)


def on_path(imports: list[Import], known: frozenset[str], start: list[str]) -> set[str]:
    """Return the modules of the same room that ``start`` needs, in some steps."""
    edges = defaultdict(set)
    for one in imports:
        edges[one.file].add(one.module)
    found: set[str] = set()
    ahead = list(start)
    while ahead:
        name = ahead.pop()
        if name not in found and name in known:
            found.add(name)
            ahead += edges[name]
    return {name for name in found if name.split(".")[1:2] == ["sparse"]}


@dataclass(frozen=True)
class Constant:
    """A number that a module names at its top: what tunes it."""

    name: str
    value: str
    """As it is written."""
    line: int
    explained: bool
    """Whether a comment stands on its lines or above them, or a text below."""


def constants_of(text: str) -> list[Constant]:
    """Return the numbers that a module names at its top, by names in capitals."""
    body, lines = ast.parse(text).body, text.splitlines()
    found = []
    for at, node in enumerate(body):
        if not isinstance(node, ast.Assign) or not _is_of_numbers(node.value):
            continue
        below = body[at + 1] if at + 1 < len(body) else None
        above = lines[node.lineno - 2].lstrip() if node.lineno > 1 else ""
        own = any("  # " in line for line in lines[node.lineno - 1 : node.end_lineno])
        said = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        explained = own or above.startswith("#") or said
        for target in node.targets:
            several = isinstance(target, ast.Tuple)
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            apart = several and isinstance(node.value, ast.Tuple)
            values = node.value.elts if apart else [node.value] * len(names)
            for name, value in zip(names, values, strict=True):
                if isinstance(name, ast.Name) and name.id.isupper():
                    what = ast.unparse(value)
                    found.append(Constant(name.id, what, node.lineno, explained))
    return found


def _is_of_numbers(value: ast.expr) -> bool:
    """Return whether an expression holds numbers and no other constants."""
    parts = [part.value for part in ast.walk(value) if isinstance(part, ast.Constant)]
    return bool(parts) and all(isinstance(part, int | float) for part in parts)


def two_values(texts: dict[str, str]) -> dict[str, list[str]]:
    """Return the names of constants that have two values in one room, and where they have them.

    ``texts``: of each module, by its full name, what it holds.
    """
    found = defaultdict(list)
    for module, text in texts.items():
        room = ".".join(module.split(".")[:2])
        for one in constants_of(text):
            found[f"{room} {one.name}"].append((one.value, f"{module} = {one.value}"))
    return {
        name: [where for _, where in uses]
        for name, uses in sorted(found.items())
        if len({value for value, _ in uses}) > 1
    }


def classes_of(files: dict[str, Path]) -> dict[str, list[str]]:
    """Return the modules that define a class of each name."""
    found = defaultdict(list)
    for name, path in files.items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found[node.name].append(name)
    return dict(found)


def count(source: Path) -> dict[str, object]:
    """Return every count."""
    files = files_of(source)
    imports, known = all_imports(source), frozenset(files)
    folders = Counter(path.parent for path in files.values())
    groups = circles(imports, known)
    autos = [name for name in files if name.endswith((AUTO, f"{AUTO}.auto"))]
    path = on_path(imports, known, autos)
    texts = {name: file.read_text(encoding="utf-8") for name, file in files.items()}
    twice = {name: where for name, where in classes_of(files).items() if len(where) > 1}
    return {
        "files": len(files),
        "folders": len(folders),
        "most files in a folder": max(folders.values()),
        "crowded folders": {
            str(folder.relative_to(source.parent)): number
            for folder, number in sorted(folders.items())
            if number > CROWDED
        },
        "lines": sum(len(text.splitlines()) for text in texts.values()),
        "import circles": [len(group) for group in groups],
        "late imports": sum(one.late for one in imports),
        "late imports of own files": sum(one.late and one.module in known for one in imports),
        "files on Auto's path": len(path),
        "constants on Auto's path": sum(len(constants_of(texts[name])) for name in path),
        "constants without a reason": sum(
            not one.explained for text in texts.values() for one in constants_of(text)
        ),
        "constants with two values": len(two_values(texts)),
        "class names with two meanings": sorted(twice),
    }


def _imports(node: ast.AST, late: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, late
        elif not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)):
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, late or inside)


def _base(name: str, node: ast.ImportFrom, *, package: bool) -> str:
    """Return the full name that ``from BASE import ...`` means in a module."""
    if not node.level:
        return node.module or ""
    parts = name.split(".")
    above = parts[: len(parts) - node.level + package]
    return ".".join([*above, *([node.module] if node.module else [])])


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("source", nargs="?", type=Path, default=SOURCE)
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    counts = count(given.source.resolve())
    if given.json:
        print(json.dumps(counts, indent=1))
        return
    for name, value in counts.items():
        print(f"{name:32} {value if value else 'none' if value != 0 else 0}")


if __name__ == "__main__":
    main()
