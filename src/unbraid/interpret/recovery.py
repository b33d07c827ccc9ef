"""How well units or latents stand for features that are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.responses import pair

_ROWS = 8192  # stimuli made dense at a time: 64 MiB for 1,024 latents


def feature_correlations(units: Any, features: Any) -> np.ndarray:
    """Correlation of every unit or latent with every feature.

    Parameters
    ----------
    units : Responses, Codes or array of shape (n, m)
        Units, or latents of a sparse code.
    features : Responses or array of shape (n, N)
        The truth. Rows are matched by stimulus id where both sides have ids.

    Returns
    -------
    array of shape (m, N)
        Pearson r; 0 where either side never varies: a dead latent stands for nothing.

    Raises
    ------
    InputError
        Different stimuli.

    Notes
    -----
    Moments are added up in float64 over blocks of stimuli. Cost: n m N.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> features = rng.random((1000, 4)) * (rng.random((1000, 4)) < 0.2)
    >>> feature_correlations(-2 * features[:, :1], features[:, :1]).round(6).tolist()
    [[-1.0]]
    """
    x, z = pair(units, features)
    n, m = x.shape
    cross = np.zeros((m, z.shape[1]))
    sums = [np.zeros(m), np.zeros(z.shape[1])]
    squares = [np.zeros(m), np.zeros(z.shape[1])]
    shift = [_some_row(x.values), _some_row(z.values)]
    for start in range(0, n, _ROWS):
        blocks = [
            _dense(side.values[start : start + _ROWS]) - s
            for side, s in zip((x, z), shift, strict=True)
        ]
        cross += blocks[0].T @ blocks[1]
        for i, block in enumerate(blocks):
            sums[i] += block.sum(axis=0)
            squares[i] += np.square(block).sum(axis=0)
    spread = [np.maximum(sq - s**2 / n, 0) for sq, s in zip(squares, sums, strict=True)]
    varies = [v > 1e-12 * np.maximum(sq, 1e-300) for v, sq in zip(spread, squares, strict=True)]
    norm = np.sqrt(np.outer(*spread))
    alive = np.outer(*varies)
    covariance = cross - np.outer(*sums) / n
    return np.where(alive, np.clip(covariance / np.where(alive, norm, 1), -1, 1), 0.0)


def best_correlations(units: Any, features: Any) -> np.ndarray:
    """Return the largest correlation that each feature (N,) has with any unit; signed.

    Parameters
    ----------
    units : Responses, Codes or array of shape (n, m)
        Units, or latents of a sparse code.
    features : Responses or array of shape (n, N)
        The truth.

    Returns
    -------
    array of shape (N,)
        In [-1, 1]; signed, and several features may have the same unit.

    Raises
    ------
    InputError
        Different stimuli.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> features = rng.random((1000, 4)) * (rng.random((1000, 4)) < 0.2)
    >>> best_correlations(features[:, :3], features).round(1).tolist()[:3]
    [1.0, 1.0, 1.0]
    """
    return feature_correlations(units, features).max(axis=0)


def mcc(units: Any, features: Any) -> float:
    """Mean correlation of features with their own unit, after one-to-one matching.

    ``1/N sum_k |r_(sigma(k), k)|`` for the best injective sigma; a feature without a unit counts 0.

    Parameters
    ----------
    units : Responses, Codes or array of shape (n, m)
        Units, or latents of a sparse code.
    features : Responses or array of shape (n, N)
        The truth.

    Returns
    -------
    float
        In [0, 1]; 1 if every feature is some unit up to sign and scale.

    Raises
    ------
    InputError
        Different stimuli.

    Notes
    -----
    Cost: n m N for the correlations, and the assignment.

    References
    ----------
    Hyvarinen and Morioka (2016), Unsupervised feature extraction by time-contrastive learning.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> features = rng.random((1000, 4)) * (rng.random((1000, 4)) < 0.2)
    >>> round(mcc(-features[:, ::-1], features), 6), round(mcc(features[:, :2], features), 6)
    (1.0, 0.5)
    """
    return matched_mean(np.abs(feature_correlations(units, features)))


def dictionary_mcc(atoms: Any, true_atoms: Any) -> float:
    """Mean ``|cosine|`` of true directions with their own atom, after one-to-one matching.

    Parameters
    ----------
    atoms : array of shape (m, p)
        Learned directions, one per row; a row of zeros has cosine 0.
    true_atoms : array of shape (N, p)
        True directions, one per row.

    Returns
    -------
    float
        In [0, 1]; 1 if every true direction is some atom up to sign and length. Directions without
        an atom count 0.

    Raises
    ------
    InputError
        Directions in other units.

    Notes
    -----
    It can be high where codes are useless: judge recovery by ``mcc``.

    Examples
    --------
    >>> dictionary_mcc([[0, -2], [1, 0], [1, 1]], [[1, 0], [0, 1]])
    1.0
    """
    a, b = _validate.as_matrix(atoms, "atoms"), _validate.as_matrix(true_atoms, "true_atoms")
    if a.shape[1] != b.shape[1]:
        raise InputError(
            f"atoms and true_atoms must live in the same units, got {a.shape[1]} and {b.shape[1]}."
        )
    norm = np.outer(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1))
    return matched_mean(np.abs(a @ b.T) / np.where(norm > 0, norm, np.inf))


def matched_mean(similarity: np.ndarray) -> float:
    """Mean over columns of their similarity under the best one-to-one matching; unmatched: 0.

    Parameters
    ----------
    similarity : array of shape (m, N)
        Of each unit (row) with each feature (column).

    Returns
    -------
    float
        Sum over the best one-to-one matching, over N.

    Examples
    --------
    >>> import numpy as np
    >>> matched_mean(np.array([[1.0, 0.0, 0.0], [0.9, 0.5, 0.0]]))
    0.5
    """
    from scipy.optimize import linear_sum_assignment

    return float(similarity[linear_sum_assignment(-similarity)].sum() / similarity.shape[1])


def _dense(block: Any) -> np.ndarray:
    return np.asarray(block.toarray() if sp.issparse(block) else block, dtype=np.float64)


def _some_row(values: Any) -> np.ndarray:
    """Return a row to subtract first, so that a large common offset costs no precision."""
    return np.zeros(values.shape[1]) if sp.issparse(values) else _dense(values[:64]).mean(axis=0)
