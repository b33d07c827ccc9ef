"""Plain matching pursuit: greedy steps, none of which is taken back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.products import linear


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
    rows, active, codes = [open_[:0]], [open_[:0]], [h[:0, 0]]
    taken = np.zeros((len(h), weights.shape[1]), bool) if rule.until_repeat else None
    for _ in range(rule.steps):
        scores = linear.product(left[open_], weights)
        best = scores.argmax(1)
        value = scores[np.arange(len(open_)), best]
        value = np.maximum(value, 0) if rule.rectified else value
        left[open_] -= value[:, None] * atoms[best]
        done = value == 0  # what is left does not change any more
        if taken is not None:
            done |= taken[open_, best]
            taken[open_, best] = True
        if rule.tolerance > 0:
            done |= np.linalg.norm(left[open_], axis=1) < rule.tolerance
        rows.append(open_)
        active.append(best)
        codes.append(value)
        open_ = open_[~done]
        if not len(open_):
            break
    entries = np.concatenate(codes), (np.concatenate(rows), np.concatenate(active))
    csr = sp.csr_array(sp.coo_array(entries, (len(h), weights.shape[1])))
    csr.sum_duplicates()
    csr.eliminate_zeros()
    return csr
