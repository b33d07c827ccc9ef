"""Ids of two sides that differ in how they are written, not in what they name."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

_WAYS: dict[str, Callable[[str], str]] = {
    "how accents are encoded (Unicode NFC and NFD, as macOS writes names)": (
        lambda text: unicodedata.normalize("NFC", text)
    ),
    "white space": lambda text: "".join(text.split()),
    "capital letters": str.casefold,
    "folders": lambda text: PurePosixPath(text.replace("\\", "/")).name,
    "the suffix of files": lambda text: text.removesuffix(PurePosixPath(text).suffix),
    "zeros at the front": lambda text: text.lstrip("0") or "0",
}
"""What ids may differ in -> the id without it."""


def almost(x: Iterable[str], y: Iterable[str]) -> str:
    """Return a sentence on what differs between ids that name the same; nothing if none does.

    Said where more ids agree without the differences, and the ids of each side stay apart.
    """
    sides = [[str(name) for name in side] for side in (x, y)]
    best = _shared(sides, [*_WAYS])
    if best <= _shared(sides, []):
        return ""
    found = [what for what in _WAYS if _shared(sides, [w for w in _WAYS if w != what]) < best]
    return f"{best} would agree but for {' and '.join(found)}. " if found else ""


def _shared(sides: list[list[str]], without: Iterable[str]) -> int:
    """Return how many ids both sides have, written without some differences."""
    for what in without:
        plain = [[_WAYS[what](name) for name in side] for side in sides]
        if all(len(set(side)) == len(side) for side in plain):
            sides = plain
    return len(set(sides[0]) & set(sides[1]))
