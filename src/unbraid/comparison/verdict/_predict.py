"""What theory says the scores should be, where the truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from unbraid import theory
from unbraid.align import Score
from unbraid.comparison._split import Split
from unbraid.comparison.dictionaries._system import Pair
from unbraid.responses import Responses

_MOST_UNITS = 2048  # of both sides together; beyond it the closed forms cost more than the scores
_MOST_STIMULI = 8192  # they determine covariances to a hundredth, at seconds


PREDICTED = tuple(name for name in theory.PREDICTABLE if name != "rsa")
"""Metrics that follow from second moments; RSA also needs the features' kurtosis."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A score that theory expects, beside the score that was measured."""

    metric: str
    source: str
    target: str
    systems: str
    seed: int | None
    predicted: float
    measured: float
    linear: tuple[float, float]
    """Share of the variance of source and of target that is linear in the true features."""

    def record(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {**vars(self), "linear": list(self.linear)}


def predictions(
    parts: Split,
    lifted: Sequence[Pair],
    features: Responses,
    by: Any,
    scores: Sequence[Score],
) -> tuple[Prediction, ...]:
    """Predict base -> base and codes -> codes from encodings fitted on the training stimuli.

    Each side is written ``z A + e`` with the true features z: A by least squares, e what is left.
    If two systems share nothing but z, their errors are independent, and each score follows from
    A, B, and the covariances of z and of both errors, by the closed forms of ``unbraid.theory``
    (the errors are features that one system has alone). For codes that each stand for one feature
    it is ``mean_k rho_a,k rho_b,k``. No alignment stimulus takes part in a prediction.

    Parameters
    ----------
    features : Responses of shape (n_train, N)
        True features of the training stimuli, row by row.

    Notes
    -----
    Cost: ``n (N + p)^2 + (N + p + q)^2 (p + q)`` a pair of sides; pairs of more than 2048 units
    together are left out. Finitely many training stimuli overestimate the best of p matches, by at
    most ``theory.in_sample_bias(p, n_train)``.
    """
    rows = slice(0, _MOST_STIMULI)
    z = features.toarray()[rows]
    x, y = (train.take(np.arange(len(z))) for train in (parts.x_train, parts.y_train))
    pairs: list[tuple[str, int | None, Any, Any]] = [("base", None, x, y)]
    for seed, (of_x, of_y) in enumerate(lifted):
        if of_x is not None and of_y is not None:
            codes = of_x.dictionary.encode(x, by=by), of_y.dictionary.encode(y, by=by)
            pairs.append(("codes", seed, *codes))
    found: list[Prediction] = []
    for side, seed, source, target in pairs:
        wanted = [
            s
            for s in scores
            if (s.source, s.target, s.systems, s.seed) == (side, side, "x->y", seed)
            and s.metric in PREDICTED
        ]
        if wanted and source.shape[1] + target.shape[1] <= _MOST_UNITS:
            found += _of_pair(wanted, z, source.toarray(), target.toarray())
    return tuple(found)


def _of_pair(
    wanted: Sequence[Score], z: np.ndarray, source: np.ndarray, target: np.ndarray
) -> list[Prediction]:
    a, b, linear = encodings(z, source, target)
    return [
        Prediction(
            metric=score.metric,
            source=score.source,
            target=score.target,
            systems=score.systems,
            seed=score.seed,
            predicted=theory.predict(score.metric, a, b),
            measured=float(score.value),
            linear=linear,
        )
        for score in wanted
    ]


def encodings(
    z: np.ndarray, source: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[float, float]]:
    """Return both sides as encodings of uncorrelated features, and how linear each is.

    Parameters
    ----------
    z : array of shape (n, N)
        True features.
    source, target : array of shape (n, p), (n, q)

    Returns
    -------
    a, b : arrays of shape (N + p + q, p), (N + p + q, q)
        Columns of unit-variance directions: those of the features, then of each side's own errors.
        Units that never vary are left out.
    linear : tuple of float
        Share of each side's variance that is linear in z; 0 where nothing varies.
    """
    z = z - z.mean(axis=0)
    tops, errors, linear = [], [], []
    for side in (source, target):
        side = side.astype(np.float64)
        side = side - side.mean(axis=0)
        side = side[:, np.abs(side).max(axis=0) > 0]
        weights = scipy.linalg.lstsq(z, side)[0]
        left = side - z @ weights
        tops.append(np.linalg.qr(z, mode="r") @ weights)
        errors.append(np.linalg.qr(left, mode="r"))
        total = float(np.square(side).sum())
        linear.append(1 - float(np.square(left).sum()) / total if total > 0 else 0.0)
    own, other = errors
    a = np.vstack([tops[0], own, np.zeros((len(other), tops[0].shape[1]))])
    b = np.vstack([tops[1], np.zeros((len(own), tops[1].shape[1])), other])
    return a, b, (linear[0], linear[1])
