"""How rows are held out and put at random: as exchangeable, or as they follow each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid._documented import documented_answer
from unbraid.stats._folds import Folds, as_folds
from unbraid.stats._order import rows_to_test
from unbraid.stats._time import DRIFT, EXCHANGEABLE, IGNORED, PERIOD, TIME, Order, order_of


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
    FoldsInOrder
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
