"""Single files that are whole or absent."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from unbraid._folders._locks import is_abandoned, lock
from unbraid.errors import InputError

_LONGEST_STEM = 40  # characters of the name that are kept; each may take four bytes
_ATTEMPTS = 100  # a sweeper may take the file in the moment before it is locked


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path``; it becomes ``path`` only if the block succeeds.

    A link stays, and the file that it leads to is replaced. What killed writers of the same file
    left is removed.

    Raises
    ------
    InputError
        A folder; a place where nothing can be written; a full disk. What stood there stays.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder, expected a file name.")
    path = path.resolve() if path.is_symlink() else path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        temporary, handle = _begun(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from None
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}. Nothing was kept."
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
        os.close(handle)


def _begun(path: Path) -> tuple[Path, int]:
    """Make a temporary file with the user's umask, lock it, and name it by its own number."""
    for _ in range(_ATTEMPTS):
        first = _name(path, secrets.token_hex(4))
        handle = os.open(first, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            lock(handle)
            named = _name(path, _code(os.fstat(handle).st_ino))
            if not os.path.lexists(named):
                first.rename(named)
                return named, handle
        except (BlockingIOError, FileNotFoundError):
            pass
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        first.unlink(missing_ok=True)
    raise OSError(errno.EAGAIN, "no temporary file could be kept beside it")


def _sweep(path: Path) -> None:
    """Remove temporary files of this target whose writers are gone: empty, or known by number."""
    with suppress(OSError):
        for other in path.parent.iterdir():
            if not is_temporary(other, path):
                continue
            state = other.lstat()
            ours = not state.st_size or other == _name(path, _code(state.st_ino))
            if ours and stat.S_ISREG(state.st_mode) and is_abandoned(other):
                other.unlink()


def is_temporary(other: Path, path: Path) -> bool:
    """Return whether a file beside ``path`` bears a name under which ``replacing`` writes it."""
    pattern = re.escape(_name(path, "@").name).replace("@", "[0-9a-f]{8}")
    return re.fullmatch(pattern, other.name) is not None


def _name(path: Path, code: str) -> Path:
    return path.with_name(f".{path.name[:_LONGEST_STEM]}.{code}.tmp")


def _code(number: int) -> str:
    """Return eight characters that a copy of the file, which has another number, lacks."""
    return hashlib.sha256(f"unbraid {number}".encode()).hexdigest()[:8]
