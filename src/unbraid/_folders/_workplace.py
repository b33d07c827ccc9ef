"""The temporary folder of a writer: locked while it lives, swept by the next one after a kill."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import stat
import warnings
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from unbraid._folders import _written
from unbraid._folders._locks import lock

_NAME = re.compile(r"\.unbraid-[0-9a-f]{16}")
_MARKER = "writing.json"
_NEW, _READY, _OLD = "new", "ready", "old"
_FORMAT, _VERSION = "unbraid-writing", 1
_ATTEMPTS = 100  # a sweeper may take the folder in the moment before it is locked


def free_name(parent: Path) -> Path:
    """Return the path of a temporary folder that does not exist yet."""
    return parent / f".unbraid-{secrets.token_hex(8)}"


class Workplace:
    """A folder beside the target, with what is being written, and what it replaces, in it.

    Its marker names the target, every file that may be in ``new``, and the folder itself by its
    number on the disk, so that a copy of it is no leftover. The lock ends with the process.
    """

    def __init__(self, target: Path, names: Collection[str]) -> None:
        self.target = target
        self.path, self._lock = _locked_folder(target.parent)
        mode = stat.S_IMODE(self.path.lstat().st_mode)
        self.file_mode = mode & 0o666  # what the user's umask leaves
        self.new, self.ready = self.path / _NEW, self.path / _READY
        self.old = self.path / _OLD
        self._kept = False
        self._names = {*names, _written.RECORD, _written.UNFINISHED}
        told = {"target": target.name, "names": sorted(self._names)}
        marker = {**_head(self.path), **told, "locked": self._lock is not None}
        try:
            (self.path / _MARKER).write_text(json.dumps(marker), encoding="utf-8")
            self.new.mkdir()
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        try:
            self._clear()
        finally:
            self._close()

    def seal(self, kind: str, to_disk: bool) -> None:
        """Write the record of the files in ``new``, which is ``ready`` then."""
        _written.seal(self.new, kind, self.file_mode, self._names, to_disk)
        self.new.rename(self.ready)

    def keep(self, folder: Path) -> Path:
        """Move a folder out, beside the target, under a name of its own; return where it is."""
        kept = self.target.with_name(f"{self.target.name[:40]}-kept-{secrets.token_hex(4)}")
        try:
            folder.rename(kept)
        except OSError:  # then it stays, and no sweeper takes it for a leftover
            self._kept = True
            (self.path / _MARKER).unlink(missing_ok=True)
            return folder
        return kept

    def _clear(self) -> None:
        if self._kept:
            return
        if self.new.exists():
            _written.remove_named(self.new, self._names)
        for folder in (self.ready, self.old):
            if folder.exists() and not _written.remove(folder):
                warnings.warn(
                    f"What stood at {self.target} was changed while it was replaced; it is kept in "
                    f"{self.keep(folder)}.",
                    RuntimeWarning,
                    stacklevel=5,
                )

    def _close(self) -> None:
        with suppress(OSError):
            if {path.name for path in self.path.iterdir()} <= {_MARKER}:
                (self.path / _MARKER).unlink(missing_ok=True)
                self.path.rmdir()
        if self._lock is not None:
            os.close(self._lock)


def sweep(parent: Path) -> None:
    """Remove what killed writers left in a folder: theirs beyond doubt, and no one's at work."""
    try:
        found = [path for path in parent.iterdir() if _NAME.fullmatch(path.name)]
    except OSError:
        return
    for path in found:
        with suppress(OSError):
            handle = _lock(path)
            if handle is not None:
                try:
                    _sweep(path)
                finally:
                    os.close(handle)


def _sweep(path: Path) -> None:
    there = {item.name for item in path.iterdir()}
    marker = _read_marker(path)
    if marker is None:
        if not there or (there == {_MARKER} and _is_begun(path)):  # killed in the first moment
            (path / _MARKER).unlink(missing_ok=True)
            path.rmdir()
        return
    if not there <= {_MARKER, _NEW, _READY, _OLD} or not marker["locked"]:
        return
    target = path.parent / marker["target"]
    if _OLD in there and not os.path.lexists(target):
        (path / _OLD).rename(target)  # killed between two steps of a replacement
    gone = [
        _written.remove_named(folder, set(marker["names"]))
        if folder.name == _NEW
        else _written.remove(folder)
        for folder in (path / name for name in (_NEW, _READY, _OLD))
        if folder.exists()
    ]
    if all(gone):
        (path / _MARKER).unlink()
        path.rmdir()


def _head(path: Path) -> dict[str, Any]:
    """Return how the marker of this very folder begins."""
    own = [path.name, path.lstat().st_ino]
    return {"format": _FORMAT, "version": _VERSION, "folder": own}


def _is_begun(path: Path) -> bool:
    """Return whether a folder's marker is the beginning of one that Unbraid writes for it."""
    text = (path / _MARKER).read_bytes()
    head = json.dumps(_head(path)).encode()[:-1]
    return text.startswith(head) or head.startswith(text)


def _read_marker(path: Path) -> dict[str, Any] | None:
    """Return a folder's marker if Unbraid wrote it for this very folder."""
    try:
        marker = json.loads((path / _MARKER).read_text(encoding="utf-8"))
        names = marker["names"]
        good = all(marker[key] == value for key, value in _head(path).items())
        good = good and isinstance(marker["locked"], bool)
        good = good and marker["target"] == Path(marker["target"]).name
        good = good and all(name == _written.RECORD or _written.is_name(name) for name in names)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return marker if good else None


def _locked_folder(parent: Path) -> tuple[Path, int | None]:
    """Make a folder and lock it, before a sweeper can take it for a leftover."""
    for _ in range(_ATTEMPTS):
        path = free_name(parent)
        path.mkdir()
        try:
            handle = _lock(path)
        except (BlockingIOError, FileNotFoundError):
            continue
        if path.exists():
            return path, handle
        if handle is not None:
            os.close(handle)
    raise OSError(errno.EAGAIN, f"no temporary folder could be kept in {parent}")


def _lock(path: Path) -> int | None:
    """Lock a folder until the process ends; None where that cannot be."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows
        return None
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if lock(handle):
            return handle
    except BlockingIOError:
        os.close(handle)
        raise
    os.close(handle)
    return None
