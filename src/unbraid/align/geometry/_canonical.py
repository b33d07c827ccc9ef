"""Canonical correlations: the directions that two systems share, on held-out stimuli."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid._kernels.statistics.deletion import LEFT
from unbraid._validate import check_number
from unbraid.align._dense import unit_columns
from unbraid.align._estimator import Blocks, Estimator, Measured
from unbraid.align._judge import Judging, judge
from unbraid.align._score import NAN, Score
from unbraid.align.geometry._canonical_fit import canonical_fit
from unbraid.errors import InputError

_LEAST_HELD = 3  # two points always correlate perfectly


class Canonical(Estimator):
    """Mean held-out correlation of canonical variates fitted on training stimuli."""

    held_out_products = True

    def __init__(self, x, y, folds, *, keep: float = 1.0, projection: bool = False) -> None:
        super().__init__(x - x.mean(axis=0), y - y.mean(axis=0), folds)
        check_number(keep, "keep")
        if not 0 < keep <= 1:
            raise InputError(f"keep must be a share of variance in (0, 1], got {keep}.")
        self.keep, self.projection = keep, projection
        # all directions of a side count alike, except for what they carry of the source
        if keep == 1:
            self.scaled = ("x",) if projection else ()
        self.rows = [np.flatnonzero(folds == fold) for fold in range(folds.n_folds)]
        fewest = min(len(rows) for rows in self.rows)
        if fewest < _LEAST_HELD:
            raise InputError(
                f"canonical correlations need at least {_LEAST_HELD} stimuli in every fold, got "
                f"{fewest}. Pass fewer folds or more stimuli."
            )

    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        x, y = self.x, self.y if order is None else self.y[order]
        if not (x.any() and y.any()):
            return Measured(value=NAN, warnings=("undefined, since one side is constant.",))
        blocks = Blocks.of(self.folds)
        number = np.arange(len(x)) if blocks is None else blocks.number
        per_fold, without = [], []
        for fold, test in enumerate(self.rows):
            train = np.setdiff1d(np.arange(len(x)), test)
            fit = canonical_fit(x[train], y[train], self.keep, self.projection)
            if fit is None:
                why = "undefined: a side is constant on the training stimuli of some fold."
                return Measured(value=NAN, warnings=(why,))
            a, b = fit.variates(x[test], y[test])
            r = _correlations(a, b)
            per_fold.append(float(fit.weights @ r))
            self._add_held_out(fold, fit.weights, a, b)
            if influence:
                without.append(_without(a, b, number[test]) @ fit.weights)
        value = float(np.mean(per_fold))
        if order is not None:
            return Measured(value=value)
        whole = canonical_fit(x, y, self.keep, self.projection)
        in_sample = NAN if whole is None else float(whole.weights @ whole.r)
        return Measured(
            value=value,
            per_fold=np.array(per_fold),
            influence=self._losses(value, number, per_fold, without) if influence else None,
            chance=0.0,  # the correlations of centred variates, in the mean over their orders
            in_sample=in_sample,
        )

    def _add_held_out(self, fold: int, weights: np.ndarray, a: np.ndarray, b: np.ndarray) -> None:
        """Add both sides' variates in their own standard deviations, as the score counts them."""
        if self.products is None:
            return
        a, b = unit_columns(a), unit_columns(b)
        for group, (of, rows) in enumerate(self.products.groups):
            if of == fold:
                own = np.searchsorted(self.rows[fold], rows)
                self.products.add(group, weights * a[own], b[own])

    def _losses(self, value, number, per_fold, without) -> np.ndarray:
        """Return what deleting each stimulus or block costs, the directions held fixed."""
        n_folds, answer = len(per_fold), np.zeros(int(number.max()) + 1)
        for test, r, left in zip(self.rows, per_fold, without, strict=True):
            gone = np.isnan(left)  # nothing of the fold is left to correlate: one fold less
            lost = np.where(gone, (r - value) / (n_folds - 1), (r - left) / n_folds)
            answer[np.unique(number[test])] += lost
        return answer


