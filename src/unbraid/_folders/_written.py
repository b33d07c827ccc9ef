"""The record of a folder's files, by which Unbraid knows later that it wrote all of them."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

RECORD = ".unbraid.json"
UNFINISHED = RECORD + ".part"
_FORMAT, _VERSION = "unbraid-folder", 1
T = TypeVar("T")
_LONGEST = 2**20  # bytes; the records of a few files are far shorter


def seal(folder: Path, kind: str, mode: int, names: set[str], to_disk: bool) -> None:
    """Write the record last, in one move; files get this mode and, if asked, are on the disk."""
    files = {}
    for path in sorted(folder.iterdir()):
        if path.name not in names:
            raise RuntimeError(f"{path.name} was not announced to the writer of {folder}.")
        path.chmod(mode)
        files[path.name] = _entry(path)
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
    missing = set(_read(folder / RECORD)[1]) - {path.name for path in folder.iterdir()}
    return None if foreign or missing else kind


def _examine(folder: Path) -> tuple[str | None, list[str]]:
    kind, files = _read(folder / RECORD)
    known = set() if kind is None else {RECORD}
    for name, entry in files.items():
        with suppress(OSError):
            if _is_plain(folder / name) and _entry(folder / name) == entry:
                known.add(name)
    return kind, sorted({path.name for path in folder.iterdir()} - known)


def remove(folder: Path) -> bool:
    """Remove a folder that its record accounts for wholly; return whether it is gone.

    File by file, the record last: what is put in meanwhile makes the last step fail.
    """
    kind, foreign = examine(folder)
    if kind is None or foreign:
        return not any(folder.iterdir()) and _gone(folder)
    for name in _read(folder / RECORD)[1]:
        (folder / name).unlink(missing_ok=True)
    (folder / RECORD).unlink()
    return _gone(folder)


def remove_named(folder: Path, names: set[str]) -> bool:
    """Remove files of these names, and the folder if that leaves it empty."""
    for path in folder.iterdir():
        if path.name in names and _is_plain(path):
            path.unlink()
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
        if not _is_plain(path) or path.lstat().st_size > _LONGEST:
            return None, {}
        text = path.read_text(encoding="utf-8")
        record = json.loads(text)
        kind, files = record["kind"], record["files"]
        good = isinstance(kind, str) and text == _text(kind, files)
        good = good and all(name == Path(name).name and name != RECORD for name in files)
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
