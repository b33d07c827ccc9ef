"""How rows are held out and put at random: as exchangeable, or as they follow each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid._documented import documented_answer
from unbraid.errors import InputError
from unbraid.stats._folds import Folds, as_folds, contiguous_folds
from unbraid.stats._order import FEWEST, rows_to_test, serial_dependence
from unbraid.stats._period import shared_period

ORDERS = ("auto", "exchangeable", "time")

EXCHANGEABLE, TIME = "exchangeable", "time"
"""What was done: nothing; contiguous folds and rotations."""
PERIOD, DRIFT, IGNORED = "period", "drift", "ignored"
"""What leaves no p-value: both sides hold one period; both drift; folds split neighbours."""
SEVERITY = (EXCHANGEABLE, TIME, PERIOD, DRIFT, IGNORED)
"""The same, what restricts an answer most last."""

UNTESTED = (
    f"Whether fewer than {FEWEST} stimuli depend on their order cannot be tested. If they follow "
    'each other in time, say order="time"; if not, order="exchangeable".'
)

_UNUSED = 4  # 1 / the largest share of the stimuli that gaps may take
_FEWEST_RUNS = 10  # fewest runs that intervals rest on
_MANY_RUNS = 25  # runs where neighbours are alike only over few stimuli


@documented_answer
@dataclass(frozen=True, kw_only=True)
class Order:
    """Whether stimuli follow each other in time, and what that requires."""

    in_time: bool
    """Whether both sides depend on the order of the stimuli, or the caller said so."""
    reach: int = 0
    """Stimuli over which neighbours are alike on both sides."""
    drifts: bool = False
    """Whether both sides drift (of one side a single unit at least): rotations are no null."""
    period: float = 0.0
    """Stimuli of a cycle that both sides hold over the whole series, as if by one clock; 0 where
    there is none. Rotations are no null for it."""
    units: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    """The units of each side that depend on order, where hardly any of that side do."""
    tested: bool = True
    """Whether there were stimuli enough to find a dependence, or the caller said how it is."""

    @property
    def kind(self) -> str:
        """What the order asks for: ``exchangeable``, ``time``, ``period`` or ``drift``."""
        if not self.in_time:
            return EXCHANGEABLE
        return DRIFT if self.drifts else PERIOD if self.period else TIME

    def single_units(self) -> str:
        """Return which units alone depend on order, where not all of a side do; else nothing."""
        sides = zip(self.units, ("x", "y"), strict=True)
        named = [f"{', '.join(map(str, units))} of {side}" for units, side in sides if units]
        return f"; only units {' and '.join(named)} do: leave them out" if named else ""

    def most_folds(self, n: int) -> int:
        """Return the largest number of folds whose gaps are as long as the reach."""
        return n // (_UNUSED * max(self.reach, 1))

    def folds(self, n: int, n_folds: int) -> Folds:
        """Return contiguous folds with gaps of the reach, and runs of twice the reach.

        Gaps take a quarter of the stimuli at most, and there are ten runs at least.
        """
        gap = min(self.reach, n // (_UNUSED * n_folds))
        run = max(-(-n // _MANY_RUNS), min(2 * self.reach, n // _FEWEST_RUNS))
        return contiguous_folds(n, n_folds, run, gap=gap)


@documented_answer
@dataclass(frozen=True, eq=False, kw_only=True)
class FoldsInOrder:
    """Folds of the stimuli, and what their order requires."""

    folds: Folds
    """-1 for stimuli in a gap."""
    order: str = EXCHANGEABLE
    """What was done: ``exchangeable``, ``time``, ``period``, ``drift`` or ``ignored``, as in a
    score."""
    mixed: Folds | None = None
    """The shuffled folds that would have been taken, had the order not been found."""

    held_out: bool = True
    """Whether the metric holds folds out; not after ``whole``."""
    found: Order = Order(in_time=False)
    """What was found."""

    @property
    def reach(self) -> int:
        """Stimuli over which neighbours are alike on both sides; 0 where any order is as good."""
        return self.found.reach

    @property
    def in_time(self) -> bool:
        """Whether folds follow the order of the stimuli because they depend on it."""
        return self.order in (TIME, PERIOD, DRIFT)

    @property
    def has_null(self) -> bool:
        """Whether permutations or rotations of the rows are a null."""
        return self.order in (EXCHANGEABLE, TIME)

    @property
    def gap(self) -> int:
        """Stimuli that no fold uses, at each boundary between two folds."""
        return (len(self.folds) - len(self.folds.used)) // max(self.folds.n_folds - 1, 1)

    def whole(self) -> FoldsInOrder:
        """Return the same with the gaps closed: for metrics that hold nothing out."""
        labels = np.array(self.folds)
        used = self.folds.used
        near = np.searchsorted(used, np.arange(len(labels)), side="right") - 1
        folds = as_folds(labels[used[np.maximum(near, 0)]], len(labels))
        folds.blocks = self.folds.blocks
        return replace(self, folds=folds, held_out=False)


def order_of(x: Any, y: Any, said: str | None = None) -> Order:
    """Find out whether two systems' stimuli follow each other in time.

    Parameters
    ----------
    x, y : arrays (n, p) and (n, q), or CSR matrices
        Rows in the order given.
    said : {None, "auto", "exchangeable", "time"}
        What the caller knows: nothing (both sides are tested, and both must depend on order), or
        the answer.

    Returns
    -------
    Order
        Whether both sides depend on the order of the stimuli, over how many neighbours, whether
        both drift or hold one period, and whether there were stimuli enough to know.

    Raises
    ------
    InputError
        Another word for the order.

    Notes
    -----
    A dependence that only one side shows does no harm: what is alike in neighbours on one side
    tells nothing of the other. Of more than 10,000 stimuli five long runs are examined.
    Cost: that of ``serial_dependence``; nothing for "exchangeable".

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(size=(2, 200, 5))
    >>> order_of(*noise).in_time, order_of(*noise.cumsum(axis=1)).in_time
    (False, True)
    """
    check_order(said)
    if said == "exchangeable":
        return Order(in_time=False)
    rows = rows_to_test(x.shape[0], max(x.shape[1], y.shape[1]))
    x, y = x[rows], y[rows]
    if said != "time" and len(rows) < FEWEST:
        return Order(in_time=False, tested=False)
    first = serial_dependence(x)
    if said != "time" and not first.found:
        return Order(in_time=False)
    second = serial_dependence(y)
    if said != "time" and not second.found:
        return Order(in_time=False)
    reach = min(first.reach, second.reach)
    any_drifts = [side.drifts or side.unit_drifts for side in (first, second)]
    return Order(
        in_time=True,
        reach=reach,
        drifts=all(any_drifts) and (first.drifts or second.drifts),
        period=shared_period(first, second),
        units=(first.units, second.units),
    )


def check_order(said: Any) -> None:
    """Refuse anything that is no order of the stimuli.

    Parameters
    ----------
    said : object
        What a caller passed as ``order=``; None, "auto", "exchangeable" and "time" are accepted.

    Raises
    ------
    InputError
        Anything else.

    Examples
    --------
    >>> check_order("time")
    >>> check_order("sorted")
    Traceback (most recent call last):
    ...
    unbraid.errors.InputError: order must be one of auto, exchangeable, time, got 'sorted'.
    """
    if said is not None and said not in ORDERS:
        raise InputError(f"order must be one of {', '.join(ORDERS)}, got {said!r}.")


def order_of_groups(x: Any, y: Any, groups: Any) -> bool:
    """Whether the means of groups depend, on both sides, on the order in which they appear.

    Parameters
    ----------
    x, y : arrays (n, p) and (n, q), or CSR matrices
        Rows in the order given.
    groups : array of shape (n,)
        A name or number for each stimulus.

    Returns
    -------
    bool
        True where both sides' group means depend on it: then even groups do not separate what is
        alike. False also where there are too few groups to tell.

    Notes
    -----
    The means of groups, in the order of their first stimulus, are tested as ``order_of`` tests
    stimuli.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> groups = np.repeat(np.arange(100), 3)
    >>> slow = rng.normal(size=(2, 300, 4)).cumsum(axis=1)
    >>> order_of_groups(*rng.normal(size=(2, 300, 4)), groups), order_of_groups(*slow, groups)
    (False, True)
    """
    _, first, number = np.unique(np.asarray(groups), return_index=True, return_inverse=True)
    place = np.argsort(np.argsort(first))[number]
    return order_of(_means(x, place), _means(y, place)).in_time


def arrangement(
    x: Any, y: Any, labels: Folds, order: str | None = None, *, fixed: bool
) -> FoldsInOrder:
    """Return the folds that the stimuli require.

    Parameters
    ----------
    x, y : arrays (n, p) and (n, q), or CSR matrices
        All rows, or those of ``rows_to_test(n, max(p, q))``.
    labels : Folds
        Those that the caller requested, or shuffled ones.
    order : {None, "auto", "exchangeable", "time"}
        What the caller knows, as in ``order_of``.
    fixed : bool
        Whether the caller requested the labels: then they are kept, whatever is found.

    Returns
    -------
    Arrangement
        The folds to use, and what was found: contiguous folds with gaps where both sides depend on
        time and the caller did not request the labels; else ``labels``.

    Raises
    ------
    InputError
        Another word for the order.

    Examples
    --------
    >>> import numpy as np
    >>> slow = np.random.default_rng(0).normal(size=(2, 200, 4)).cumsum(axis=1)
    >>> found = arrangement(*slow, as_folds(5, 200), fixed=False)
    >>> found.in_time, found.folds.in_order
    (True, True)
    """
    found, n = order_of(x, y, order), len(labels)
    if not found.in_time:
        return FoldsInOrder(folds=labels, found=found)
    if not fixed:
        return FoldsInOrder(
            folds=found.folds(n, labels.n_folds), order=found.kind, found=found,
            mixed=None if order == TIME else labels,
        )  # fmt: skip
    if labels.in_order:
        if labels.blocks is None:
            labels.blocks = found.folds(n, labels.n_folds).blocks
        return FoldsInOrder(folds=labels, order=found.kind, found=found)
    blocks = labels.blocks
    if blocks is not None and len(blocks) > x.shape[0]:
        blocks = blocks[rows_to_test(n, max(x.shape[1], y.shape[1]))]
    if blocks is not None and not order_of_groups(x, y, blocks):
        return FoldsInOrder(folds=labels)
    return FoldsInOrder(folds=labels, order=IGNORED, found=found)


def _means(values: Any, group: np.ndarray) -> np.ndarray:

    size = np.bincount(group)
    shape = (len(size), len(group))
    mean = sp.csr_array((1 / size[group], (group, np.arange(len(group)))), shape=shape)
    answer = mean @ values
    return answer.toarray() if sp.issparse(answer) else np.asarray(answer)