def _without(a: np.ndarray, b: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Correlations (blocks, k) of centred variates when each block of their rows is deleted.

    NaN where fewer than two rows are left.
    """
    names, own = np.unique(number, return_inverse=True)
    parts = np.stack([a, b, a * b, a * a, b * b], axis=1)
    removed = np.zeros((len(names), *parts.shape[1:]))
    np.add.at(removed, own, parts)
    of_a, of_b, ab, aa, bb = np.moveaxis(parts.sum(axis=0) - removed, 1, 0)
    size = (len(a) - np.bincount(own))[:, None].astype(float)
    count = np.maximum(size, 1)
    left = aa - of_a**2 / count, bb - of_b**2 / count
    total = (a * a).sum(axis=0), (b * b).sum(axis=0)
    enough = (left[0] > LEFT * total[0]) & (left[1] > LEFT * total[1])
    norm = np.sqrt(np.where(enough, left[0] * left[1], np.inf))
    return np.where(size < 2, np.nan, np.clip((ab - of_a * of_b / count) / norm, -1, 1))


def _correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    norm = np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0)
    return np.einsum("tj,tj->j", a, b) / np.where(norm > 0, norm, 1.0)


def cca(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
    keep: float = 1.0,
) -> Score:
    """Mean held-out canonical correlation.

    Canonical directions maximise ``corr(x a, y b)`` on training stimuli; the value is the mean of
    the ``min(rank x, rank y)`` correlations of the same variates on held-out stimuli.

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, order
        As in ``semi_matching``; only the protocol ``unbraid`` exists.
    keep : float
        Share of variance kept by principal components of each side, fitted on training stimuli;
        1 keeps all that is not rounding.

    Returns
    -------
    Score
        In [-1, 1]; 1 if the systems are linear maps of each other. ``in_sample`` is what other
        tools report: 1 for anything as soon as there are as many units as stimuli.

    Notes
    -----
    Symmetric. With ``keep=1`` invariant to every invertible linear map of either side. Intervals
    hold the directions fixed: 95 % ones cover 90-99 % of the time at n = 150 (p = q = 5); with
    ``resamples=stats.Refits()`` nearly always. Cost O(n p^2 + n q^2) a fold.

    References
    ----------
    Hotelling (1936).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(100, 3))
    >>> round(cca(x, x @ rng.normal(size=(3, 3)), permutations=0).value, 9)
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order,
    )  # fmt: skip
    return judge("cca", {"unbraid": Canonical}, x, y, judging, keep=keep)


def svcca(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
    keep: float = 0.99,
) -> Score:
    """Mean held-out canonical correlation of the leading principal components.

    ``cca`` after each side is reduced to the components that carry 99 % of its training variance.

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, order, keep
        As in ``cca``.

    Returns
    -------
    Score
        In [-1, 1].

    Notes
    -----
    Invariant to rotation, common scaling and shift; not to other linear maps, since they change
    which components lead.

    References
    ----------
    Raghu et al. (2017), SVCCA.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(100, 3))
    >>> round(svcca(x, -2 * x[:, ::-1], permutations=0).value, 9)
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order,
    )  # fmt: skip
    return judge("svcca", {"unbraid": Canonical}, x, y, judging, keep=keep)


def pwcca(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
) -> Score:
    """Held-out canonical correlation, each direction weighted by what it carries of the source.

    ``sum_i w_i r_i`` with ``w_i`` proportional to ``sum_j |<h_i, x_j>|``, the projections of the
    source's units onto its canonical variate ``h_i`` on training stimuli.

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, order
        As in ``cca``.

    Returns
    -------
    Score
        In [-1, 1]. Source -> target: the weights are the source's.

    Notes
    -----
    Invariant to every invertible linear map of the target; the weights depend on the source's
    units, so not to rotation of the source.

    References
    ----------
    Morcos, Raghu & Bengio (2018).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(100, 3))
    >>> round(pwcca(x, x @ rng.normal(size=(3, 3)), permutations=0).value, 9)
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order,
    )  # fmt: skip
    return judge("pwcca", {"unbraid": Canonical}, x, y, judging, projection=True)
