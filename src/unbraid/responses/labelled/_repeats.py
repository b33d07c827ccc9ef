"""Repeats given one by one, whose rows and columns have names: all in one order."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses.labelled._ids import as_ids
from unbraid.responses.labelled._labelled import counts_rows, labelled
from unbraid.responses.labelled._match import numbered


def in_one_order(repeats: Any, stimuli: np.ndarray | None = None) -> Any:
    """Return a list of repeats in the rows of ``stimuli``, else of the first, and in its columns.

    Arrays, and lists of plain arrays, are returned as they are.

    Raises
    ------
    InputError
        Some repeats have ids and others have none; other ids, or other units.
    """
    if not isinstance(repeats, list | tuple):
        return repeats
    parts = [_part(one) for one in repeats]
    if all(part is None for part in parts):
        return repeats
    values = [
        one if part is None else part.values for one, part in zip(repeats, parts, strict=True)
    ]
    rows = [_names(part, "stimuli", i) for i, part in enumerate(parts)]
    named = next((ids for ids in rows if ids is not None), None)
    if named is not None:
        counted = [ids is None and counts_rows(one) and numbered(named)
                   for ids, one in zip(rows, repeats, strict=True)]  # fmt: skip
        rows = [np.arange(len(one)).astype(str) if counts else ids
                for counts, ids, one in zip(counted, rows, values, strict=True)]  # fmt: skip
    columns = [_names(part, "units", i) for i, part in enumerate(parts)]
    down, across = _orders(rows, stimuli, "stimulus"), _orders(columns, None, "unit")
    return [np.asarray(one)[i][:, j] for one, i, j in zip(values, down, across, strict=True)]


def _part(one: Any) -> Any:
    """Return what has the names of an object's rows and columns, Responses themselves; or None."""
    found = labelled(one)
    return one if found is None and hasattr(one, "stimuli") and hasattr(one, "units") else found


def _names(part: Any, kind: str, i: int) -> np.ndarray | None:
    found = None if part is None else getattr(part, kind)
    return None if found is None else as_ids(found, len(found), f"repeats[{i}]: {kind}")


def _orders(names: list[np.ndarray | None], base: np.ndarray | None, kind: str) -> list[Any]:
    """Return what brings each list of names into the order of ``base``, else of the first."""
    if all(own is None for own in names):
        return [slice(None)] * len(names)
    if any(own is None for own in names):
        raise InputError(f"repeats must all have {kind} ids, or none of them.")
    base = names[0] if base is None else base
    found = []
    for i, own in enumerate(names):
        if own is None or base is None or set(own) != set(base):
            raise InputError(
                f"repeats[{i}] must have the {kind} ids of the others, each once; put NaN where "
                "one was not measured (frame.reindex(...))."
            )
        order = np.argsort(own)
        found.append(order[np.searchsorted(own[order], base)])
    return found
