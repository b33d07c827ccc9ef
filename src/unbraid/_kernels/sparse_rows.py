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

    Entries are sorted by latent first, so that each row of ``out`` is summed in cache; threads own
    latents, so that the sum's order, hence every bit, is the same for any number of them.
    """
    order, pointers = _by_latent(active, len(out))
    entries = (order, pointers, codes.ravel())
    in_blocks(_scatter, len(out), entries, active.shape[1], x, out, least=64)


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


@numba.njit(nogil=True, cache=True)
def _by_latent(active, m):
    """Return the flat positions of the entries sorted by latent (stable), and where each begins."""
    pointers = np.zeros(m + 1, np.int64)
    flat = active.ravel()
    for entry in flat:
        if entry >= 0:
            pointers[entry + 1] += 1
    for latent in range(m):
        pointers[latent + 1] += pointers[latent]
    order = np.empty(pointers[m], np.int64)
    free = pointers[:m].copy()
    for at in range(len(flat)):
        latent = flat[at]
        if latent >= 0:
            order[free[latent]] = at
            free[latent] += 1
    return order, pointers


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _scatter(start, stop, entries, k, x, out):
    order, pointers, codes = entries
    for latent in range(start, stop):
        for at in range(pointers[latent], pointers[latent + 1]):
            code = codes[order[at]]
            row = order[at] // k
            if code != 0:
                for c in range(out.shape[1]):
                    out[latent, c] += code * x[row, c]
