"""What a comparison that was computed from moments says beyond one in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unbraid._documented import documented_answer


@documented_answer
@dataclass(frozen=True, kw_only=True)
class Streamed:
    """How a comparison of systems larger than memory was computed, and what it lacks."""

    n: int
    """Stimuli that were scored."""
    n_groups: int
    """Groups of stimuli that were deleted one after the other, for the intervals."""
    n_shown: int
    """Scored stimuli, drawn at random, whose codes are kept: pages, browser, matched latents, l0
    and unexplained variance are of these."""
    learned_from: tuple[int, int]
    """Training stimuli of ``x`` and of ``y`` that dictionaries were learned from."""
    sampled: tuple[int, int]
    """Training stimuli of ``x`` and of ``y`` that controls, floors and penalties were learned
    from."""
    n_bytes: float
    """Bytes of the moments that a worker sums."""
    left_out: tuple[str, ...]
    """What a comparison in memory has and this one has not."""

    def record(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {name: list(value) if isinstance(value, tuple) else value
                for name, value in vars(self).items()}  # fmt: skip
