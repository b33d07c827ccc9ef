"""Linear centred kernel alignment, plain and debiased."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.device import product
from unbraid.align._dense import check_memory, densified
from unbraid.align._estimator import Estimator, Measured
from unbraid.align._judge import Judging, judge
from unbraid.align._score import NAN, Score
from unbraid.errors import InputError

_LOST = 1e-13  # of the size with its diagonal: a smaller debiased one is rounding (n to 1e6)
_CONSTANT = "undefined, since one side is constant."
_ALONE = "undefined, since too few stimuli make up one side: its debiased size is not above 0."


class Cka(Estimator):
    """Ratio of summed products of centred kernels; on whichever side is cheaper."""

    debiased = False
    least = 0.0

    def __init__(self, x, y, folds, **options) -> None:
        n, (p, q) = x.shape[0], (x.shape[1], y.shape[1])
        self.by_kernel = n * (p + q) <= p * q + p * p + q * q
        if not self.by_kernel:
            x, y = densified(x, "x"), densified(y, "y")
        x, y = (side if sp.issparse(side) else side - side.mean(axis=0) for side in (x, y))
        super().__init__(x, y, folds, **options)
        if self.debiased and n < 4:
            raise InputError(f"cka_debiased needs at least 4 stimuli, got {n}.")
        if self.by_kernel:
            check_memory(3 * 8.0 * n * n, f"CKA of {n} stimuli")
            self.take(_gram(v, self.device) for v in (self.x, self.y))
        else:
            plain = [self._plain(v, v) for v in (self.x, self.y)]
            self.whole = [float(shares.sum()) for shares in plain]
            self.own = [
                self._corrected(p, v, v) for p, v in zip(plain, (self.x, self.y), strict=True)
            ]

    def take(self, kernels: Iterable[np.ndarray]) -> None:
        """Keep both kernels, centred in place, and their sizes with and without the diagonal."""
        self.kernels = list(kernels)
        self.whole = [float(np.vdot(k, k)) for k in self.kernels]
        self.kernels = [centre_kernel(k, self.debiased) for k in self.kernels]
        self.own = [np.einsum("st,st->s", k, k) for k in self.kernels]

    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        own = self.own[0], self.own[1] if order is None else self.own[1][order]
        sizes = [float(part.sum()) for part in own]
        lost = [_LOST * whole if self.debiased else 0.0 for whole in self.whole]
        if not all(size > least for size, least in zip(sizes, lost, strict=True)):
            return Measured(value=NAN, warnings=(_CONSTANT if min(sizes) == 0 else _ALONE,))
        norm = np.sqrt(sizes[0]) * np.sqrt(sizes[1])  # their product can leave float64
        shared = self._shared(order)
        value = float(shared.sum() / norm)
        phi = None
        if influence:
            phi = 2 * shared / norm - value * sum(part / part.sum() for part in own)
        return Measured(value=value, influence=phi, in_sample=value)

    def _shared(self, order: np.ndarray | None) -> np.ndarray:
        if not self.by_kernel:
            y = self.y if order is None else self.y[order]
            return self._corrected(self._plain(self.x, y), self.x, y)
        k, other = self.kernels
        if order is None:
            return np.einsum("st,st->s", k, other)
        return np.array([k[t] @ other[row, order] for t, row in enumerate(order)])

    def _plain(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Row sums (n,) of the product of both kernels, without making the kernels."""
        moved = product(x, product(x.T, y, self.device), self.device)
        return np.einsum("tj,tj->t", moved, y)

    def _corrected(self, shares: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Row sums (n,) of the product of both U-centred kernels, from those with diagonals."""
        if not self.debiased:
            return shares
        n = len(x)
        d, e = np.einsum("ti,ti->t", x, x), np.einsum("ti,ti->t", y, y)
        c = 1 / (n - 2)
        level = d.sum() / ((n - 1) * (n - 2))
        of_e = x @ (x.T @ e) - d * e
        of_d = y @ (y.T @ d) - d * e
        rest = c * (e.sum() - e) - e
        return shares - d * e + c * (of_e + of_d) + (c * d - level) * rest + c**2 * (
            d @ e - d * e
        )  # fmt: skip


class CkaDebiased(Cka):
    """The same with U-centred kernels, whose expectation is 0 for independent systems."""

    debiased = True
    least = -1.0


def _gram(x: Any, device: Any) -> np.ndarray:
    """Return ``x x'``; codes are not made dense, only their (n, n) products are."""
    gram = product(x, x.T, device)
    return gram.toarray() if sp.issparse(gram) else gram


def centre_kernel(kernel: np.ndarray, debiased: bool) -> np.ndarray:
    """Double-centre a kernel matrix in place; ``debiased``: U-centre, zero diagonal."""
    n = len(kernel)
    if not debiased:
        columns = kernel.mean(axis=0)
        kernel -= columns
        kernel -= (columns - columns.mean())[:, None]
        return kernel
    np.fill_diagonal(kernel, 0.0)
    sums = kernel.sum(axis=0) / (n - 2)
    kernel -= sums
    kernel -= (sums - sums.sum() / (n - 1))[:, None]
    np.fill_diagonal(kernel, 0.0)
    return kernel


def cka(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
    device: Any = None,
) -> Score:
    r"""Linear centred kernel alignment of two systems, on all stimuli.

    .. math:: \|X^\top Y\|_F^2 \,/\, (\|X^\top X\|_F \, \|Y^\top Y\|_F), \quad
              X, Y \text{ centred}

    Parameters
    ----------
    x, y, protocol
        As in ``semi_matching``; only the protocol ``unbraid`` exists.
    folds : int or array of labels
        Nothing is fitted, so nothing is held out; grouped or contiguous labels say which stimuli
        bootstrap and permutation move together.
    permutations, resamples, rng, order, device
        As in ``semi_matching``.

    Returns
    -------
    Score
        In [0, 1]; 1 if the centred responses are equal up to rotation and scale. NaN, with a
        warning, if a side is constant. ``per_target`` and ``per_fold`` are empty.

    Notes
    -----
    Symmetric. Invariant to rotation, common scaling and shift. Biased upwards when ``n`` is not
    much larger than the number of units (0.99 for unrelated 100 x 10,000): ``cka_debiased``
    has no such bias. Cost O(n p q) or O(n^2 (p + q)), whichever is smaller;
    codes (CSR) stay sparse on the second side.

    References
    ----------
    Kornblith et al. (2019), Similarity of neural network representations revisited.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(cka(x, 2 * x @ np.array([[0, 1, 0], [1, 0, 0], [0, 0, -1]])).value, 12)
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order, device=device,
    )  # fmt: skip
    return judge("cka", {"unbraid": Cka}, x, y, judging, sparse=True, held_out=False)


def cka_debiased(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
    device: Any = None,
) -> Score:
    """Linear CKA from the unbiased estimator of HSIC: 0 on average for unrelated systems.

    Each kernel is U-centred (zero diagonal, rows that sum to 0) before the products are summed;
    the ratio is that of ``cka``.

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, order, device
        As in ``cka``; at least 4 stimuli.

    Returns
    -------
    Score
        In [-1, 1]; 1 as for ``cka``, about 0 for independent systems whatever their size.

    Notes
    -----
    Invariances and cost as for ``cka``. It removes the bias from few stimuli, not the one from
    recording few of a system's units.

    References
    ----------
    Song et al. (2012), eq. 5; Nguyen et al. (2021); Murphy et al. (2024), arXiv 2405.01012.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(2, 50, 2000))
    >>> bool(cka(x, y).value > 0.9), bool(abs(cka_debiased(x, y).value) < 0.05)
    (True, True)
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order, device=device,
    )  # fmt: skip
    return judge(
        "cka_debiased", {"unbraid": CkaDebiased}, x, y, judging, sparse=True, held_out=False
    )
