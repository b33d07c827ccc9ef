"""One array of a file as its header describes it; its numbers are read when they are used."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Entry:
    """One array of a file: its header is known, its numbers are not read yet."""

    dtype: np.dtype
    shape: tuple[int, ...]
    read: Callable[[], np.ndarray]
    attrs: Callable[[], Mapping[str, Any]] = dict
    """What the file says about this array, read when it is used."""
    opaque: str = ""
    """What it is ("a link"), if nothing is known of its shape and numbers."""

    @property
    def size(self) -> int:
        """Number of its numbers."""
        return math.prod(int(side) for side in self.shape)


def parent_of(name: str) -> str:
    """Return the group of an array's path; the root is ''."""
    return name.rpartition("/")[0]


def last_of(name: str) -> str:
    """Return the last part of a path."""
    return name.rpartition("/")[2]


def value_of(entry: Entry) -> Any:
    """Return the one number or text that an array holds; True for anything larger."""
    return entry.read().ravel()[0] if entry.size == 1 and entry.dtype.kind in "fiubSU" else True


def plain(value: Any) -> str:
    """Return text that may be bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
