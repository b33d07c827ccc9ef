"""Two systems side by side: rows matched by stimulus id, never by row order alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses.labelled._almost import almost
from unbraid.responses.labelled._labelled import counts_rows
from unbraid.responses.labelled._match import numbered, one_sided
from unbraid.responses.labelled._responses import Responses, as_responses


def pair(x: Any, y: Any, *, names: tuple[str, str] = ("x", "y")) -> tuple[Responses, Responses]:
    """Return both systems' responses to the same stimuli, in the order of ``x``.

    Parameters
    ----------
    x, y : Responses, arrays of shape (n, p) and (n, q), CSR matrices, Codes, DataFrames
        With ids on both sides the rows of ``y`` are put in the order of ``x``. A DataFrame's
        index is ids, unless it is the one that pandas makes by itself (0 .. n - 1 in order);
        this one is used only where the other side's ids are whole numbers.
    names : tuple of two str
        What messages call them.

    Returns
    -------
    tuple of two Responses
        Of equal length, row by row the same stimuli; both have the ids where one side has any.

    Raises
    ------
    InputError
        Different ids; different numbers of stimuli without ids; ids of one side alone that number
        its rows in another order.

    Warns
    -----
    RuntimeWarning
        Only one side has ids: the rows are taken to be in the same order, and the ids to belong to
        both sides.

    Examples
    --------
    >>> import unbraid as ub
    >>> x = ub.Responses([[1.0], [2.0]], stimuli=["cat", "dog"])
    >>> y = ub.Responses([[20.0], [10.0]], stimuli=["dog", "cat"])
    >>> [side.values.ravel().tolist() for side in pair(x, y)]
    [[1.0, 2.0], [10.0, 20.0]]
    """
    x, y = _named(x, y)
    if x.stimuli is not None and y.stimuli is not None:
        return x, _in_order_of(x, y)
    if len(x) != len(y):
        raise InputError(
            f"{' and '.join(names)} must answer the same stimuli, got {len(x)} and {len(y)} "
            "without ids on both sides. Give stimulus ids, so that rows can be matched."
        )
    if x.stimuli is not None:
        one_sided(x.stimuli, *names, stacklevel=3)
        return x, replace(y, stimuli=x.stimuli)
    if y.stimuli is not None:
        one_sided(y.stimuli, *names[::-1], stacklevel=3)
        return replace(x, stimuli=y.stimuli), y
    return x, y


def common(x: Any, y: Any) -> tuple[Responses, Responses]:
    """Return both systems' responses to the stimuli that both have, in the order of ``x``.

    Parameters
    ----------
    x, y : Responses, DataFrames or Codes
        Both with stimulus ids.

    Returns
    -------
    tuple of two Responses
        The shared stimuli, in the order of ``x``.

    Raises
    ------
    InputError
        A side without ids; no shared stimulus.

    Examples
    --------
    >>> import unbraid as ub
    >>> x = ub.Responses([[1.0], [2.0]], stimuli=["cat", "dog"])
    >>> y = ub.Responses([[20.0], [30.0]], stimuli=["dog", "owl"])
    >>> [side.stimuli.tolist() for side in common(x, y)]
    [['dog'], ['dog']]
    """
    x, y = _named(x, y)
    if x.stimuli is None or y.stimuli is None:
        raise InputError("common(x, y) needs stimulus ids on both sides.")
    shared = x.stimuli[np.isin(x.stimuli, y.stimuli)]
    if not len(shared):
        raise _nothing_shared(x, y)
    return x.select(shared), y.select(shared)


def in_order_of(y: Any, systems: Mapping[str, Any]) -> tuple[Responses, dict[str, Responses]]:
    """Return ``y`` and several systems' responses to its stimuli, in its order.

    Parameters
    ----------
    y : Responses, array of shape (n, q), CSR matrix or DataFrame
        Whose order counts.
    systems : mapping of str to the same kinds
        Systems by name.

    Returns
    -------
    y : Responses
        As given, with ids where it or the last system has any.
    systems : dict of Responses
        Rows in the order of ``y``, by the same names.

    Raises
    ------
    InputError
        Rows that cannot be matched, as in ``pair``.

    Examples
    --------
    >>> import unbraid as ub
    >>> y = ub.Responses([[1.0], [2.0]], stimuli=["cat", "dog"])
    >>> model = ub.Responses([[20.0], [10.0]], stimuli=["dog", "cat"])
    >>> in_order_of(y, {"model": model})[1]["model"].values.ravel().tolist()
    [10.0, 20.0]
    """
    target, sides = as_responses(y, "y"), {}
    for name, system in systems.items():
        target, sides[name] = pair(target if target.stimuli is not None else y, system)
    ids = target.stimuli  # which the last of them may have brought
    return target, {name: replace(side, stimuli=ids) for name, side in sides.items()}


def follow(x: Responses, values: Any, name: str, of: str = "x") -> Responses:
    """Return what goes with the rows of ``x`` (features, regressors), in their order.

    ``of`` is what messages call ``x``. With ids on both sides the answer may be chosen from more
    stimuli than those of ``x``; without, it is taken to follow the rows.

    Parameters
    ----------
    x : Responses
        Whose rows count.
    values : Responses, array of shape (n, k), CSR matrix or DataFrame
        What goes with the stimuli.
    name : str
        What messages call ``values``.
    of : str
        What messages call ``x``.

    Returns
    -------
    Responses
        One row for each of ``x``, in its order.

    Raises
    ------
    InputError
        No row for some stimulus of ``x``; another number of rows.

    Examples
    --------
    >>> import unbraid as ub
    >>> x = ub.Responses([[1.0], [2.0]], stimuli=["dog", "cat"])
    >>> features = ub.Responses([[0.0], [1.0], [2.0]], stimuli=["cat", "dog", "owl"])
    >>> follow(x, features, "features").values.ravel().tolist()
    [1.0, 0.0]
    """
    rows = as_responses(values, name)
    if x.stimuli is not None and counts_rows(values) and numbered(x.stimuli):
        rows = replace(rows, stimuli=np.arange(len(rows)))
    if x.stimuli is not None and rows.stimuli is not None:
        missing = x.stimuli[~np.isin(x.stimuli, rows.stimuli)]
        if len(missing):
            raise InputError(
                f"{name} must describe each stimulus of {of}, got none for {len(missing)} of "
                f"{len(x)}, e.g. {str(missing[0])!r}."
            )
        return rows.select(x.stimuli)
    if len(rows) != len(x):
        raise InputError(f"{name} must describe the {len(x)} stimuli of {of}, got {len(rows)}.")
    if rows.stimuli is not None:
        one_sided(rows.stimuli, name, of, stacklevel=3)
    return rows


def _named(x: Any, y: Any) -> tuple[Responses, Responses]:
    """Return both sides; rows of a frame that pandas numbered have ids where the other's are."""
    a, b = as_responses(x, "x"), as_responses(y, "y")
    if b.stimuli is not None and counts_rows(x) and numbered(b.stimuli):
        a = replace(a, stimuli=np.arange(len(a)))
    elif a.stimuli is not None and counts_rows(y) and numbered(a.stimuli):
        b = replace(b, stimuli=np.arange(len(b)))
    return a, b


def _in_order_of(x: Responses, y: Responses) -> Responses:
    if np.array_equal(x.stimuli, y.stimuli):
        return y
    n_shared = int(np.isin(x.stimuli, y.stimuli).sum())
    if not n_shared:
        raise _nothing_shared(x, y)
    if n_shared < len(x) or n_shared < len(y):
        raise InputError(
            f"x and y must answer the same stimuli, got {len(x)} and {len(y)} ids of which "
            f"{n_shared} are shared. {almost(x.stimuli, y.stimuli)}Keep those with x, y = "
            "unbraid.common(x, y), or --common."
        )
    return y.select(x.stimuli)


def _nothing_shared(x: Responses, y: Responses) -> InputError:
    a, b = (str(side.stimuli[0])[:60] for side in (x, y))
    return InputError(
        f"x and y share no stimulus id: x has e.g. {a!r}, y {b!r}. "
        f"{almost(x.stimuli, y.stimuli)}Name stimuli alike on both sides."
    )
