"""Locks that end with their process: what a killed writer left is told from what is in use."""

from __future__ import annotations

import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has no such locks: there nothing is swept
    fcntl = None  # type: ignore[assignment]


def lock(handle: int) -> bool:
    """Lock an open file or folder; False where the system or the disk has no locks.

    Raises
    ------
    BlockingIOError
        Another has the lock.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


def is_abandoned(path: Path) -> bool:
    """Return whether a file that a writer locks while it lives has no such writer any more."""
    if fcntl is None:
        return False
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        return lock(handle)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
