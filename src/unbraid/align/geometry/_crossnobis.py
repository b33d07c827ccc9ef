"""Cross-validated Mahalanobis distances: 0 on average where there is no difference."""

from __future__ import annotations

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from unbraid.align._dense import check_memory
from unbraid.errors import InputError
from unbraid.stats import Folds

_ROUNDING_SQUARED = 1e-24  # share of a unit's squares below which its noise is rounding


def crossnobis(repeats: np.ndarray, folds: Folds, name: str) -> np.ndarray:
    """(n, n) mean over pairs of different repeats of the product of their whitened differences.

    The noise that whitens a pair of stimuli is estimated on the other folds' stimuli, so that it
    is independent of the pair's own noise: the expectation is the true distance, 0 for none.
    """
    trials = np.asarray(repeats, dtype=np.float64)
    n_repeats, n, p = trials.shape
    if n_repeats < 2 or np.isnan(trials).any():
        raise InputError(
            f"rdm='crossnobis' needs at least two repeats of every stimulus, got {n_repeats} "
            f"repeats of {name} with {int(np.isnan(trials).any(axis=2).sum())} missing trials. "
            "Leave out stimuli or repeats that are not whole."
        )
    check_memory(8.0 * (2 * trials.size + 4 * p * p + n * n), f"crossnobis distances of {name}")
    residuals = trials - trials.mean(axis=0)
    labels, answer = np.asarray(folds), np.empty((n, n))
    for first in range(folds.n_folds):
        for second in range(first, folds.n_folds):
            away = (labels != first) & (labels != second)
            if not away.any():
                raise InputError("rdm='crossnobis' needs at least 3 folds: pass folds=3 or more.")
            rows = np.flatnonzero(~away)
            distances = _distances(trials[:, rows], residuals[:, away], name)
            a, b = (np.flatnonzero(labels[rows] == fold) for fold in (first, second))
            answer[np.ix_(rows[a], rows[b])] = distances[np.ix_(a, b)]
            answer[np.ix_(rows[b], rows[a])] = distances[np.ix_(b, a)]
    return answer


def _distances(trials: np.ndarray, residuals: np.ndarray, name: str) -> np.ndarray:
    n_repeats, n_away, p = residuals.shape
    noise = residuals.reshape(-1, p)
    size = np.einsum("rti,rti->i", trials, trials)
    known = np.einsum("ti,ti->i", noise, noise) > _ROUNDING_SQUARED * size
    if not known.any():
        raise InputError(
            f"rdm='crossnobis': no unit of {name} varies between repeats, so its noise is unknown. "
            "Use rdm='euclidean' for responses without noise."
        )
    covariance = shrunk_covariance(noise[:, known], n_away * (n_repeats - 1))
    root = cholesky(covariance, lower=True)
    flat = trials[:, :, known].reshape(-1, int(known.sum()))
    white = solve_triangular(root, flat.T, lower=True).T.reshape(*trials.shape[:2], -1)
    total = white.sum(axis=0)
    gram = total @ total.T - np.einsum("rsi,rti->st", white, white, optimize=True)
    gram /= n_repeats * (n_repeats - 1) * white.shape[2]
    own = gram.diagonal()
    return own + own[:, None] - 2 * gram


def shrunk_covariance(residuals: np.ndarray, dof: int) -> np.ndarray:
    """(p, p) covariance of residuals (N, p), correlations shrunk to 0 (Schafer & Strimmer 2005).

    The share is the estimated variance of the correlations over the sum of their squares.
    """
    n, p = residuals.shape
    spread = np.sqrt(np.einsum("ti,ti->i", residuals, residuals) / dof)
    unit = residuals / spread
    products = unit.T @ unit
    mean = products / (n - 1)
    np.fill_diagonal(mean, 0.0)
    squares = unit**2
    of_squares = ((squares.sum(axis=1) ** 2).sum() - (squares**2).sum()) / (n - 1)
    total = float((mean**2).sum())
    share = n / dof**2 * (of_squares - total) / total if total > 0 else 1.0
    answer = products / dof * (1 - min(max(share, 0.0), 1.0))
    np.fill_diagonal(answer, 1.0)
    return answer * np.outer(spread, spread) if p > 1 else np.atleast_2d(spread**2)
