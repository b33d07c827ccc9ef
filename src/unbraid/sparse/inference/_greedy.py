"""Plain matching pursuit: greedy steps, none of which is taken back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp


@dataclass(frozen=True, kw_only=True)
class Greedy:
    """When the steps of a pursuit end."""

    steps: int
    """Most steps."""
    rectified: bool = True
    """Whether a latent that points away from what is left adds nothing; if not, its code falls."""
    tolerance: float = 0.0
    """A stimulus is done once what is left of it is shorter; 0: never for this reason."""
    until_repeat: bool = False
    """Whether a stimulus is done once a step adds no new latent (that step still counts)."""


def pursue(h: np.ndarray, weights: np.ndarray, atoms: np.ndarray, rule: Greedy) -> sp.csr_array:
    """Return the codes of ``h (n, p)``; a latent taken again adds to its code.

    ``j = argmax_j <weights_j, r>``, ``v = <weights_j, r>`` (at least 0 where rectified),
    ``z_j += v``, ``r -= v atoms_j``, from ``r = h`` on.
    """
    left, open_ = np.array(h), np.arange(len(h))
    active = np.full((len(h), rule.steps), -1, np.int64)
    codes = np.zeros((len(h), rule.steps), h.dtype)
    for step in range(rule.steps):
        scores = left[open_] @ weights
        best = scores.argmax(1)
        value = scores[np.arange(len(open_)), best]
        value = np.maximum(value, 0) if rule.rectified else value
        left[open_] -= value[:, None] * atoms[best]
        done = value == 0  # what is left does not change any more
        if rule.until_repeat:
            done |= (active[open_, :step] == best[:, None]).any(1)
        if rule.tolerance > 0:
            done |= np.linalg.norm(left[open_], axis=1) < rule.tolerance
        active[open_, step], codes[open_, step] = best, value
        open_ = open_[~done]
        if not len(open_):
            break
    rows, steps = np.nonzero(codes)
    entries = (codes[rows, steps], (rows, active[rows, steps]))
    csr = sp.csr_array(sp.coo_array(entries, (len(h), weights.shape[1])))
    csr.sum_duplicates()
    csr.eliminate_zeros()
    return csr
