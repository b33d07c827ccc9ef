"""Checks before a file is read or written: readable, fits in memory, whole or absent."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unbraid.errors import InputError
from unbraid.responses._free_memory import free_by_limits, free_in_groups, free_in_machine

_MOST_AXES = 32  # of an array, in every version of NumPy


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


def parse_json(text: str | bytes, what: str) -> Any:
    """Parse JSON, or say in one line that it is none, or that it names something twice."""
    try:
        return json.loads(text, object_pairs_hook=_once)
    except _Twice as error:
        raise InputError(f"{what} names {str(error)[:60]!r} twice: which is meant?") from None
    except (ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else "damaged"
        raise InputError(f"{what} is not valid JSON ({reason}).") from None


class _Twice(Exception):
    """An object names one key twice; readers differ in which they take."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return found


def check_memory(n_bytes: int, what: str) -> None:
    """Refuse an allocation that the machine's free memory cannot hold."""
    free = free_memory()
    if n_bytes > free:
        raise InputError(
            f"{what} needs {n_bytes / 2**30:.3g} GiB of memory, {free / 2**30:.3g} GiB are free."
        )


def free_memory() -> float:
    """Return bytes that can be allocated in the machine, in the container, under the limits."""
    return min(free_in_machine(), free_in_groups(), free_by_limits())


def check_shape(shape: Sequence[int], width: int, what: str) -> None:
    """Refuse a shape of more axes, or of more bytes, than an array can have."""
    sides = [int(side) for side in shape]
    n_bytes = math.prod(side for side in sides if side) * max(width, 1)
    if len(sides) > _MOST_AXES or n_bytes >= 2**63:
        came = f"{len(sides)} axes" if len(sides) > _MOST_AXES else f"shape {tuple(sides)}"
        raise InputError(f"{what} must hold an array that memory could, got {came}.")
