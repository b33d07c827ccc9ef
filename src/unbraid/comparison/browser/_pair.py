"""Two latents side by side: stimuli that excite both, those that excite one, a scatter plot."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from unbraid import report

_LIKED = 8  # stimuli of each kind
_POINTS, _SURE = 150, 40  # points of a scatter; the strongest of each latent are among them
_SILENT = 0.1  # up to this share of its largest code a latent counts as not excited


def pair_of(x: sp.csc_array, y: sp.csc_array, source: int, target: int) -> report.LatentPair:
    """Return latent ``source`` of x beside latent ``target`` of y; codes (n, m) by columns."""
    (rows_x, of_x), (rows_y, of_y) = _column(x, source), _column(y, target)
    rows = np.union1d(rows_x, rows_y)
    a, b = np.zeros(len(rows)), np.zeros(len(rows))
    a[np.searchsorted(rows, rows_x)] = of_x
    b[np.searchsorted(rows, rows_y)] = of_y
    size_a, size_b = _share(a), _share(b)
    both = np.where(a * b > 0, np.minimum(size_a, size_b), 0.0)
    drawn = _drawn(size_a, size_b, np.random.default_rng([source, target]))
    return report.LatentPair(
        points=list(zip(a[drawn].tolist(), b[drawn].tolist(), strict=True)),
        n_either=len(rows),
        both=_most(rows, both),
        only_other=_most(rows, np.where(size_b < _SILENT, size_a, 0.0)),
        only_own=_most(rows, np.where(size_a < _SILENT, size_b, 0.0)),
    )


def _column(codes: sp.csc_array, latent: int) -> tuple[np.ndarray, np.ndarray]:
    part = slice(codes.indptr[latent], codes.indptr[latent + 1])
    return codes.indices[part], codes.data[part]


def _share(values: np.ndarray) -> np.ndarray:
    """Return sizes in shares of the largest."""
    size = np.abs(values)
    largest = size.max(initial=0.0)
    return size / largest if largest else size


def _most(rows: np.ndarray, size: np.ndarray) -> list[int]:
    best = np.argsort(-size, kind="stable")[:_LIKED]
    return [int(rows[at]) for at in best if size[at] >= _SILENT]


def _drawn(size_a: np.ndarray, size_b: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return which points are drawn: all, or the strongest of each latent and some others."""
    n = len(size_a)
    if n <= _POINTS:
        return np.arange(n)
    sure = np.concatenate([np.argsort(-size, kind="stable")[:_SURE] for size in (size_a, size_b)])
    others = rng.permutation(np.setdiff1d(np.arange(n), sure))
    return np.sort(np.concatenate([np.unique(sure), others[: _POINTS - len(np.unique(sure))]]))
