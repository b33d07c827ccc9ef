"""Shared nearest neighbours: local agreement of two spaces."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid._validate import check_count
from unbraid.align._dense import check_memory
from unbraid.align._judge import Estimate, Estimator, Judging, judge
from unbraid.align._score import NAN, Score
from unbraid.align.geometry._cka import centre_kernel
from unbraid.align.geometry._rdm import squared_euclidean
from unbraid.errors import InputError

_ROUNDING = 2**12  # of the 2^52 steps of a double: relative 1e-12


class Neighbours(Estimator):
    """Share of each stimulus' nearest neighbours that both sides have."""

    def __init__(self, x, y, folds, *, k: int) -> None:
        super().__init__(x, y, folds)
        check_count(k, "k")
        if not 1 <= k < len(x):
            raise InputError(f"k must lie in 1..n-1={len(x) - 1}, got {k}.")
        check_memory(4 * 8.0 * len(x) ** 2, f"neighbours of {len(x)} stimuli")
        self.k = k
        self.near, self.next = zip(*(_nearest(side, k) for side in (x, y)), strict=True)
        self.constant = not (np.ptp(x, axis=0).any() and np.ptp(y, axis=0).any())

    def estimate(self, order: np.ndarray | None, influence: bool) -> Estimate:
        if self.constant:
            return Estimate(value=NAN, warnings=("undefined, since one side is constant.",))
        near = self.near[1] if order is None else self.near[1][np.ix_(order, order)]
        shared = (self.near[0] & near).sum(axis=1) / self.k
        value = float(shared.mean())
        losses = self._losses(shared) if influence else None
        return Estimate(value=value, influence=losses, in_sample=value)

    def _losses(self, shared: np.ndarray) -> np.ndarray:
        """Delete each stimulus exactly: where it was a neighbour, the next one takes its place."""
        n = len(shared)
        if self.k == n - 1:
            return np.zeros(n)
        (a, b), (next_a, next_b) = self.near, self.next
        rows = np.arange(n)
        by_a, by_b = b[rows, next_a].astype(float), a[rows, next_b].astype(float)
        both = a & b
        gained = (by_a + by_b + (next_a == next_b) - 1) @ both + by_a @ (a & ~b) + by_b @ (b & ~a)
        without = (shared.sum() - shared + gained / self.k) / (n - 1)
        return shared.mean() - without


class LocalCka(Neighbours):
    """Kernel alignment restricted to pairs that are near on both sides."""

    def __init__(self, x, y, folds, *, k: int) -> None:
        super().__init__(x, y, folds, k=k)
        self.kernels = [centre_kernel(v @ v.T, False) for v in (x - x.mean(0), y - y.mean(0))]

    def estimate(self, order: np.ndarray | None, influence: bool) -> Estimate:
        if self.constant:
            return Estimate(value=NAN, warnings=("undefined, since one side is constant.",))
        a, b = self.near
        k, other = self.kernels
        if order is not None:
            b, other = b[np.ix_(order, order)], other[np.ix_(order, order)]
        parts = [np.where(near, product, 0.0).sum(axis=1) for near, product in
                 ((a & b, k * other), (a, k * k), (b, other * other))]  # fmt: skip
        norm = np.sqrt(parts[1].sum()) * np.sqrt(parts[2].sum())
        if not norm > 0:
            return Estimate(value=NAN, warnings=("undefined: no neighbours differ from the rest.",))
        value = float(parts[0].sum() / norm)
        phi = None
        if influence:
            phi = 2 * parts[0] / norm - value * sum(part / part.sum() for part in parts[1:])
        return Estimate(value=value, influence=phi, in_sample=value)


def _nearest(x: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return whether t is among the k nearest of s (n, n), and the one after them (n,).

    Euclidean; ties, of what differs by rounding only, go to the first.
    """
    distance = squared_euclidean(x)
    bits = distance.view(np.int64)  # ordered like the distances, none of which is negative
    bits += _ROUNDING // 2
    bits &= -_ROUNDING
    np.fill_diagonal(distance, np.inf)
    near = np.zeros(distance.shape, dtype=bool)
    best = np.argsort(distance, axis=1, kind="stable")[:, : k + 1]
    np.put_along_axis(near, best[:, :k], True, axis=1)
    return near, best[:, -1]


def mutual_knn(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
    k: int = 10,
) -> Score:
    """Share of each stimulus' ``k`` nearest neighbours that both systems agree on.

    ``mean_t |N_x(t) & N_y(t)| / k`` with Euclidean neighbours, on all stimuli.

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, order
        As in ``cka``: nothing is fitted.
    k : int
        Neighbours, less than n.

    Returns
    -------
    Score
        In [0, 1]; ``k / (n - 1)`` on average for unrelated systems, 1 if all neighbours agree.

    Notes
    -----
    Symmetric. Invariant to rotation, common scaling and shift. Intervals delete each stimulus
    exactly, also as a neighbour of others, and are wide: 95 % ones cover 98 % of the time or more
    at n = 150. Cost O(n^2 (p + q) + n^2 log n) time, O(n^2) memory.

    References
    ----------
    Huh et al. (2024), The platonic representation hypothesis, arXiv 2405.07987.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(50, 3))
    >>> mutual_knn(x, 2 * x[:, ::-1] + 1).value
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order,
    )  # fmt: skip
    return judge("mutual_knn", {"unbraid": Neighbours}, x, y, judging, k=k, held_out=False)


def cknna(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
    k: int = 10,
) -> Score:
    """Kernel alignment over pairs of stimuli that are near neighbours on both sides.

    ``sum_{A & B} K L / sqrt(sum_A K^2 sum_B L^2)`` with centred linear kernels ``K``, ``L`` and
    the pairs ``A``, ``B`` in which the second is among the ``k`` nearest of the first.

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, order, k
        As in ``mutual_knn``.

    Returns
    -------
    Score
        In [-1, 1]; 1 for rotated and scaled copies.

    Notes
    -----
    Symmetric. Invariances and cost as for ``mutual_knn``. With ``k = n - 1`` it is CKA without
    the diagonal.

    References
    ----------
    Huh et al. (2024), arXiv 2405.07987, appendix.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(cknna(x, 2 * x[:, ::-1] + 1).value, 12)
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order,
    )  # fmt: skip
    return judge("cknna", {"unbraid": LocalCka}, x, y, judging, k=k, held_out=False)
