"""Orthogonal Procrustes: how close a rotation brings two systems."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid._kernels.device import product
from unbraid._kernels.linear_algebra.rotation import nuclear_norm, rotation_of
from unbraid._kernels.linear_algebra.span import Span, is_thin, span
from unbraid._kernels.statistics.deletion import BlockSums, Totals, losses
from unbraid.align._estimator import Blocks, Estimator, Measured
from unbraid.align._judge import Judging, judge
from unbraid.align._score import NAN, Score


class Procrustes(Estimator):
    """Cosine between the rotated source and the target on held-out stimuli."""

    held_out_products = True

    def __init__(self, x, y, folds, **options) -> None:
        super().__init__(x - x.mean(axis=0), y - y.mean(axis=0), folds, **options)
        self.rows = [np.flatnonzero(folds == fold) for fold in range(folds.n_folds)]
        fewest = len(x) - max(map(len, self.rows))
        self.kernels = [
            product(side, side.T, self.device) if is_thin(fewest, side.shape[1]) else None
            for side in (self.x, self.y)
        ]

    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        y = self.y if order is None else self.y[order]
        rotated, centred, target = np.zeros_like(y), np.zeros_like(self.x), np.zeros_like(y)
        for fold, test in enumerate(self.rows):
            train = np.concatenate([rows for i, rows in enumerate(self.rows) if i != fold])
            centred[test] = self.x[test] - self.x[train].mean(axis=0)
            target[test] = y[test] - y[train].mean(axis=0)
            of_x, of_y = self._spans(train, test, order)
            rotation = rotation_of(product(of_x.train.T, of_y.train, self.device), self.device)
            rotated[test] = of_y.lifted(rotation.apply(of_x.seen, self.device), self.device)
        num = np.einsum("tj,tj->t", rotated, target)
        xx, yy = np.einsum("ti,ti->t", centred, centred), np.einsum("tj,tj->t", target, target)
        norm = np.sqrt(xx.sum() * yy.sum())
        if not (norm > 0 and self.x.any() and y.any()):
            return Measured(value=NAN, warnings=("undefined, since one side is constant.",))
        value = float(num.sum() / norm)
        if self.products is not None:
            self.products.add_rows(rotated, target)
        if order is not None:
            return Measured(value=value)
        with np.errstate(invalid="ignore", divide="ignore"):
            per_target = np.einsum("tj,tj->j", rotated, target) / np.sqrt(
                (rotated**2).sum(axis=0) * (target**2).sum(axis=0)
            )
        per_fold = [num[r].sum() / np.sqrt(xx[r].sum() * yy[r].sum()) for r in self.rows]
        phi = self._influence(num, xx, yy) if influence else None
        return Measured(
            value=value,
            per_fold=np.array(per_fold),
            per_target=np.where(np.ptp(y, axis=0) > 0, np.nan_to_num(per_target), np.nan),
            weights=None,
            chance=float(rotated.sum(axis=0) @ target.mean(axis=0) / norm),
            influence=phi,
            in_sample=self._overlap() / float(np.sqrt((self.x**2).sum() * (y**2).sum())),
        )

    def _spans(
        self, train: np.ndarray, test: np.ndarray, order: np.ndarray | None = None
    ) -> tuple[Span, Span]:
        """Return what both systems' training stimuli span, ``y`` with its rows in this order."""
        of_x = span(self.x, train, test, self.kernels[0])
        if order is not None:
            train, test = order[train], order[test]
        return of_x, span(self.y, train, test, self.kernels[1])

    def _overlap(self) -> float:
        """Return the nuclear norm of ``x' y``: the product with the best rotation in sample."""
        of_x, of_y = self._spans(np.arange(len(self.x)), np.arange(0))
        total = nuclear_norm(product(of_x.train.T, of_y.train, self.device), self.device)
        return total - of_x.extra * of_y.extra

    def _influence(self, *parts: np.ndarray) -> np.ndarray:
        """Return what deleting each stimulus or block costs, the rotations held fixed."""
        blocks = Blocks.of(self.folds)
        sums = BlockSums(*((blocks.sums(part) if blocks else part)[:, None] for part in parts))
        num, xx, yy = (part.sum(axis=0) for part in sums)
        return losses(sums, Totals(num, xx, yy, num / np.sqrt(xx * yy), np.ones(1)))


def procrustes(
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
    r"""Held-out cosine between the target and the best rotation of the source.

    The rotation ``R`` maximises ``<X R, Y>`` on training stimuli (for ``p != q`` the smaller side
    is padded with zeros, so that ``R`` is orthonormal on that side); on held-out stimuli, minus
    training means,

    .. math:: \sum_f \langle X_f R_f, Y_f \rangle \Big/
              \sqrt{\sum_f \|X_f\|_F^2 \sum_f \|Y_f\|_F^2}

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, order, device
        As in ``semi_matching``; only the protocol ``unbraid`` exists.

    Returns
    -------
    Score
        In [-1, 1]; 1 if the target is a rotated, scaled and shifted source. ``in_sample`` is the
        usual Procrustes similarity ``|X' Y|_* / (|X| |Y|)``, the cosine of the angular shape
        distance. ``per_target`` holds each unit's correlation with its rotated counterpart.

    Notes
    -----
    Invariant to rotation, common scaling and shift of either side; not to scaling single units.
    Directions that training stimuli do not span are not rotated onto anything. Cost: one
    eigendecomposition of side ``min(n, p, q)`` a fold, or a singular value decomposition where
    ``x' y`` is nearly singular.

    References
    ----------
    Schonemann (1966); Williams et al. (2021), Generalized shape metrics.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(procrustes(x, 2 * x[:, ::-1] + 1, permutations=0).value, 12)
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order, device=device,
    )  # fmt: skip
    return judge("procrustes", {"unbraid": Procrustes}, x, y, judging)
