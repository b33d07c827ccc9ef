"""One pass over the stimuli of two systems, wherever they are kept, into fold moments."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from unbraid._kernels.device import check_device
from unbraid._validate import as_rng, check_count, check_scale
from unbraid.errors import InputError
from unbraid.responses import Store, as_responses, pair
from unbraid.responses._files import check_memory
from unbraid.responses.labelled._labelled import kind_of
from unbraid.stats._arrangement import FoldsInOrder, arrangement
from unbraid.stats._folds import Folds, as_folds
from unbraid.stats._group_moments import GroupMoments, deletion_groups
from unbraid.stats._moments import FoldMoments
from unbraid.stats._order import rows_to_test
from unbraid.stats._pass import Pass, rows_of, values_of
from unbraid.stats._time import EXCHANGEABLE, check_order

_BLOCK = 2.0**26  # bytes of stimuli held at once


def fold_moments(
    x: Any,
    y: Any,
    *,
    folds: Any = 5,
    rng: Any = 0,
    order: str | None = None,
    within: bool = True,
    rows: int | None = None,
    device: Any = None,
    on: Any = None,
) -> FoldMoments:
    """Fold moments of two systems that need not fit into memory.

    Read in blocks of stimuli, made float64 and shifted by the means of the first block; what
    ``align.streamed`` scores.

    Parameters
    ----------
    x, y : arrays (n, p) and (n, q), memory maps, CSR, ``Responses``, ``open_store(...)``, dask
        Rows in the same order; where both have stimulus ids, they must agree row by row.
    folds : int or array of labels (n,)
        The same folds as a metric's for the same ``folds`` and ``rng``.
    rng : int, Generator or None
        Seed of the shuffle of the folds, as for a metric.
    order : {None, "auto", "exchangeable", "time"}
        As for a metric: where both sides follow each other in time, a number of folds is one of
        contiguous folds, with gaps that go into no moments.
    within : bool
        Whether to keep the products within each side: ridge, CKA and Procrustes need them,
        matchings do not.
    rows : int, optional
        Stimuli read at once; by default 64 MiB of them.
    device : str, optional
        Where products are made, such as "cuda" (torch, float64); by default NumPy.
    on : object with ``submit(f, *args) -> future``, optional
        Where blocks are read and summed, such as a dask ``Client`` or a ``ProcessPoolExecutor``,
        16 blocks a call. Workers open stores under the same path; of anything else they are sent
        the rows. The answer does not depend on how many there are, nor on who ends first.

    Returns
    -------
    FoldMoments
        Sums of each fold; ``align.streamed`` turns them into scores.

    Raises
    ------
    InputError
        Different stimuli; NaN or infinity; ``rows`` below 1; ``on`` without ``submit``; moments
        that do not fit into memory (wide codes: the metrics take CSR itself).

    Notes
    -----
    Memory: ``F p q`` doubles, with ``within`` also ``F (p^2 + q^2)``, and two blocks. The block
    size changes nothing beyond rounding. Every call on ``on`` returns its own moments, of which 16
    are under way at most, a GiB or two calls. To spread the work by other means, give each worker
    ``FoldMoments.empty(p, q, n_folds, shift_x=, shift_y=)`` and ``merge`` what they return.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(100, 4))
    >>> fold_moments(x, x[:, ::-1], rows=30)
    FoldMoments(100 stimuli in 5 folds, 4 x 4 units)
    """
    x, y = _sides(x, y)
    plan = _folds_of(x, y, folds, as_rng(rng).spawn(3)[0], order)
    return _passed(x, y, plan, np.asarray(plan.folds), "folds",
                   within=within, rows=rows, device=device, on=on)  # fmt: skip


def group_moments(
    x: Any,
    y: Any,
    *,
    folds: Any = 5,
    rng: Any = 0,
    order: str | None = None,
    within: bool = True,
    rows: int | None = None,
    device: Any = None,
    on: Any = None,
    groups: int = 10,
) -> GroupMoments:
    """Moments of several groups of stimuli in each fold, of systems that need not fit into memory.

    As ``fold_moments``; and what ``align.streamed`` scores then has an interval, by deleting the
    groups one after the other, a null and a p-value.

    Parameters
    ----------
    x, y, folds, rng, order, within, rows, device, on
        As in ``fold_moments``: the same folds. Without ``within`` there is no p-value, nor where
        folds keep dependent stimuli together.
    groups : int
        Groups in each fold, at least 2: even parts of it, drawn at random; where folds keep
        dependent stimuli together, of whole blocks of those.

    Returns
    -------
    GroupMoments
        Sums of each group.

    Raises
    ------
    InputError
        As ``fold_moments``; fewer than 2 groups.

    Notes
    -----
    Memory: that of ``fold_moments`` times ``groups``. With ten groups in each of five folds the
    ends of an interval lie 5 % further out than with many, with five 11 %, with two 31 % (Student's
    t by the degrees of freedom that so many losses can show).

    Examples
    --------
    >>> import numpy as np
    >>> import unbraid as ub
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(1000, 4))
    >>> moments = group_moments(x, x[:, ::-1] + rng.normal(size=(1000, 4)), rows=300)
    >>> moments
    GroupMoments(1000 stimuli in 50 groups of 5 folds, 4 x 4 units)
    >>> score = ub.align.streamed.semi_matching(moments)
    >>> score.low < 2**-0.5 < score.high, score.p_value < 0.01
    (True, True)
    """
    check_count(groups, "groups", 2)
    x, y = _sides(x, y)
    streams = as_rng(rng).spawn(3)
    plan = _folds_of(x, y, folds, streams[0], order)
    labels, fold_of = deletion_groups(plan.folds, groups, streams[1])
    moments = _passed(x, y, plan, labels, "groups",
                      within=within, rows=rows, device=device, on=on)  # fmt: skip
    dependent = plan.folds.blocks is not None
    return GroupMoments(groups=moments, fold=fold_of, dependent=dependent)


def _sides(x: Any, y: Any) -> tuple[Any, Any]:
    """Return both sides, of the same stimuli in the same order."""
    if kind_of(x) or kind_of(y):
        x, y = _paired(x, y)
    x, y = _source(x, "x"), _source(y, "y")
    n, n_y = values_of(x).shape[0], values_of(y).shape[0]
    if n != n_y:
        raise InputError(f"x and y must have one row per stimulus each, got {n} and {n_y}.")
    _check_order(x, y)
    return x, y


def _folds_of(
    x: Any, y: Any, folds: Any, rng: np.random.Generator, order: str | None
) -> FoldsInOrder:
    # a metric draws its folds from the first of the streams that it splits its seed into
    ids = next((s.stimuli for s in (x, y) if getattr(s, "stimuli", None) is not None), None)
    asked = as_folds(folds, values_of(x).shape[0], rng, ids)
    return _arranged(x, y, asked, order, fixed=not isinstance(folds, int | np.integer))


def _passed(
    x: Any, y: Any, plan: FoldsInOrder, labels: np.ndarray, parts: str,
    *, within: bool, rows: int | None, device: Any, on: Any,
) -> FoldMoments:  # fmt: skip
    """Return the moments of what has each label."""
    if rows is not None:
        check_count(rows, "rows", 1)
    check_device(device)
    p, q = (values_of(side).shape[1] for side in (x, y))
    step = rows or max(1, int(_BLOCK / (8 * (p + q))))
    n_folds = int(labels.max()) + 1
    copies = n_folds * (1 if on is None else 3) + 2  # with workers: sums, and two calls' answers
    doubles = copies * (p * q + within * (p * p + q * q))
    check_memory(8 * doubles, f"Moments of {p} x {q} units in {n_folds} {parts}")
    pass_over = Pass(x, y, labels, step, device)
    first = pass_over.read(0)
    shifts = [side.mean(axis=0, dtype=np.float64) for side in first]
    empty = FoldMoments.empty(p, q, n_folds, shift_x=shifts[0], shift_y=shifts[1], within=within)
    moments = pass_over.here(empty, first) if on is None else pass_over.on(on, empty)
    for name in ("x", "y"):
        extremes = [getattr(moments, f"{end}_{name}").ravel() for end in ("low", "high")]
        shift = np.tile(getattr(moments, f"shift_{name}"), n_folds)
        check_scale(np.concatenate([end + shift for end in extremes]), name)
    return replace(moments, order=plan.order)


def _paired(x: Any, y: Any) -> tuple[Any, Any]:
    """Return rows matched by their ids, where one side is a table with an index in memory."""
    if isinstance(x, Store) or isinstance(y, Store):
        x = x if isinstance(x, Store) else as_responses(x, "x")
        return x, y if isinstance(y, Store) else as_responses(y, "y")
    return pair(x, y)


def _source(values: Any, name: str) -> Any:
    shape = getattr(values, "shape", None)
    if shape is None:
        values = np.asarray(values)
        shape = values.shape
    if len(shape) != 2 or 0 in shape:
        raise InputError(f"{name} must have shape (n_stimuli, n_units), got {shape}.")
    return values


def _arranged(x: Any, y: Any, labels: Folds, order: str | None, *, fixed: bool) -> FoldsInOrder:
    """Return the folds that the stimuli require, judged by all of them or a few long runs."""
    check_order(order)
    if order == EXCHANGEABLE:
        return FoldsInOrder(folds=labels)
    (n, p), (_, q) = values_of(x).shape, values_of(y).shape
    rows = rows_to_test(n, max(p, q))
    parts = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    blocks = [slice(int(part[0]), int(part[-1]) + 1) for part in parts]
    a, b = (
        np.concatenate([rows_of(side, block, name) for block in blocks])
        for side, name in ((x, "x"), (y, "y"))
    )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):  # refused where it is met
        return FoldsInOrder(folds=labels)
    return arrangement(a, b, labels, order, fixed=fixed)


def _check_order(x: Any, y: Any) -> None:
    """Refuse rows that stand for different stimuli, where both sides name theirs."""
    ids = [getattr(side, "stimuli", None) for side in (x, y)]
    if ids[0] is None or ids[1] is None:
        return
    apart = np.flatnonzero(np.asarray(ids[0]) != np.asarray(ids[1]))
    if len(apart):
        raise InputError(
            f"x and y must hold the same stimuli in the same order, got {str(ids[0][apart[0]])!r} "
            f"and {str(ids[1][apart[0]])!r} in row {apart[0]}. Reorder one with "
            "select(ids), or write it again."
        )
