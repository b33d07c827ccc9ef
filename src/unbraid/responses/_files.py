"""Files at the door: what is readable, what fits in memory, and files that are whole or absent."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unbraid.errors import InputError


def as_path(path: Any, name: str = "path") -> Path:
    """Turn a file name into a Path that the system can look up."""
    try:
        found = Path(os.fspath(path)).expanduser()
        found.is_dir()
        return found
    except (TypeError, RuntimeError):
        raise InputError(f"{name} must be a file name, got {type(path).__name__}.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None


def check_file(path: Path) -> int:
    """Return the size of a readable, non-empty regular file in bytes."""
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder, expected a file.")
        if not path.exists():
            raise InputError(f"{path} does not exist.")
        if not path.is_file():
            raise InputError(f"{path} is not a regular file.")
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    if size == 0:
        raise InputError(f"{path} is empty (0 bytes).")
    return size


def check_memory(n_bytes: int, what: str) -> None:
    """Refuse an allocation that the machine's free memory cannot hold."""
    free = free_memory()
    if n_bytes > free:
        raise InputError(
            f"{what} needs {n_bytes / 2**30:.3g} GiB of memory, {free / 2**30:.3g} GiB are free."
        )


def free_memory() -> float:
    """Return bytes that can be had without swapping; infinity where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (OSError, ValueError, AttributeError):
        return float("inf")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path``; it becomes ``path`` only if the block succeeds."""
    if path.is_dir():
        raise InputError(f"{path} is a folder, expected a file name.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name[:60]}.", suffix=".tmp"
        )
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o666 & ~_umask())  # mkstemp makes private files
        temporary.replace(path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}. Nothing was kept."
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
