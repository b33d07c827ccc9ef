"""Folds: an integer label for each stimulus, and which stimuli belong together."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid._validate import as_rng, check_count, check_no_path
from unbraid.errors import InputError
from unbraid.responses import in_rows_of, rows_of

_MISSING = {"None", "nan", "NaT", "<NA>"}  # as Python, NumPy and pandas write what is missing


class Folds(np.ndarray):
    """Fold labels (n,), an integer array that remembers which stimuli are dependent.

    ``blocks`` (n,) numbers the exchangeable blocks, or is None where each stimulus is its own.
    Bootstrap and permutation move whole blocks. ``index`` names the rows where groups came with a
    pandas index: labels are then matched to responses by it. Slices and results of arithmetic
    forget both. A label of -1 says that a stimulus is used by no fold.

    Parameters
    ----------
    shape : tuple of int
        As of an array: folds are made by ``shuffled_folds``, ``grouped_folds``,
        ``contiguous_folds`` or ``as_folds``, not by calling the class.
    dtype : numpy.dtype, optional
        As of an array.
    buffer : object, optional
        As of an array.
    offset : int, optional
        As of an array.
    strides : tuple of int, optional
        As of an array.
    order : {"C", "F"}, optional
        As of an array.
    """

    blocks: np.ndarray | None
    index: Any

    def __array_finalize__(self, parent: Any) -> None:  # noqa: ARG002
        self.blocks = self.index = None

    @property
    def n_folds(self) -> int:
        """Number of folds."""
        return int(self.max()) + 1

    @property
    def used(self) -> np.ndarray:
        """Rows of the stimuli that some fold uses."""
        return np.flatnonzero(np.asarray(self) >= 0)

    @property
    def in_order(self) -> bool:
        """Whether the stimuli of each fold follow each other, and so do those of each block."""
        sides = (np.asarray(self), self.blocks)
        return all(side is None or _in_runs(side[self.used]) for side in sides)

    def of(self, rows: np.ndarray) -> Folds:
        """Return the labels of some stimuli, which remember their blocks."""
        blocks = None if self.blocks is None else self.blocks[rows]
        return _labels(np.asarray(self)[rows], blocks)


def shuffled_folds(n: int, n_folds: int = 5, rng: int | np.random.Generator | None = 0) -> Folds:
    """Random folds of sizes that differ by at most one; for exchangeable stimuli.

    Parameters
    ----------
    n : int
        Stimuli.
    n_folds : int
        Folds, between 2 and ``n``.
    rng : int, Generator or None
        Seed of the shuffle; one seed gives the same folds.

    Returns
    -------
    Folds of shape (n,)
        Labels 0 .. n_folds - 1.

    Raises
    ------
    InputError
        Numbers that are not whole; fewer than two folds, or more than stimuli.

    Examples
    --------
    >>> import numpy as np
    >>> np.bincount(shuffled_folds(12, 5, rng=0)).tolist()  # sizes differ by at most one
    [3, 3, 2, 2, 2]
    """
    _check_count(n, n_folds, "stimuli")
    return _labels(as_rng(rng).permutation(np.arange(n) % n_folds))


def names_of_groups(groups: Any) -> np.ndarray:
    """Return groups as an array; the name of a file and missing names are refused."""
    lines = "open({path!r}).read().splitlines()"
    check_no_path(groups, "groups", "be one name per stimulus", lines)
    array = np.asarray(groups)
    plain = array.ravel().tolist() if array.dtype.kind in "fOmM" else []
    if array.dtype.kind == "O" and len(set(map(type, plain))) > 1:
        raise InputError(
            "groups must be names of one kind, got several kinds. Make all of them strings."
        )
    missing = sum(not isinstance(name, str) and str(name) in _MISSING for name in plain)
    if missing:
        raise InputError(
            f"groups must name a group for each stimulus, got {missing} missing. Give each such "
            "stimulus a group of its own, or leave it out."
        )
    return array


def grouped_folds(
    groups: Any, n_folds: int = 5, rng: int | np.random.Generator | None = 0
) -> Folds:
    """Folds that never split a group (all frames of a video, all views of an object).

    Groups are dealt out largest first, each to the fold that holds fewest stimuli; the order
    among equals is random. Bootstrap and permutation then move whole groups.

    Parameters
    ----------
    groups : array of shape (n,), or a pandas Series
        A name or number for each stimulus; a Series' index goes with the folds.
    n_folds : int
        At most the number of groups.
    rng : int, Generator or None
        Seed of the order in which groups of one size are dealt out.

    Returns
    -------
    Folds of shape (n,)
        All stimuli of a group have one label, and are one block.

    Raises
    ------
    InputError
        Groups that are not one name per stimulus; fewer groups than folds.

    Examples
    --------
    >>> labels = grouped_folds(["a", "a", "b", "b", "c"], 2)
    >>> bool(labels[0] == labels[1] and labels[2] == labels[3])
    True
    """
    index = getattr(groups, "index", None) if hasattr(groups, "iloc") else None
    groups = names_of_groups(groups)
    if groups.ndim != 1 or not len(groups):
        raise InputError(f"groups must be one name per stimulus, got shape {groups.shape}.")
    _, blocks, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    _check_count(len(sizes), n_folds, "groups")
    order = as_rng(rng).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    load, fold_of = np.zeros(n_folds), np.empty(len(sizes), dtype=np.intp)
    for group in order:
        fold_of[group] = load.argmin()
        load[fold_of[group]] += sizes[group]
    labels = _labels(fold_of[blocks], blocks)
    labels.index = index
    return labels


def contiguous_folds(n: int, n_folds: int = 5, run: int | None = None, *, gap: int = 0) -> Folds:
    """Folds of neighbouring stimuli, for time series and other autocorrelated orders.

    Parameters
    ----------
    n : int
        Stimuli, in the order of time.
    n_folds : int
        Folds, between 2 and ``n``.
    run : int, optional
        Length of the runs that bootstrap and permutation keep whole: several times the
        correlation time. Default ``ceil(n / 25)``.
    gap : int
        Stimuli around each boundary between two folds that no fold uses: as many as neighbours
        resemble each other over.

    Returns
    -------
    Folds of shape (n,)
        Non-decreasing labels, but for the -1 of stimuli in a gap.

    Raises
    ------
    InputError
        A run outside 1 .. n; a gap as long as a fold; fewer than two folds.

    Examples
    --------
    >>> contiguous_folds(8, 2, gap=2).tolist()
    [0, 0, 0, -1, -1, 1, 1, 1]
    """
    _check_count(n, n_folds, "stimuli")
    run = -(-n // 25) if run is None else run
    check_count(run, "run")
    if not 1 <= run <= n:
        raise InputError(f"run must lie in 1..n={n}, got {run}.")
    check_count(gap, "gap")
    labels = np.arange(n) * n_folds // n
    ends = np.flatnonzero(np.diff(labels)) + 1
    if gap >= np.diff([0, *ends, n]).min():
        raise InputError(
            f"gap must be smaller than a fold of {n // n_folds} stimuli, got {gap}. Pass fewer "
            "folds, or a smaller gap."
        )
    for end in ends:
        labels[end - gap // 2 : end - gap // 2 + gap] = -1
    return _labels(labels, np.arange(n) // run)


def as_folds(
    folds: Any,
    n: int,
    rng: np.random.Generator | int | None = 0,
    stimuli: np.ndarray | None = None,
) -> Folds:
    """Return fold labels for ``n`` stimuli from a number of folds or an array of labels.

    Labels that have ids (a pandas index) are put in the order of ``stimuli``.

    Parameters
    ----------
    folds : int or array of shape (n,)
        A number of folds, then shuffled; or whole-number labels, which are numbered from 0.
    n : int
        Stimuli.
    rng : int, Generator or None
        Seed of the shuffle.
    stimuli : array of shape (n,), optional
        Ids of the stimuli, which labels with ids are matched to.

    Returns
    -------
    Folds of shape (n,)
        Labels 0 .. F - 1.

    Raises
    ------
    InputError
        Labels of another length, that are no whole numbers, or of one fold; ids that do not match.

    Examples
    --------
    >>> as_folds([7, 7, 3, 3], 4).tolist()
    [1, 1, 0, 0]
    """
    if isinstance(folds, int | np.integer) and not isinstance(folds, bool | np.bool_):
        return shuffled_folds(n, int(folds), rng)
    if isinstance(folds, Folds) and folds.index is not None:
        folds = _in_order(folds, stimuli)
    labels = np.asanyarray(in_rows_of(stimuli, folds, "folds"))
    if labels.dtype.kind not in "iu" or labels.shape != (n,):
        raise InputError(
            f"folds must be a whole number or {n} integer labels, got {labels.dtype} of shape "
            f"{labels.shape}. Make labels with unbraid.stats.shuffled_folds(n, 5)."
        )
    unused = np.asarray(labels < 0) & isinstance(labels, Folds)  # else a label like any other
    names, numbers = np.unique(np.asarray(labels)[~unused], return_inverse=True)
    if len(names) < 2:
        raise InputError("folds must hold at least two different labels, got one.")
    whole = np.full(n, -1)
    whole[~unused] = numbers
    return _labels(whole, getattr(labels, "blocks", None))


def _in_runs(labels: np.ndarray) -> bool:
    """Whether equal labels follow each other."""
    return int((labels[1:] != labels[:-1]).sum()) + 1 == len(np.unique(labels))


def _in_order(folds: Folds, stimuli: np.ndarray | None) -> Folds:
    """Return folds that were made from groups with an index in the order of the responses."""
    rows = rows_of(stimuli, folds.index.to_series(), "folds")
    rows = np.arange(len(folds)) if rows is None else rows
    return _labels(np.asarray(folds)[rows], None if folds.blocks is None else folds.blocks[rows])


def _labels(numbers: np.ndarray, blocks: np.ndarray | None = None) -> Folds:
    labels = np.ascontiguousarray(numbers, dtype=np.intp).view(Folds)
    labels.blocks = blocks
    return labels


def _check_count(n: int, n_folds: int, of: str) -> None:
    check_count(n, f"The number of {of}", 1)
    check_count(n_folds, "n_folds")
    if not 2 <= n_folds <= n:
        raise InputError(
            f"The number of folds must lie between 2 and the {n} {of}, got {n_folds}. "
            f"Pass folds= a smaller number, or more {of}."
        )
