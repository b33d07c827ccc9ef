"""Rows in whole numbers of eight bits, with a bound on what that loses."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from unbraid._kernels.threads import in_blocks

_FAST = {"reassoc", "contract", "nsz", "arcp"}
_ABOVE = np.float32(1.0001)  # norms are summed in float32, but must bound


class Quantised(NamedTuple):
    """``rows * factors ~ step[:, None] * whole``."""

    whole: np.ndarray
    """Array of int8, shape (n, p), in -127..127."""
    step: np.ndarray
    """Array of shape (n,)."""
    length: np.ndarray
    """No less than the norm of each row, factors included, (n,)."""
    wrong: np.ndarray
    """No less than the norm of each row's error, (n,)."""


def quantise(rows: np.ndarray, factors: np.ndarray) -> Quantised:
    """Return ``rows (n, p)``, float32, with columns multiplied by ``factors (p,)``."""
    n = len(rows)
    done = Quantised(np.empty(rows.shape, np.int8), *np.empty((3, n), np.float32))
    in_blocks(_quantise, n, rows, factors, *done, least=64)
    return done


@numba.njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def _quantise(start, stop, rows, factors, whole, step, length, wrong):
    kind, p = rows.dtype.type, rows.shape[1]
    line = np.empty(p, rows.dtype)
    bits = line.view(np.int32)  # sizes are ordered as their bits are: whole numbers vectorise
    most = np.empty(1, rows.dtype)
    for i in range(start, stop):
        largest, squares, errors = np.int32(0), kind(0), kind(0)
        for c in range(p):
            line[c] = rows[i, c] * factors[c]
            squares += line[c] * line[c]
        for c in range(p):
            largest = max(largest, bits[c] & np.int32(0x7FFFFFFF))
        most.view(np.int32)[0] = largest
        unit = max(most[0], kind(1e-30)) / kind(127)
        inverse = kind(1) / unit
        for c in range(p):
            nearest = np.rint(line[c] * inverse)
            error = line[c] - nearest * unit
            errors += error * error
            whole[i, c] = np.int32(nearest)
        step[i] = unit
        length[i] = np.sqrt(squares) * _ABOVE
        wrong[i] = np.sqrt(errors) * _ABOVE
