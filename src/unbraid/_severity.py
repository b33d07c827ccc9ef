"""The order of warnings: what voids an answer, what weakens it, what explains it."""

from __future__ import annotations

from collections.abc import Iterable

# Phrases of the warnings themselves; a test finds each of them in the code that warns.
_VOIDS = (
    "taken to be in the same order",
    "not held out",
    "answers a stimulus otherwise in a batch",
    "their affines differ",
    "split neighbours",
    "its rows are no responses",
    "its rows are no stimuli",
)
_WEAKENS = (
    "drift over the whole series",
    "depend on their order in time",
    "sparse recovery must fail",
    "its codes are not the system",
    "undefined",
    "that depends on units' scales",
    "nothing is scored",
    "of the target units could be scored",
    "dictionaries of two seeds agree only to",
    "it was trained on responses scaled",
    "which is not sparse",
    "if rows are units, say",
    "was it written to the end",
    "are onsets seconds",
)
VOID, WEAK, OTHER = 0, 1, 2  # order of the lines of a verdict: what voids it is said first


def severity(line: str) -> int:
    """Return 0 if the warning voids the answer, 1 if it weakens it, 2 otherwise."""
    if any(phrase in line for phrase in _VOIDS):
        return VOID
    return WEAK if any(phrase in line for phrase in _WEAKENS) else OTHER


def most_serious_first(lines: Iterable[str]) -> list[str]:
    """Return each line once, the most serious first; equals stay in their order."""
    return sorted(dict.fromkeys(lines), key=severity)
