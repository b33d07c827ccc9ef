"""One sentence that says what was found, and what would void it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from unbraid._documented import documented_answer
from unbraid._severity import VOID, most_serious_first, severity

TONES: dict[
    str, Literal["gain", "holds", "no-gain", "explained-by-control", "cannot-help", "one-system"]
] = {
    "gain": "gain",
    "no gain": "no-gain",
    "explained by a control": "explained-by-control",
    "cannot help": "cannot-help",
    "one system": "one-system",
    "joint pays": "gain",
    "each suffices": "holds",
    "one suffices": "holds",
    "shared": "holds",
    "nothing shared": "no-gain",
    "undecided": "cannot-help",
}
"""Tone of an answer -> that of its page: of comparisons and evaluations, then of systems joined."""
_NUMBERS = re.compile(r" \([^)]*\)")  # in a verdict's sentence they stand in parentheses


@documented_answer
@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a main job found, in one sentence that a control can overturn."""

    tone: str
    """One of ``TONES``."""
    sentence: str
    """The answer in one sentence, with the numbers that carry it."""
    reasons: tuple[str, ...] = ()
    """Further sentences: what limits or explains it."""

    @property
    def headline(self) -> str:
        """The sentence in words alone: on a page the numbers stand below it."""
        return _NUMBERS.sub("", self.sentence)

    def record(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {"tone": self.tone, "sentence": self.sentence, "reasons": list(self.reasons)}


def warned(
    verdict: Verdict, warnings: Iterable[str], lines: Iterable[str]
) -> tuple[Verdict, tuple[str, ...]]:
    """Return verdict and warnings with more lines; it begins with what would void it."""
    said = most_serious_first([*warnings, *lines])
    if said and severity(said[0]) == VOID and not verdict.sentence.startswith(said[0]):
        verdict = replace(verdict, sentence=f"{said[0]} {verdict.sentence}")
    return verdict, tuple(said)


def plain(value: Any) -> Any:
    """Return a number as JSON has it, None where it is not finite; anything else as it is."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
