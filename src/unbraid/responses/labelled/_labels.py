"""Numbers with the names of their rows and columns, before anything is checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)
class Labelled:
    """What makes `Responses`: numbers, and the names given to their rows and columns."""

    values: Any
    stimuli: Any = None
    units: Any = None
    repeats: Any = None
    made_by: dict[str, Any] = field(default_factory=dict)
