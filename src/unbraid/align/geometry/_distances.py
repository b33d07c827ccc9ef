"""Distances between systems that obey the triangle inequality."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid._kernels.linear_algebra.rotation import overlap
from unbraid._validate import check_number
from unbraid.align._dense import to_dense
from unbraid.errors import InputError
from unbraid.responses import pair


def shape_distance(x: Any, y: Any, *, alpha: float = 1.0, kind: str = "angular") -> float:
    r"""Distance between two shapes: what no rotation and shift can remove.

    Each side is centred and partially whitened, ``X (alpha I + (1 - alpha) (X'X)^{-1/2})``, then
    with the nuclear norm ``|.|_*`` over the best rotation

    .. math:: \arccos\frac{|X^\top Y|_*}{\|X\| \|Y\|} \quad\text{or}\quad
              \sqrt{\|X\|^2 + \|Y\|^2 - 2 |X^\top Y|_*}

    Parameters
    ----------
    x, y : array (n, p) and (n, q), CSR matrix or Responses
        The two systems; rows are matched by stimulus id where both have ids.
    alpha : float
        1: rotations only; 0: any invertible linear map (canonical correlations).
    kind : {"angular", "euclidean"}
        Angle between the aligned shapes, in radians; or their distance, in the units of the
        responses.

    Returns
    -------
    float
        0 for the same shape; at most pi / 2 (angular). NaN if a side is constant.

    Notes
    -----
    A metric: symmetric, triangle inequality. Angular: also invariant to common scaling. In-sample:
    unrelated systems come close to each other when units outnumber stimuli; ``procrustes`` is the
    held-out score. Cost O(n p q) and one singular value decomposition.

    References
    ----------
    Williams et al. (2021), Generalized shape metrics on neural representations, eq. 6-9.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(shape_distance(x, 2 * x[:, ::-1] + 1), 6)
    0.0
    """
    if kind not in ("angular", "euclidean"):
        raise InputError(f"kind must be 'angular' or 'euclidean', got {kind!r}.")
    check_number(alpha, "alpha")
    if not 0 <= alpha <= 1:
        raise InputError(f"alpha must lie in [0, 1], got {alpha}.")
    a, b = (_whitened(side, alpha) for side in _centred(x, y))
    norms = np.linalg.norm(a), np.linalg.norm(b)
    if not (norms[0] > 0 and norms[1] > 0):
        return float("nan")
    if kind == "euclidean":
        return float(np.sqrt(max(0.0, float(norms[0] ** 2 + norms[1] ** 2) - 2 * overlap(a, b))))
    apart = np.sqrt(
        max(0.0, 2 - 2 * overlap(a / norms[0], b / norms[1]))
    )  # chord: keeps digits that arccos loses near 0
    return float(2 * np.arcsin(min(1.0, apart / 2)))


def soft_matching_distance(x: Any, y: Any) -> float:
    r"""Optimal transport distance between the tuning curves of two systems.

    .. math:: \sqrt{\min_P \sum_{ij} P_{ij} \| \hat x_i - \hat y_j \|^2}

    over plans with uniform marginals; units are centred and have unit norm.

    Parameters
    ----------
    x, y : array (n, p) and (n, q), CSR matrix or Responses
        The two systems; rows are matched by stimulus id where both have ids.

    Returns
    -------
    float
        In [0, 2]; 0 if both hold the same units in the same proportions. NaN if a side has no
        unit that varies; constant units are left out.

    Notes
    -----
    A metric: symmetric, triangle inequality (Wasserstein-2 between clouds of units). For equal
    numbers it is the best one-to-one matching. ``1 - d^2 / 2`` is the in-sample soft-matching
    correlation. Exact, by network simplex. Cost O(n p q), O(p q) memory.

    References
    ----------
    Khosla & Williams (2024), arXiv 2311.09466.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(soft_matching_distance(x, np.hstack([x, x])), 6)
    0.0
    """
    from unbraid._kernels.matching.network_simplex import transport

    a, b = (_unit(side) for side in _centred(x, y))
    if not (a.size and b.size):
        return float("nan")
    plan = transport(a.T @ b)
    i, j = plan.sources, plan.targets
    return float(np.sqrt(plan.mass @ ((a[:, i] - b[:, j]) ** 2).sum(axis=0)))


def _centred(x: Any, y: Any) -> list[np.ndarray]:
    x, y = pair(x, y)
    values = [to_dense(side, name) for side, name in ((x, "x"), (y, "y"))]
    return [v - v.mean(axis=0) for v in values]


def _unit(x: np.ndarray) -> np.ndarray:
    norm = np.linalg.norm(x, axis=0)
    alive = norm > 1e-12 * np.abs(x).max(initial=0.0)
    return x[:, alive] / norm[alive]


def _whitened(x: np.ndarray, alpha: float) -> np.ndarray:
    if alpha == 1 or not x.any():
        return x
    left, values, right = np.linalg.svd(x, full_matrices=False)
    kept = values > 1e-10 * values[0]
    values = np.where(kept, alpha * values + (1 - alpha), 0.0)
    return (left * values) @ right
