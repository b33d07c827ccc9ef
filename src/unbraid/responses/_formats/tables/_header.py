"""Which line of a text table names its columns, and which cell names the rows."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from unbraid.errors import InputError

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "#N/A")
_PADDED = re.compile(r"[+-]?0\d+")


def is_number(cell: Any) -> bool:
    """Return whether a cell reads as a number."""
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return not (isinstance(cell, str) and ("_" in cell or is_padded(cell)))


def is_padded(cell: str) -> bool:
    """Return whether a cell is a whole number that begins with a zero, such as 007: a label."""
    return bool(_PADDED.fullmatch(cell.strip()))


def _reads(cell: str) -> bool:
    """Return whether a cell, a padded number too, can be made a number."""
    return is_number(cell) or is_padded(cell) or is_missing(cell)


def is_missing(cell: Any) -> bool:
    """Return whether a cell says that nothing was measured."""
    return cell is None or cell != cell or str(cell).strip() in MISSING


def has_header(
    path: Path, first: list[str], second: list[str], is_id: Callable[[str], bool]
) -> bool:
    """Return whether the first line names the columns.

    It does if it has text above numbers, or nothing but text; it does not if its numbers are no
    names. Where both are possible it is refused.
    """
    numbers = [is_number(cell) for cell in first]
    if not any(numbers):
        return True
    whole = [cell for cell, number in zip(first, numbers, strict=True) if number]
    starts = (0,) if all(numbers) else (0, 1)
    counts = len(whole) > 1 and any(whole == _count(start, len(whole)) for start in starts)
    fractions = any(is_number(cell) and not cell.lstrip("+-").isdecimal() for cell in second)
    if all(numbers):
        if not counts or not second:
            return False
    else:
        text = [cell for cell, number in zip(first, numbers, strict=True) if not number]
        if any(not cell or cell.startswith("Unnamed: ") or is_id(cell) for cell in text):
            return True
        rises = len(whole) > 2 and all(float(a) < float(b) for a, b in pairwise(whole))
        names = rises or all(cell.isdecimal() for cell in whole)  # or frequencies and the like
        above = any(not _reads(a) and _reads(b) for a, b in zip(first, second, strict=False))
        if names and (above or len(first) != len(second)):
            return True
        if not (names or above):
            return False
    if counts and fractions:
        return True
    raise InputError(
        f"{path}: its first line ({', '.join(first[:4])}, ...) may be a row or the names of the "
        "columns; say header=False or header=True."
    )


def names_of(
    path: Path, cells: list[str], below: list[str], quoted: bool, is_id: Callable[[str], bool]
) -> list[str]:
    """Return a name for each cell of the rows; nothing names an index."""
    if not below:
        raise InputError(f"{path} must hold at least one stimulus, got a header alone.")
    names = ["" if cell.startswith("Unnamed: ") else cell for cell in cells]  # pandas' own word
    while len(names) > len(below) and not names[-1]:
        names.pop()
    extra = len(below) - len(names)
    if extra == 1 and not below[-1]:  # each row ends with a separator
        return [*names, ""]
    if extra == 1 and not (not names[0] or is_id(names[0]) or is_number(below[0]) and not quoted):
        if not quoted:
            warnings.warn(
                f"{path}: rows have a cell more than the header; the first is taken for the name "
                "of the row, as R writes it.",
                RuntimeWarning,
                stacklevel=5,
            )
        return ["", *names]
    if extra:
        which = "more" if extra > 0 else "fewer"
        raise InputError(f"{path}: rows have {which} cells than the header has names.")
    return names


def _count(start: int, length: int) -> list[str]:
    return [str(number) for number in range(start, start + length)]
