"""Jaccard matching: whether units fire on the same stimuli.

Overlaps are ratios of small whole numbers, so sources often tie: they then share the target evenly,
so that the order of units does not matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid.align._dense import finite_mean
from unbraid.align._estimator import Estimator, Measured
from unbraid.align._judge import Judging, judge
from unbraid.align._score import Score


class Jaccard(Estimator):
    """Overlap of active sets, the best source of each target chosen on training stimuli."""

    scaled = ()
    least = 0.0

    def __init__(self, x, y, folds) -> None:
        super().__init__(_active(x), _active(y), folds)
        self.rows = [np.flatnonzero(folds == fold) for fold in range(folds.n_folds)]

    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        y = self.y if order is None else self.y[order]
        parts = [_sets(self.x[rows], y[rows]) for rows in self.rows]
        total = [np.sum([part[i] for part in parts], axis=0) for i in range(3)]
        q = y.shape[1]
        both, either = np.zeros((2, len(parts), q))
        for fold, part in enumerate(parts):
            shares = _shares(total, part)
            both[fold] = np.einsum("ij,ij->j", shares, part[0])
            either[fold] = part[1] @ shares + part[2] - both[fold]
        scored = np.min([total[2] - part[2] for part in parts], axis=0) > 0
        with np.errstate(invalid="ignore"):
            per_target = np.where(scored, both.sum(axis=0) / either.sum(axis=0), np.nan)
            per_fold = np.array([finite_mean(np.where(scored, r, np.nan)) for r in both / either])
        value = finite_mean(per_target)
        if order is not None or not scored.any():
            why = "nothing is scored: no target is active on every fold's training stimuli."
            return Measured(value=value, per_target=per_target, per_fold=per_fold,
                            warnings=() if scored.any() else (why,))  # fmt: skip
        whole = _overlap(*total)
        phi = None
        if influence:
            phi = self._influence(y, total, parts, per_target, either.sum(axis=0), scored)
        return Measured(
            value=value,
            per_fold=per_fold,
            per_target=per_target,
            influence=phi,
            in_sample=finite_mean(np.where(scored, whole.max(axis=0), np.nan)),
            matching=np.where(total[2] > 0, whole.argmax(axis=0), -1),
        )

    def _influence(self, y, total, parts, per_target, either, scored):
        weight = np.where(scored, 1 / np.where(either > 0, either, 1), 0) / scored.sum()
        answer = np.zeros(y.shape[0])
        for rows, part in zip(self.rows, parts, strict=True):
            a, b = self.x[rows] @ _shares(total, part), _dense(y[rows])
            shared = a * b
            answer[rows] = (shared - np.nan_to_num(per_target) * (a + b - shared)) @ weight
        return answer


def _shares(total: list[np.ndarray], part: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return the share (p, q) of each source in each target: even among the best on training."""
    overlap = _overlap(*(t - p for t, p in zip(total, part, strict=True)))
    best = overlap == overlap.max(axis=0)  # quotients of whole numbers: equal ones are equal
    return best / best.sum(axis=0)


def _active(values: Any) -> Any:
    if sp.issparse(values):
        return sp.csr_array((values > 0).astype(np.float64))
    return (values > 0).astype(np.float64)


def _dense(values: Any) -> np.ndarray:
    return values.toarray() if sp.issparse(values) else values


def _sets(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the sizes of intersections (p, q) and of the sets (p,), (q,)."""
    sizes = [np.asarray(v.sum(axis=0)).ravel() for v in (x, y)]
    return _dense(x.T @ y), sizes[0], sizes[1]


def _overlap(both: np.ndarray, of_x: np.ndarray, of_y: np.ndarray) -> np.ndarray:
    either = of_x[:, None] + of_y - both
    return both / np.where(either > 0, either, 1.0)


def jaccard(
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
    """Mean held-out overlap of the stimuli on which matched units are active.

    A unit is active where it is positive. The source of largest Jaccard index
    ``|A_i & B_j| / |A_i | B_j|`` on training stimuli is chosen for each target; the index on
    held-out stimuli is pooled over folds (intersections over unions) and averaged over targets.
    Sources that tie are averaged before it is formed.

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, order
        As in ``semi_matching``; only the protocol ``unbraid`` exists.

    Returns
    -------
    Score
        In [0, 1]; 1 if every target is active exactly where its source is. Targets never active
        on some fold's training stimuli are not scored.

    Notes
    -----
    Invariant to permutation and positive scaling of units, and to any change of positive values;
    not to shifts. Above 0 by chance for dense units: see ``null``. Cost O(n p q).

    References
    ----------
    Jaccard (1901); Longon et al. (2025), arXiv 2510.03186, code.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.maximum(np.random.default_rng(0).normal(size=(100, 4)), 0)
    >>> jaccard(x, x[:, ::-1] ** 2, permutations=0).value
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order,
    )  # fmt: skip
    return judge("jaccard", {"unbraid": Jaccard}, x, y, judging, sparse=True)
