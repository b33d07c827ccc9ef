"""A value of each latent in each system, on a support that all systems tell together."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.optimize import nnls

_FEW = 10  # stimuli on which a latent is active in both systems


def values_by_system(
    x: np.ndarray, codes: Any, atoms: np.ndarray, offset: np.ndarray, *, signed: bool
) -> sp.csr_array:
    """Return codes (n, m) on the support of joint ``codes``, fitted to one system's units.

    Non-negative least squares of each stimulus on the atoms that are active, least squares where
    codes are signed. An atom that is zero in the system has the value 0.
    """
    found = sp.csr_array(codes, copy=True).astype(np.float64)
    for row in range(len(x)):
        start, stop = found.indptr[row], found.indptr[row + 1]
        if start == stop:
            continue
        part = atoms[found.indices[start:stop]].astype(np.float64).T
        target = (x[row] - offset).astype(np.float64)
        if signed:
            found.data[start:stop] = np.linalg.lstsq(part, target, rcond=None)[0]
        else:
            found.data[start:stop] = nnls(part, target)[0]
    return found


def correlation_of_values(
    values: list[sp.csr_array], lies: np.ndarray, support: sp.csr_array
) -> np.ndarray:
    """Return the correlation (m,) of each latent's values in the systems that it lies in.

    Over the stimuli on which it is active, the least over pairs of systems; NaN for a latent of one
    system, or with fewer than ten such stimuli. Low: presence is shared, magnitude is not.
    """
    columns = [sp.csc_array(each) for each in values]
    shape = sp.csc_array(support)
    found = np.full(support.shape[1], np.nan)
    for latent in range(support.shape[1]):
        rows = shape.indices[shape.indptr[latent] : shape.indptr[latent + 1]]
        inside = np.flatnonzero(lies[latent])
        if len(inside) < 2 or len(rows) < _FEW:
            continue
        dense = np.array([columns[s][:, [latent]].toarray()[rows, 0] for s in inside])
        if (dense.std(axis=1) > 0).all():
            found[latent] = float(np.corrcoef(dense).min())
    return found
