"""Whether two systems' stimuli follow each other in time, and what that asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unbraid._documented import documented_answer
from unbraid.errors import InputError
from unbraid.stats._folds import Folds, contiguous_folds
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
