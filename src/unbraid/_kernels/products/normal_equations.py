"""The sums that least squares of a dictionary needs, in one pass over sparse codes."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np


@dataclass(frozen=True, eq=False)
class CodeSums:
    """Sums over stimuli of codes ``Z (n, m)`` and what they leave, ``R (n, p)``."""

    squares: np.ndarray
    """``Z'Z`` of shape (m, m), summed in the codes' own type."""
    products: np.ndarray
    """``Z'R`` of shape (m, p), summed in the codes' own type."""
    means: np.ndarray
    """Mean code of each latent, (m,), summed in the codes' own type."""
    used: np.ndarray
    """Number of stimuli with a code that is not 0, (m,)."""


def sums(active: np.ndarray, codes: np.ndarray, residual: np.ndarray, m: int, *,
         squares: bool = True) -> CodeSums:  # fmt: skip
    """Return the sums of codes given as active latents (n, k), -1 for none, and values (n, k).

    Stimuli are added one after another, without fused multiplications, so that the bits depend
    neither on threads nor on the processor. Cost n (l0^2 + l0 p + k); without ``squares``, which
    then are of shape (0, 0), n (l0 p + k).
    """
    kind = codes.dtype
    found = CodeSums(
        np.zeros((m, m) if squares else (0, 0), kind),
        np.zeros((m, residual.shape[1]), kind),
        np.zeros(m, kind),
        np.zeros(m, np.int64),
    )
    work = found.squares, found.products, found.means, found.used
    _add(active, codes, residual, work)
    return found


@numba.njit(nogil=True, cache=True)
def _add(active, codes, residual, work):
    squares, products, means, used = work
    n, k = active.shape
    share = codes.dtype.type(1 / n)
    here = np.empty(k, np.int64)
    for i in range(n):
        count = 0
        for a in range(k):
            if active[i, a] >= 0 and codes[i, a] != 0:
                here[count] = a
                count += 1
        for a in range(count):
            latent, code = active[i, here[a]], codes[i, here[a]]
            used[latent] += 1
            means[latent] += code * share
            for c in range(residual.shape[1]):
                products[latent, c] += code * residual[i, c]
            if len(squares):
                for b in range(count):
                    squares[latent, active[i, here[b]]] += code * codes[i, here[b]]
