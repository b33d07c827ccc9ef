"""One pass over a batch for a toy autoencoder: top k, residual, loss, and all gradients."""

from __future__ import annotations

import numba
import numpy as np

_FAST = {"reassoc", "contract", "nsz"}


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def loss_and_gradients(pre, y, decoder, k, aux_weight, sums):
    """Return the loss of one model; its gradients are added to the four arrays of ``sums``.

    ``pre (B, m)`` are the pre-activations of ``y (B, h)``; ``decoder`` is atoms (m, h) and offset;
    ``sums`` are of the transposed encoder (m, h), the bias, the atoms and the offset. Only the k
    active latents of a row, and the dead ones, are touched.
    """
    atoms, offset = decoder
    to_offset = sums[3]
    n, m = pre.shape
    h = y.shape[1]
    chosen = np.empty((n, k), np.int64)
    counts = np.zeros(n, np.int64)
    residual = np.empty_like(y)
    fired = np.zeros(m, np.bool_)
    values = np.empty(k, pre.dtype)
    for row in range(n):
        count = 0
        for j in range(m):  # insertion into the k largest positive ones
            value = pre[row, j]
            if value <= 0 or (count == k and value <= values[k - 1]):
                continue
            at = count if count < k else k - 1
            while at > 0 and values[at - 1] < value:
                values[at] = values[at - 1]
                chosen[row, at] = chosen[row, at - 1]
                at -= 1
            values[at] = value
            chosen[row, at] = j
            if count < k:
                count += 1
        counts[row] = count
        for c in range(h):
            residual[row, c] = y[row, c] - offset[c]
        for i in range(count):
            j = chosen[row, i]
            fired[j] = True
            for c in range(h):
                residual[row, c] -= values[i] * atoms[j, c]
    dead = np.flatnonzero(~fired)
    scale = pre.dtype.type(2.0 / (n * h))
    weight = pre.dtype.type(aux_weight)
    to_out = np.empty(h, y.dtype)
    to_aux = np.empty(h, y.dtype)
    aux = np.empty(h, y.dtype)
    loss = 0.0
    for row in range(n):
        for c in range(h):
            aux[c] = offset[c]
        for j in dead:
            for c in range(h):
                aux[c] += pre[row, j] * atoms[j, c]
        total = pre.dtype.type(0)
        for c in range(h):
            wrong = aux[c] - residual[row, c]
            total += residual[row, c] * residual[row, c] + weight * wrong * wrong
            to_aux[c] = scale * weight * wrong
            to_out[c] = to_aux[c] - scale * residual[row, c]
            to_offset[c] += to_out[c] + to_aux[c]
        loss += total
        for i in range(counts[row]):
            j = chosen[row, i]
            _add(pre[row, j], j, to_out, atoms, y[row], sums)
        for j in dead:
            _add(pre[row, j], j, to_aux, atoms, y[row], sums)
    return loss / (n * h)


@numba.njit(nogil=True, cache=True, fastmath=_FAST, inline="always")
def _add(value, j, slope, atoms, y, sums):
    to_enc, to_bias, to_atoms, _ = sums
    through = value * 0
    for c in range(len(slope)):
        through += slope[c] * atoms[j, c]
    to_bias[j] += through
    for c in range(len(slope)):
        to_atoms[j, c] += value * slope[c]
        to_enc[j, c] += through * y[c]
