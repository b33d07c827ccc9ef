"""Codes by their posterior mean, sampled, and how well they predict units held out."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.codes.gibbs import mean
from unbraid._kernels.products.row_products import row_products
from unbraid.sparse.inference._infer import unpredicted, validation_rows
from unbraid.sparse.inference._prior import Prior, check_latents

# Of a chain, and those left out: 80 draws, whose mean errs by a ninth of a code's own spread
_MEAN_SWEEPS, _BURN = 120, 40
_NUMBERS = 2**24  # codes held dense at once


def posterior_mean(x: np.ndarray, atoms: np.ndarray, prior: Prior) -> sp.csr_array:
    """Return the expected codes (n, m) of ``x``, offset already subtracted.

    ``E[s * z | x]``, the estimate with the least squared error, by Gibbs sampling: 120 sweeps,
    of which 40, with noise that falls to what it is, are left out. Codes of latents that are surely
    off are zero, and those of atoms of length zero. Cost: 120 sweeps of n m, and m for each code
    that changes; m^2 numbers are held.
    """
    check_latents(len(atoms))
    rows = max(1, _NUMBERS // len(atoms))
    parts = [
        sp.csr_array(_mean(x[start : start + rows], atoms, prior))
        for start in range(0, len(x), rows)
    ]
    return parts[0] if len(parts) == 1 else sp.csr_array(sp.vstack(parts, format="csr"))


def held_out_units_by(x: np.ndarray, atoms: np.ndarray, prior: Prior) -> float:
    """Return what ``_lasso_and_pursuit.held_out_units`` does, codes being posterior means."""
    x = validation_rows(x)
    return unpredicted(
        x, lambda hidden: _mean(x[:, ~hidden], atoms[:, ~hidden], prior) @ atoms[:, hidden]
    )


def means_from_units(
    x: np.ndarray, atoms: np.ndarray, prior: Prior, shown: np.ndarray
) -> sp.csr_array:
    """Return the expected codes (n, m) given the units of a mask (p,), offset subtracted."""
    return sp.csr_array(_mean(x[:, shown], atoms[:, shown], prior))


def _mean(x: np.ndarray, atoms: np.ndarray, prior: Prior) -> np.ndarray:

    x, atoms = np.ascontiguousarray(x, np.float32), np.ascontiguousarray(atoms, np.float32)
    gram = atoms @ atoms.T
    codes = mean(row_products(x, atoms.T), gram, prior.numbers(), signed=prior.signed,
                 sweeps=_MEAN_SWEEPS, burn=_BURN)  # fmt: skip
    codes[:, np.diag(gram) == 0] = 0
    return codes
