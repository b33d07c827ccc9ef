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


def unexplained(
    active: np.ndarray, codes: np.ndarray, atoms: np.ndarray, offset: np.ndarray, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return ``decode(...) - x`` (n, p), and its products with the active atoms (n, k).

    Rows of ``active`` have their -1 at the end; the products are 0 there.
    """
    residual, along = np.empty_like(x), np.empty(active.shape, x.dtype)
    work = (active, codes, atoms, offset, x)
    in_blocks(_unexplained, len(x), work, residual, along, least=64)
    return residual, along


def scatter(active: np.ndarray, *sums: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Add ``sum_i codes[i, j] x[i]`` to ``out[active[i, j]]`` (m, p), for each (codes, x, out).

    Entries are sorted by latent first, so that each row of ``out`` is summed in cache; threads own
    latents, so that the sum's order, hence every bit, is the same for any number of them.
    """
    n_latents = len(sums[0][2])
    order, pointers = _by_latent(active, n_latents)
    rows = order // active.shape[1]
    for codes, x, out in sums:
        entries = (pointers, rows, codes.ravel()[order])
        in_blocks(_scatter, n_latents, entries, x, out, least=64)


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
def _unexplained(start, stop, work, residual, along):
    active, codes, atoms, offset, x = work
    for i in range(start, stop):
        line, count = residual[i], active.shape[1]
        while count > 0 and active[i, count - 1] < 0:
            count -= 1
        line[:] = offset
        _add(active[i, :count], codes[i], atoms, line)
        for c in range(len(line)):
            line[c] -= x[i, c]
        along[i, count:] = 0
        for j in range(count):
            atom, total = atoms[active[i, j]], x.dtype.type(0)
            for c in range(len(line)):
                total += line[c] * atom[c]
            along[i, j] = total


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _scatter(start, stop, entries, x, out):
    pointers, rows, weights = entries
    for latent in range(start, stop):
        first, last = pointers[latent], pointers[latent + 1]
        _add(rows[first:last], weights[first:last], x, out[latent])


@numba.njit(nogil=True, fastmath=_FAST)
def _add(named, weights, rows, out):
    """Add ``weights[i] rows[named[i]]``, four at a time: their loads overlap."""
    whole = len(named) - len(named) % 4
    for i in range(0, whole, 4):
        a, b, c, d = weights[i], weights[i + 1], weights[i + 2], weights[i + 3]
        of_a, of_b, of_c, of_d = (
            rows[named[i]], rows[named[i + 1]], rows[named[i + 2]], rows[named[i + 3]]
        )  # fmt: skip
        for u in range(len(out)):
            out[u] += a * of_a[u] + b * of_b[u] + c * of_c[u] + d * of_d[u]
    for i in range(whole, len(named)):
        a, of_a = weights[i], rows[named[i]]
        for u in range(len(out)):
            out[u] += a * of_a[u]


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
