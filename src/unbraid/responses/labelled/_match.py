"""Which rows stand for the same stimulus, where one of two sides names them and where both do."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses.labelled._ids import counting
from unbraid.responses.labelled._labelled import kind_of, row_names


def one_sided(ids: np.ndarray, named: str, unnamed: str, stacklevel: int = 2) -> None:
    """Warn that only one side names its rows; refuse ids that number them in another order.

    Ids 0 .. n - 1 or 1 .. n out of order say that the rows were moved; the other side, which says
    nothing, may or may not have been moved with them.
    """
    for start in (0, 1):
        in_order = np.array_equal(ids, np.arange(start, start + len(ids)).astype(str))
        if in_order:
            break
        if counting(ids, start):
            raise InputError(
                f"{named} numbers its rows in another order ({', '.join(map(str, ids[:3]))}, ...) "
                f"and {unnamed} has no ids: which row is which? Give both ids, or neither."
            )
    warnings.warn(
        f"Only one of {' and '.join(sorted((named, unnamed)))} has stimulus ids: rows are taken to "
        "be in the same order.",
        RuntimeWarning,
        stacklevel=stacklevel + 1,
    )


def numbered(ids: np.ndarray) -> bool:
    """Return whether all ids are whole numbers, written as Python writes them."""
    return all(i.isascii() and i.isdecimal() and (i == "0" or i[0] != "0") for i in ids)


def in_rows_of(stimuli: np.ndarray | None, labels: Any, name: str, of: str = "x") -> Any:
    """Return a pandas Series of labels in the order of ``stimuli``; anything else as it is.

    The series may name more stimuli than these.

    Parameters
    ----------
    stimuli : array of shape (n,) or None
        Ids of the stimuli; None where they have none.
    labels : pandas Series, or anything
        A label for each stimulus.
    name : str
        What messages call the labels.
    of : str
        What messages call the stimuli's system.

    Returns
    -------
    array of shape (n,), or ``labels`` as they are
        The labels in the order of the stimuli.

    Raises
    ------
    InputError
        The index names other stimuli; it numbers rows in another order and ``stimuli`` is None.

    Warns
    -----
    RuntimeWarning
        Only one of both has ids.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> labels = pd.Series(["pet", "bird"], index=["cat", "owl"])
    >>> in_rows_of(np.array(["owl", "cat"]), labels, "groups").tolist()
    ['bird', 'pet']
    """
    if kind_of(labels) != "series":
        return labels
    order = rows_of(stimuli, labels, name, of)
    return np.asarray(labels) if order is None else np.asarray(labels)[order]


def rows_of(stimuli: np.ndarray | None, labels: Any, name: str, of: str = "x") -> np.ndarray | None:
    """Return the rows of a Series that the stimuli have; None where rows go by position.

    Parameters
    ----------
    stimuli : array of shape (n,) or None
        Ids of the stimuli; None where they have none.
    labels : pandas Series
        A label for each stimulus.
    name : str
        What messages call the labels.
    of : str
        What messages call the stimuli's system.

    Returns
    -------
    array of whole numbers of shape (n,), or None
        Row of each stimulus in the series.

    Raises
    ------
    InputError
        The index names other stimuli, or numbers rows in another order and ``stimuli`` is None.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> labels = pd.Series(["pet", "bird"], index=["cat", "owl"])
    >>> rows_of(np.array(["owl", "cat"]), labels, "groups").tolist()
    [1, 0]
    """
    ids = row_names(labels, name)
    if stimuli is None:
        if ids is not None:
            one_sided(ids, name, of, stacklevel=4)
        return None
    if ids is None:
        if not numbered(stimuli):
            return None
        ids = np.arange(len(labels)).astype(str)
    where = {label: row for row, label in enumerate(ids)}
    missing = [i for i in stimuli if i not in where]
    if missing:
        raise InputError(
            f"{name} must name each of the {len(stimuli)} stimuli of {of}, its index has no "
            f"{str(missing[0])!r}. Use {name}.to_numpy() if the rows are in the same order."
        )
    return np.array([where[i] for i in stimuli])
