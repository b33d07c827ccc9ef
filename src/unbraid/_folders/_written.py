"""The record of a folder's files, by which Unbraid knows later that it wrote all of them."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

RECORD = ".unbraid.json"
UNFINISHED = RECORD + ".part"
_FORMAT, _VERSION = "unbraid-folder", 1
T = TypeVar("T")
_LONGEST_RECORD = 2**20  # bytes; the records of a few files are far shorter


def is_name(name: str) -> bool:
    """Return whether a record may name a file so: a plain name, or one in a folder right below."""
    parts = name.split("/")
    plain = all(part not in ("", "..") and part == Path(part).name for part in parts)
    return plain and len(parts) <= 2 and name != RECORD


def seal(folder: Path, kind: str, mode: int, names: set[str], to_disk: bool) -> None:
    """Write the record last, in one move; files get this mode and, if asked, are on the disk."""
    files = {}
    for name in _contents(folder, names):
        if name not in names:
            raise RuntimeError(f"{name} was not announced to the writer of {folder}.")
        path = folder / name
        path.chmod(mode)
        files[name] = _entry(path)
        if to_disk:
            _to_disk(path)
    unfinished = folder / UNFINISHED
    unfinished.write_text(_text(kind, files), encoding="utf-8")
    unfinished.chmod(mode)
    if to_disk:
        _to_disk(unfinished)
    unfinished.rename(folder / RECORD)


def examine(folder: Path) -> tuple[str | None, list[str]]:
    """Return the kind that the record says, and the names of what it does not account for.

    None where the folder has no record that can be trusted; then every name is unaccounted for.
    """
    return steadily(folder, lambda: _examine(folder))


def steadily(folder: Path, read: Callable[[], T]) -> T:
    """Read a folder's files; again if another folder took its place meanwhile."""
    while True:
        before = _identity(folder)
        try:
            found = read()
        except Exception:
            if _identity(folder) == before:
                raise
            continue
        if _identity(folder) == before:
            return found


def differs(folder: Path, name: str) -> bool:
    """Return whether a file is not as the folder's own record says, where it says something."""
    told = _read(folder / RECORD)[1].get(name)
    return told is not None and told != _entry(folder / name)


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        state = folder.stat()
    except FileNotFoundError:
        return None
    return state.st_dev, state.st_ino


def kind_of_whole(folder: Path) -> str | None:
    """Return the kind of result that a folder holds; None unless it is whole, byte by byte.

    A file that is missing, changed or foreign makes it no result.
    """
    kind, foreign = examine(folder)
    names = set(_read(folder / RECORD)[1])
    missing = names - set(_contents(folder, names))
    return None if foreign or missing else kind


def _examine(folder: Path) -> tuple[str | None, list[str]]:
    kind, files = _read(folder / RECORD)
    known = set() if kind is None else {RECORD}
    there = _contents(folder, files)
    for name in files.keys() & set(there):  # not by way of a link in place of a folder
        with suppress(OSError):
            if _is_plain(folder / name) and _entry(folder / name) == files[name]:
                known.add(name)
    return kind, [name for name in there if name not in known]


def _contents(folder: Path, names: Iterable[str]) -> list[str]:
    """Return the names of all that is in a folder, and in those below that these names are in."""
    below = _folders_of(names)
    found = []
    for path in folder.iterdir():
        if path.name in below and stat.S_ISDIR(path.lstat().st_mode):
            found += [f"{path.name}/{each.name}" for each in path.iterdir()]
        else:
            found.append(path.name)
    return sorted(found)


def _folders_of(names: Iterable[str]) -> set[str]:
    """Return the folders right below that files of these names are in."""
    return {name.partition("/")[0] for name in names if "/" in name}


def remove(folder: Path) -> bool:
    """Remove a folder that its record accounts for wholly; return whether it is gone.

    File by file, the record last: what is put in meanwhile makes the last step fail.
    """
    kind, foreign = examine(folder)
    if kind is None or foreign:
        return not any(folder.iterdir()) and _gone(folder)
    names = _read(folder / RECORD)[1]
    for name in names:
        (folder / name).unlink(missing_ok=True)
    for name in _folders_of(names):
        _gone(folder / name)
    (folder / RECORD).unlink()
    return _gone(folder)


def remove_named(folder: Path, names: set[str]) -> bool:
    """Remove files of these names, and the folder if that leaves it empty."""
    for name in _contents(folder, names):
        if name in names and _is_plain(folder / name):
            (folder / name).unlink()
    for name in _folders_of(names):
        _gone(folder / name)
    return _gone(folder)


def _gone(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def _text(kind: str, files: dict[str, Any]) -> str:
    record = {"format": _FORMAT, "version": _VERSION, "kind": kind, "files": files}
    return json.dumps(record, indent=1, sort_keys=True) + "\n"


def _read(path: Path) -> tuple[str | None, dict[str, Any]]:
    """Return kind and files of a record that reads exactly as Unbraid writes it."""
    try:
        if not _is_plain(path) or path.lstat().st_size > _LONGEST_RECORD:
            return None, {}
        text = path.read_text(encoding="utf-8")
        record = json.loads(text)
        kind, files = record["kind"], record["files"]
        good = isinstance(kind, str) and text == _text(kind, files)
        good = good and all(map(is_name, files))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None, {}
    return (kind, files) if good else (None, {})


def _is_plain(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def _entry(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return {"bytes": os.fstat(stream.fileno()).st_size, "sha256": digest}


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
