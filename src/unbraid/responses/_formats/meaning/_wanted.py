"""What the caller requests of a file that holds several arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Wanted:
    """Which arrays of a file are meant, and how they are laid out: options of ``load``."""

    values: str | None = None
    stimuli: str | None = None
    units: str | None = None
    axes: str | None = None
    time: str | None = None
    trials: bool = False
    select: Mapping[str, Any] | None = None
