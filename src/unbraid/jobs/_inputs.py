"""Systems as a sweep names them: files, stores, one array of a file; known by what they hold."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from unbraid._config import shown
from unbraid.errors import InputError

_ARRAY = "::"
_MAGIC = re.compile(r"[*?\[]")
_LONGEST_PATH = 400  # characters of a path in a message
_IDS = ("{}.stimuli.txt", "file_names.txt")  # beside a .npy, and read with it
_hashes: dict[tuple[str, str], str] = {}


@dataclass(frozen=True, kw_only=True)
class File:
    """A system on disk, and the hash of what it held when the sweep was planned."""

    path: str
    """Absolute."""
    options: dict[str, Any]
    """Options of its reader, such as ``values``."""
    name: str
    """What tables call it."""
    sha256: str
    state: str
    """Hash of names, sizes and times: while it stays, so does the content."""

    @property
    def identity(self) -> dict[str, Any]:
        """What a job's fingerprint takes of it: not where it lies."""
        return {"name": self.name, "options": self.options, "sha256": self.sha256}

    def plain(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)


def find_file(reference: Any, slot: str, start: Path) -> File:
    """Return the one system that a reference names.

    Parameters
    ----------
    reference : str or mapping
        A path, ``path::array``, or a mapping with ``path`` and the options of ``unbraid.load``.
        Relative paths begin at ``start``.

    Raises
    ------
    InputError
        Another form; a path that does not exist; a pattern that fits several files.
    """
    given = dict(reference) if isinstance(reference, Mapping) else {"path": reference}
    text = given.pop("path", None)
    if isinstance(text, os.PathLike):
        text = os.fspath(text)
    if not isinstance(text, str) or not text or "\0" in text:
        raise InputError(
            f"{slot} must be a file name, 'file::array' or {{path: ..., values: ...}}, got "
            f"{shown(reference)}. Arrays are saved first: unbraid.save(x, 'x.npz')."
        )
    found = matches(text, slot, start)
    if len(found) > 1:
        raise InputError(
            f"{slot}: {written(text)} fits {len(found)} files; patterns of several stand in grid."
        )
    path, _, array = found[0].partition(_ARRAY)
    if array:
        given["values"] = array
    try:
        options = json.loads(json.dumps(given, allow_nan=False))
    except (TypeError, ValueError):
        raise InputError(f"{slot} must have plain options, got {shown(given)}.") from None
    state = _state(Path(path))
    name = _name(Path(path), start) + (f"{_ARRAY}{array}" if array else "")
    return File(path=path, options=options, name=name, sha256=_sha256(path, state), state=state)


def matches(text: str, slot: str, start: Path) -> list[str]:
    """Return the absolute paths (with ``::array``) that a path or pattern fits, naturally sorted.

    A folder in a pattern's place is a store, or a dictionary; patterns skip other folders.
    """
    path, mark, array = text.partition(_ARRAY)
    try:
        place = str(start / Path(path).expanduser()) if path.startswith("~") else str(start / path)
    except RuntimeError as error:
        raise InputError(f"{slot}: {written(path)} names no folder: {error}") from None
    if os.path.lexists(place):
        return [os.path.abspath(place) + mark + array]  # noqa: PTH100 - links stay as given
    if not _MAGIC.search(path):
        raise InputError(f"{slot}: {written(place)} does not exist.")
    fit = glob.glob(place)  # noqa: PTH207 - patterns of whole paths, which Path.glob refuses
    found = [name for name in fit if not Path(name).is_dir() or _holds(Path(name))]
    found = [name for name in found if not name.endswith(".stimuli.txt")]
    if not found:
        raise InputError(f"{slot}: no file fits {written(place)}.")
    return [os.path.abspath(name) + mark + array for name in sorted(found, key=natural)]  # noqa: PTH100


def written(path: Any) -> str:
    """Return a path as a message shows it: no control characters, and of a long one both ends."""
    plain = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(path))
    return (
        plain
        if len(plain) <= _LONGEST_PATH
        else f"{plain[:100]}...{plain[3 - _LONGEST_PATH + 100 :]}"
    )


def is_pattern(value: Any) -> bool:
    """Whether a value is the pattern of several files."""
    return isinstance(value, str) and _MAGIC.search(value) is not None


def natural(text: str) -> list[Any]:
    """Return a sorting key by which ``layer2`` stands before ``layer10``."""
    parts = re.split(r"(\d+)", text)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def check_unchanged(file: File) -> None:
    """Refuse a system whose content differs from what the fingerprint says."""
    path = Path(file.path)
    state = _state(path)
    if state != file.state and _sha256(file.path, state) != file.sha256:
        raise InputError(
            f"{written(file.path)} changed since the sweep was planned; plan it again."
        )


def _name(path: Path, start: Path) -> str:
    """Return a path without its suffix: from the start on, or its last two parts."""
    plain = path if path.is_dir() else path.with_suffix("")
    inside = plain.is_relative_to(start)
    return plain.relative_to(start).as_posix() if inside else "/".join(plain.parts[-2:])


def _holds(folder: Path) -> bool:
    """Whether a folder holds a system or a dictionary by itself."""
    names = ("manifest.json", "cfg.json", "dataset_info.json", "zarr.json", ".zgroup", ".zarray")
    return any((folder / name).exists() for name in names)


def _members(path: Path) -> list[Path]:
    """Return every file that a system is read from, in one order."""
    if path.is_dir():
        return sorted(Path(top) / name for top, _, names in os.walk(path) for name in names)
    beside = [path.with_name(pattern.format(path.stem)) for pattern in _IDS]
    return [path, *(other for other in beside if path.suffix == ".npy" and other.is_file())]


def _state(path: Path) -> str:
    try:
        about = {str(member): member.stat() for member in _members(path)}
    except OSError as error:
        raise InputError(f"{written(path)} cannot be read: {error.strerror or error}.") from None
    for name, found in about.items():
        if not stat.S_ISREG(found.st_mode):  # reading a device or a pipe might never end
            raise InputError(f"{written(name)} is not a regular file.")
    seen = [(name, found.st_size, found.st_mtime_ns) for name, found in about.items()]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def _sha256(path: str, state: str) -> str:
    """Return the hash of a system's files, computed once a process while they stay."""
    if (path, state) not in _hashes:
        whole = hashlib.sha256()
        try:
            for member in _members(Path(path)):
                with member.open("rb") as stream:
                    digest = hashlib.file_digest(stream, "sha256").hexdigest()
                whole.update(f"{os.path.relpath(member, path)} {digest}\n".encode())
        except OSError as error:
            raise InputError(
                f"{written(path)} cannot be read: {error.strerror or error}."
            ) from None
        _hashes[path, state] = whole.hexdigest()
    return _hashes[path, state]
