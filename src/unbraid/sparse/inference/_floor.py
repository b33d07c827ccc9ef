"""Which codes count: those that add more to a stimulus than noise would."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

from unbraid.sparse.inference._infer import unit_splits

_SHARES = (2.0, 1.5, 1.25, 1.0, 0.75, 0.5, 0.25)  # of the noise of a unit
_AS_WELL = 1.01  # error on held-out units, relative to the least, that counts as no worse
_LITTLE = 5e-4  # the same as a share of the variance
_EXACT = 1e-4  # share of the variance that is noise at least: atoms are not learned more exactly


def above(codes: sp.csr_array, atoms: np.ndarray, floor: float) -> sp.csr_array:
    """Return the codes with exact zeros where ``|z_j| |a_j| <= floor``."""
    length = np.sqrt(np.square(atoms, dtype=np.float64).sum(axis=1))
    counts = np.abs(codes.data) * length[codes.indices] > floor
    if counts.all():
        return codes
    kept = np.concatenate([[0], np.cumsum(counts)])
    return sp.csr_array(
        (codes.data[counts], codes.indices[counts], kept[codes.indptr]), codes.shape
    )


def learned_floor(
    x: np.ndarray, atoms: np.ndarray, code: Callable[[np.ndarray], sp.csr_array]
) -> float:
    """Return the size ``|z_j| |a_j|`` up to which codes of ``x (n, p)`` add nothing but noise.

    ``code(shown)`` returns the codes (n, m) inferred from the units of a mask (p,); ``x`` is
    without its offset. The noise of a unit is the root mean square error with which codes inferred
    from the other units predict it, a hundredth of its standard deviation at least. The floor is
    the largest of 2, 1.5, 1.25, 1, 3/4, 1/2 and 1/4 times this noise with which held-out units are
    predicted as well (within a hundredth of the error, or a two-thousandth of the variance) as with
    any smaller one; 0 where none is, or where there is one unit alone.
    """
    hidden = unit_splits(x.shape[1])
    if len(hidden) < 2:
        return 0.0
    codes = [code(~group) for group in hidden]

    def error(floor: float) -> float:
        wrong = 0.0
        for group, found in zip(hidden, codes, strict=True):
            guess = above(found, atoms, floor) @ atoms[:, group]
            wrong += float(np.square(x[:, group] - guess, dtype=np.float64).sum())
        return wrong

    plain = error(0.0)
    total = float(np.square(x - x.mean(0), dtype=np.float64).sum())
    noise = float(np.sqrt((plain + _EXACT * total) / x.size))
    floors = [share * noise for share in _SHARES]
    errors = [error(floor) for floor in floors]
    enough = _AS_WELL * min(plain, *errors) + _LITTLE * total
    return next((f for f, wrong in zip(floors, errors, strict=True) if wrong <= enough), 0.0)
