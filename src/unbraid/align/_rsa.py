"""Representational similarity analysis: whether both systems find the same stimuli alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.align._dense import check_memory
from unbraid.align._judge import Estimate, Estimator, Judging, judge
from unbraid.align._longon_rsa import LongonRsa
from unbraid.align._rdm import RDMS, SCORES, pair_scores
from unbraid.align._score import NAN, Score
from unbraid.errors import InputError


class Rsa(Estimator):
    """Correlation of two RDMs' upper triangles."""

    def __init__(self, x, y, folds, *, rdm: str, compare: str) -> None:
        super().__init__(x, y, folds)
        for name, given, known in (("rdm", rdm, RDMS), ("compare", compare, SCORES)):
            if given not in known:
                raise InputError(f"{name} must be one of {', '.join(known)}, got {given!r}.")
        n = len(x)
        check_memory(6 * 8.0 * n * n, f"RSA of {n} stimuli")
        self.used = np.ones(n, dtype=bool)
        if rdm == "correlation":
            self.used = (np.ptp(x, axis=1) > 0) & (np.ptp(y, axis=1) > 0)
        self.notes: tuple[str, ...] = ()
        if not self.used.all():
            self.notes = (
                f"{(~self.used).sum()} of {n} stimuli left out on both sides: a side's responses "
                "to them do not differ between units, so they have no correlation distance.",
            )
        self.ok = self.used.sum() >= 3
        if self.ok:
            distances = [RDMS[rdm](side[self.used]) for side in (x, y)]
            self.scores = [pair_scores(d, compare) for d in distances]
            self.compare = compare
            self.ok = all(np.abs(score).max() > 0 for score in self.scores)

    def estimate(self, order: np.ndarray | None, influence: bool) -> Estimate:
        if not self.ok:
            why = "undefined: fewer than 3 stimuli are left, or all distances of a side are equal."
            return Estimate(value=NAN, warnings=(why, *self.notes))
        a, b = self.scores
        m = len(a)
        if order is not None:
            rows = np.argsort(np.argsort(order[np.isin(order, np.flatnonzero(self.used))]))
            value = sum(a[t] @ b[row, rows] for t, row in enumerate(rows)) / (m * (m - 1))
            return Estimate(value=float(value))
        value = float(np.einsum("st,st->", a, b) / (m * (m - 1)))
        phi = None
        if influence:
            phi = np.zeros(len(self.used))
            phi[self.used] = SCORES[self.compare](a, b, value) * 2 / (m * (m - 1))
        return Estimate(value=value, influence=phi, in_sample=value, notes=self.notes)


def rsa(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    rdm: str = "euclidean",
    compare: str = "pearson",
) -> Score:
    r"""Correlation between two systems' representational dissimilarity matrices.

    ``d_st`` is the dissimilarity of the responses to stimuli ``s`` and ``t``; the value is the
    correlation of ``d^x_st`` and ``d^y_st`` over pairs ``s < t``.

    Parameters
    ----------
    x, y, permutations, resamples, rng
        As in ``semi_matching``.
    protocol : {"unbraid", "longon2025"}
        ``longon2025``: silent units and stimuli dropped (jointly), rows centred and normalised,
        correlation distance, Pearson.
    folds : int or array of labels
        As in ``cka``: nothing is held out.
    rdm : {"euclidean", "correlation"}
        Squared Euclidean distance, or 1 - Pearson r over units. Stimuli whose responses do not
        differ between units have no correlation distance and are left out on both sides.
    compare : {"pearson", "spearman", "cosine"}
        Spearman gives ties their mean rank; cosine takes dissimilarities as they are, so that 0
        stands for no difference (for unrelated systems it is far above 0: see ``null``).

    Returns
    -------
    Score
        In [-1, 1]; 1 if the dissimilarities are proportional (Pearson) or equally ordered
        (Spearman). NaN, with a warning, if all dissimilarities of a side are equal.

    Notes
    -----
    Symmetric. Euclidean: invariant to rotation, common scaling and shift; correlation distance is
    not invariant to rotation or shift. ``p_value`` permutes stimuli (Mantel test). Intervals are
    first-order over stimuli, not over pairs. Cost O(n^2 (p + q)) time, O(n^2) memory.

    References
    ----------
    Kriegeskorte, Mur & Bandettini (2008).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(rsa(x, 2 * x[:, ::-1] + 1).value, 12)
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng
    )
    estimators: dict[str, type[Estimator]] = {"unbraid": Rsa, "longon2025": LongonRsa}
    return judge("rsa", estimators, x, y, judging, rdm=rdm, compare=compare)
