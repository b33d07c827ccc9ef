"""Permutation null: rows of one side permuted, and fitted again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from unbraid._documented import documented_choice
from unbraid._validate import as_floats, as_rng, check_count, check_number
from unbraid.errors import InputError


@documented_choice
@dataclass(frozen=True)
class Permutations:
    """How the null of a score is computed; pass as ``permutations=`` to a metric.

    Refits are made where they are needed to decide. A metric that scores every target unit by
    itself needs refits of a few targets only. Then the p-value is that of the held-out sum of
    products, whose terms are permuted with the fits held fixed and widened by what sharing of
    training stimuli adds to their variance, as the refits show it: an approximation (rejections of
    independent systems: ``docs/speed.md``), but hundreds of draws for less than the price of one
    refit of every target. Other metrics with held-out predictions are first tested fold by fold,
    the held-out rows permuted and the fit held fixed, which is exact; the folds' p-values are
    merged to ``e`` times their geometric mean, valid however they depend on each other. Where that
    is at most .01 and less than any share of ``count`` refits could be, it is the p-value. Else the
    folds' sum is tested, its draws widened as for linear fits: where this p-value is above .2,
    no refit would make it small, and it is reported. Both times the mean of the null is that over
    every order of the held-out stimuli, the fits kept. In between, and where few stimuli decide
    (draws tie with what was found), all refits are made. ``targets=None`` makes all refits of all
    targets, always.

    References
    ----------
    Vovk & Wang (2020), Combining p-values via averaging, Biometrika 107, table 1.
    """

    count: int = 20
    """Refits with the rows of ``y`` permuted."""
    targets: int | None = 32
    """Targets of each refit, others each time; None, or not fewer than there are: all."""
    fits: Literal["refitted", "kept"] = "refitted"
    """``kept``: the null is the mean of the score over every order of the held-out stimuli, exact,
    without a refit or a p-value (matchings, ridge, PLS, Procrustes, canonical correlations;
    ``count`` says only whether there is a null). Other metrics and stimuli in time are refitted
    all the same."""

    def __post_init__(self) -> None:
        check_count(self.count, "count")
        if self.targets is not None:
            check_count(self.targets, "targets", 1)
        if self.fits not in ("refitted", "kept"):
            raise InputError(f"fits must be 'refitted' or 'kept', got {self.fits!r}.")


def permutation_p(observed: float, permuted: Any) -> float:
    """Share of permuted scores at least as large as the observed one, which counts itself.

    ``p = (1 + #{permuted >= observed}) / (1 + B)``: never 0, and uniform under the null.

    Parameters
    ----------
    observed : float
        The score.
    permuted : array of shape (B,)
        Scores of the same metric after the target's rows are permuted.

    Returns
    -------
    float
        In ``[1 / (B + 1), 1]``; NaN when there are no permutations or the score is NaN.

    Raises
    ------
    InputError
        ``permuted`` is no list of numbers.

    References
    ----------
    Phipson & Smyth (2010), Permutation p-values should never be zero.

    Examples
    --------
    >>> permutation_p(0.9, [0.1, 0.2, 0.0]), permutation_p(0.1, [0.1, 0.2, 0.0])
    (0.25, 0.75)
    """
    check_number(observed, "observed")
    permuted = as_floats(permuted, "permuted")
    if permuted.ndim != 1:
        raise InputError(f"permuted must have shape (B,), got {permuted.shape}.")
    if not len(permuted) or np.isnan(observed) or np.isnan(permuted).any():
        return float("nan")
    slack = 1e-12 * max(1.0, abs(observed))  # rounding must not turn a tie into evidence
    return (1 + int((permuted >= observed - slack).sum())) / (1 + len(permuted))


def permuted_rows(
    n: int, permutations: int, rng: int | np.random.Generator | None = 0, blocks: Any = None
) -> Iterator[np.ndarray]:
    """Row orders for a permutation null, one (n,) array at a time.

    Parameters
    ----------
    n : int
        Rows.
    permutations : int
        Orders drawn.
    rng : int, Generator or None
        Seed of the orders; one seed gives the same ones.
    blocks : array of shape (n,), optional
        Blocks in the order of the rows (runs of a time series): all rows are rotated by a random
        offset from the whole circle (0, the order as it is, belongs to it), which keeps every
        dependence of ``y`` on its neighbours and holds for stationary series. Other blocks
        (groups) change places, whole where they are of one size.

    Yields
    ------
    array of shape (n,)
        A permutation of ``0 .. n - 1``.

    Raises
    ------
    InputError
        ``permutations`` is no whole number.

    Examples
    --------
    >>> import numpy as np
    >>> [order] = permuted_rows(6, 1, rng=0, blocks=np.arange(6) // 2)  # runs: a rotation
    >>> np.unique(np.diff(order) % 6).tolist()
    [1]
    """
    check_count(permutations, "permutations")
    rng = as_rng(rng)
    if blocks is None:
        for _ in range(permutations):
            yield rng.permutation(n)
        return
    number = np.unique(np.asarray(blocks), return_inverse=True)[1]
    if (np.diff(number) >= 0).all():
        for _ in range(permutations):
            yield np.roll(np.arange(n), rng.integers(n))
        return
    members = np.argsort(number, kind="stable")
    runs = np.split(members, np.flatnonzero(np.diff(number[members])) + 1)
    for _ in range(permutations):
        sequence = np.concatenate([runs[i] for i in rng.permutation(len(runs))])
        order = np.empty(n, dtype=np.intp)
        order[members] = sequence
        yield order
