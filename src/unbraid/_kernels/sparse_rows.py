"""Decoding and gradients that touch only the active latents: cost n·k·p in place of n·m·p.

``active (n, k)`` holds latents as int32 (-1: none), ``codes (n, k)`` their values. Atoms and
encoder rows are rows of ``(m, p)`` arrays. All arrays are C-contiguous and of one float type.
"""

from __future__ import annotations

import numba
import numpy as np

from unbraid._kernels.threads import in_blocks

_FAST = {"reassoc", "contract", "nsz", "arcp"}


def decode(active: np.ndarray, codes: np.ndarray, atoms: np.ndarray, offset: np.ndarray):
    """Return ``offset + sum_j codes[i, j] atoms[active[i, j]]`` for each row i, (n, p)."""
    out = np.empty((len(active), atoms.shape[1]), atoms.dtype)
    in_blocks(_decode, len(active), active, codes, atoms, offset, out, least=64)
    return out


def dots(active: np.ndarray, rows: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return ``<x[i], rows[active[i, j]]>`` (n, k); 0 where no latent is named."""
    out = np.empty(active.shape, x.dtype)
    in_blocks(_dots, len(active), active, rows, x, out, least=64)
    return out


def scatter(active: np.ndarray, codes: np.ndarray, x: np.ndarray, out: np.ndarray) -> None:
    """Add ``sum_i codes[i, j] x[i]`` to ``out[active[i, j]]`` (m, p), in place.

    Threads own columns, so that the sum's order, hence every bit, is the same for any number.
    """
    in_blocks(_scatter, out.shape[1], active, codes, x, out, least=64)


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _decode(start, stop, active, codes, atoms, offset, out):
    for i in range(start, stop):
        out[i] = offset
        for j in range(active.shape[1]):
            latent, code = active[i, j], codes[i, j]
            if latent >= 0 and code != 0:
                for c in range(atoms.shape[1]):
                    out[i, c] += code * atoms[latent, c]


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _dots(start, stop, active, rows, x, out):
    for i in range(start, stop):
        for j in range(active.shape[1]):
            latent = active[i, j]
            total = x.dtype.type(0)
            if latent >= 0:
                for c in range(x.shape[1]):
                    total += x[i, c] * rows[latent, c]
            out[i, j] = total


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _scatter(start, stop, active, codes, x, out):
    for i in range(active.shape[0]):
        for j in range(active.shape[1]):
            latent, code = active[i, j], codes[i, j]
            if latent >= 0 and code != 0:
                for c in range(start, stop):
                    out[latent, c] += code * x[i, c]
