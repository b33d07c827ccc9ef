"""Shared nearest neighbours: local agreement of two spaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid._validate import check_count
from unbraid.align._dense import check_memory
from unbraid.align._estimator import Estimator, Measured
from unbraid.align._judge import Judging, judge
from unbraid.align._score import NAN, Score
from unbraid.align.geometry._cka import centre_kernel
from unbraid.align.geometry._rdm import snapped, squared_euclidean
from unbraid.errors import InputError


@dataclass(frozen=True, eq=False)
class Near:
    """Who is near whom: the surely near, and those tied for the places that are left."""

    sure: np.ndarray
    """(n, n) whether t is among the k nearest of s, whichever of the tied is taken."""
    tied: np.ndarray
    """(n, n) whether t is as far from s as the first that is left out."""
    left: np.ndarray
    """(n,) places left for the tied, fewer than they are."""

    @classmethod
    def of(cls, x: np.ndarray, k: int) -> Near:
        """Find the k nearest of each row; what differs by rounding only is tied."""
        distance = snapped(squared_euclidean(x))
        np.fill_diagonal(distance, np.inf)
        first_out = np.partition(distance, k, axis=1)[:, k, None]  # infinite for k = n - 1
        sure = distance < first_out
        return cls(sure, distance == first_out, k - sure.sum(axis=1))

    @property
    def weight(self) -> np.ndarray:
        """(n, n) probability that t is taken if a draw decides among the tied."""
        return self.sure + self.tied * _share(self.left, self.tied.sum(axis=1))[:, None]

    def shares_without(self) -> np.ndarray:
        """(n, 3) weight of the tied when one that is sure, tied, or neither is deleted."""
        count = self.tied.sum(axis=1)
        pairs = ((self.left + 1, count), (self.left, count - 1), (self.left, count))
        return np.stack([_share(*pair) for pair in pairs], axis=1)

    def kinds(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return which pairs are sure, tied, or neither; none with itself."""
        rest = ~(self.sure | self.tied)
        np.fill_diagonal(rest, False)
        return self.sure, self.tied & ~np.eye(len(rest), dtype=bool), rest


class Neighbours(Estimator):
    """Share of each stimulus' nearest neighbours that both sides have."""

    least = 0.0

    def __init__(self, x, y, folds, *, k: int) -> None:
        super().__init__(x, y, folds)
        check_count(k, "k")
        if not 1 <= k < len(x):
            raise InputError(f"k must lie in 1..n-1={len(x) - 1}, got {k}.")
        check_memory(6 * 8.0 * len(x) ** 2, f"neighbours of {len(x)} stimuli")
        self.k = k
        self.near = Near.of(x, k), Near.of(y, k)
        self.weights = tuple(near.weight for near in self.near)
        self.constant = not (np.ptp(x, axis=0).any() and np.ptp(y, axis=0).any())

    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        if self.constant:
            return Measured(value=NAN, warnings=("undefined, since one side is constant.",))
        a, b = self.weights
        b = b if order is None else b[np.ix_(order, order)]
        shared = np.einsum("st,st->s", a, b) / self.k
        value = float(shared.mean())
        losses = self._losses(shared) if influence else None
        return Measured(value=value, influence=losses, in_sample=value)

    def _losses(self, shared: np.ndarray) -> np.ndarray:
        """Delete each stimulus exactly: where it was a neighbour, the next take its place."""
        n = len(shared)
        if self.k == n - 1:
            return np.zeros(n)
        a, b = self.near
        counts = np.array([[(u & v).sum(axis=1) for v in (b.sure, b.tied)]
                           for u in (a.sure, a.tied)])  # fmt: skip
        shares, kinds = (a.shares_without(), b.shares_without()), (a.kinds(), b.kinds())
        without = np.zeros(n)
        for i, of_a in enumerate(kinds[0]):
            for j, of_b in enumerate(kinds[1]):
                left = counts.copy()
                if i < 2 and j < 2:  # the deleted one was counted among these
                    left[i, j] -= 1
                u, v = shares[0][:, i], shares[1][:, j]
                both = left[0, 0] + v * left[0, 1] + u * left[1, 0] + u * v * left[1, 1]
                without += both @ (of_a & of_b)
        return shared.mean() - without / self.k / (n - 1)


class LocalCka(Neighbours):
    """Kernel alignment restricted to pairs that are near on both sides."""

    least = -1.0

    def __init__(self, x, y, folds, *, k: int) -> None:
        super().__init__(x, y, folds, k=k)
        kernels = [centre_kernel(v @ v.T, False) for v in (x - x.mean(0), y - y.mean(0))]
        self.local = [w * kernel for w, kernel in zip(self.weights, kernels, strict=True)]

    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        if self.constant:
            return Measured(value=NAN, warnings=("undefined, since one side is constant.",))
        a, b = self.local
        b = b if order is None else b[np.ix_(order, order)]
        parts = [np.einsum("st,st->s", u, v) for u, v in ((a, b), (a, a), (b, b))]
        norm = np.sqrt(parts[1].sum()) * np.sqrt(parts[2].sum())
        if not norm > 0:
            return Measured(value=NAN, warnings=("undefined: no neighbours differ from the rest.",))
        value = float(parts[0].sum() / norm)
        phi = None
        if influence:
            phi = 2 * parts[0] / norm - value * sum(part / part.sum() for part in parts[1:])
        return Measured(value=value, influence=phi, in_sample=value)


def _share(places: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return the places for each of so many tied stimuli; 0 where there are none."""
    return places / np.maximum(count, 1) * (count > 0)


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

    ``mean_s sum_t w_x(s, t) w_y(s, t) / k`` with Euclidean neighbours, on all stimuli: ``w`` is 1
    for the ``k`` nearest, and where several are equally far they share the places that are left
    (3 tied for 2 places count 2/3 each), as if each side drew among them on its own.

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, order
        As in ``cka``: nothing is fitted.
    k : int
        Neighbours, less than n.

    Returns
    -------
    Score
        In [0, 1]; ``k / (n - 1)`` on average for unrelated systems, 1 if all neighbours agree and
        none are tied. Even two copies with ties reach less, since ties tell nothing of who is
        nearer.

    Notes
    -----
    Symmetric. Invariant to rotation, common scaling, shift, and the order of the stimuli.
    Intervals delete each stimulus exactly, also as a neighbour of others, and are wide: 95 % ones
    cover 98 % of the time or more at n = 150. Cost O(n^2 (p + q) + n^2 log n) time, O(n^2) memory.

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
    the pairs ``A``, ``B`` in which the second is among the ``k`` nearest of the first; kernels of
    stimuli tied for the last places are weighted by their share, as in ``mutual_knn``.

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
