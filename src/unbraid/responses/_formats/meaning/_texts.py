"""Texts beside an array, one per row: the ids, though no known name says so."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._formats.meaning._entry import Entry, plain


def rows_of(shape: tuple[int, ...], axes: str | None) -> int:
    """Return how many stimuli an array has, whose axes are named or lie as they should."""
    names = str(axes or "stimuli").split()
    sides = [side for side, name in zip(shape, names, strict=False) if name == "stimuli"]
    return sides[0] if sides else 0


def counts_rows(entry: Entry, rows: int) -> bool:
    """Return whether texts only number the rows from 0, as AnnData does where it has no names."""
    if entry.size != rows or entry.dtype.kind not in "SUTO":
        return False
    return [plain(text) for text in entry.read().ravel()] == [str(i) for i in range(rows)]


def texts_of_rows(
    path: Path, entries: Mapping[str, Entry], left: Iterable[str], shape: tuple[int, ...], rows: int
) -> dict[str, np.ndarray]:
    """Return the one array of texts that names each row, under its name; nothing, and a warning.

    It does if it is the only one, of as many texts as there are rows, that are all different, and
    if no other side of the array is as long. Where some could be meant, they are named.
    """
    texts = {}
    for name in left:
        entry = entries[name]
        if entry.opaque or entry.dtype.kind not in "SUTO" or rows not in _lengths(entry):
            continue
        with suppress(InputError):  # cells of numbers
            found = entry.read().ravel()
            if found.dtype.kind in "SUT" and len(found) == rows:
                texts[name] = found
    different = [name for name, found in texts.items() if len(set(found.tolist())) == rows]
    if len(different) == 1 and shape.count(rows) == 1:
        return {different[0]: texts[different[0]]}
    if texts:
        warnings.warn(
            f"{path}: rows have no ids; {', '.join(texts)} may name them, with a text per row: say "
            "stimuli=NAME (and trials=True if rows of one name are repeats).",
            RuntimeWarning,
            stacklevel=6,
        )
    return {}


def _lengths(entry: Entry) -> tuple[int, ...]:
    return (entry.size, *entry.shape[:1])  # rows of letters are texts too
