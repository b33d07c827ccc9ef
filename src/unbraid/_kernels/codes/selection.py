"""The latents that excite each stimulus most, exactly, from scores known to a bound."""

from __future__ import annotations

import numba
import numpy as np

from unbraid._kernels.codes.topk import ascending, kth_largest

_FAST = {"reassoc", "contract", "nsz", "arcp"}
_GROUP_LATENTS = 8  # latents, at most, that share a maximum
_SLACK = np.int32(2**17)  # a 64th of a float32
_LAST = np.int32(2**31 - 1)  # nothing is larger


def select(
    products: np.ndarray,
    stimuli: tuple[np.ndarray, np.ndarray, np.ndarray],
    latents: tuple[np.ndarray, np.ndarray, np.ndarray],
    active: np.ndarray,
    codes: np.ndarray,
) -> None:
    """Find the k largest positive of the scores ``<x[i], encoder[j]> + bias[j]``, in float32.

    Parameters
    ----------
    products : array of shape (n, m), int32 or float32
        ``step_x[i] step[j] products[i, j]`` misses the product of ``x[i]`` and ``encoder[j]``, as
        float32 has it, by no more than ``doubt_x[i] doubt[j]``.
    stimuli : tuple of array
        ``x (n, p)``, ``step_x (n,)``, ``doubt_x (n,)``, float32.
    latents : tuple of array
        ``encoder (m, p)``, ``bias (m,)``, and rows ``bias``, rounded up, ``step`` and ``doubt`` of
        an array (3, m), float32.
    active, codes : array of shape (n, k), int32 and float32
        Where the latents go, ascending, and their scores; -1 and 0 at the end where fewer than k
        are positive. Among equal scores the first latents are taken.

    Notes
    -----
    No score exceeds its upper bound. Latents of the k or so largest bounds are scored; the k-th
    largest of those scores bounds the one sought from below, so that a latent whose bound is less
    cannot be among the k, and all others are scored too. What ``products`` were made of changes
    nothing but the time.
    """
    _select(products, stimuli, latents, active, codes)


@numba.njit(nogil=True, cache=True)
def _select(products, stimuli, latents, active, codes):
    x, step, doubt = stimuli
    encoder, bias, columns = latents
    m, k = products.shape[1], active.shape[1]
    upper, score_of = np.empty(m, np.float32), np.empty(m, np.float32)
    bounds = upper.view(np.int32)  # positive floats are ordered as their bits are
    maxima = np.empty(m // min(_GROUP_LATENTS, max(1, m // (8 * k))), np.int32)
    found, scores = np.empty(m + 1, np.int32), np.empty(m + 4, np.float32)
    bits = scores.view(np.int32)
    for i in range(len(products)):
        _bound(products[i], step[i], doubt[i], columns, upper, maxima)
        least = _kth_positive(maxima, len(maxima), k, _SLACK)
        count = _collect(bounds, maxima, least, _LAST, found, 0)
        _score(x[i], encoder, bias, found, 0, count, scores)
        floor = _kth_positive(bits, count, k, np.int32(0))
        if floor < least:
            first = count
            count = _collect(bounds, maxima, floor, least, found, count)
            _score(x[i], encoder, bias, found, first, count, scores)
        count = _keep(found, scores, count, k, score_of)
        ascending(found, count)
        for j in range(count):
            active[i, j], codes[i, j] = found[j], score_of[found[j]]
        for j in range(count, k):
            active[i, j], codes[i, j] = -1, 0


@numba.njit(nogil=True)
def _bound(products, step, doubt, columns, upper, maxima):
    """Write what no score exceeds, and the largest of each group: latent j is in j % n_groups."""
    m, n_groups = len(upper), len(maxima)
    bounds = upper.view(np.int32)
    maxima[:] = 0
    for first in range(0, m, n_groups):
        part = slice(first, min(first + n_groups, m))
        above, steps, doubts = columns[0][part], columns[1][part], columns[2][part]
        given, out, values = products[part], upper[part], bounds[part]
        for j in range(len(out)):
            out[j] = above[j] + step * (steps[j] * np.float32(given[j])) + doubt * doubts[j]
        for g in range(len(values)):
            maxima[g] = max(maxima[g], values[g])


@numba.njit(nogil=True)
def _kth_positive(bits, count, k, slack):
    """Return the k-th largest of patterns of floats; that of the least positive if fewer are."""
    most = np.int32(0)
    for i in range(count):
        most = max(most, bits[i])
    return max(np.int32(1), kth_largest(bits, count, k, np.int32(0), most, slack))


@numba.njit(nogil=True)
def _collect(bounds, maxima, low, high, found, count):
    """Append the latents with ``low <= bound < high``: all are written, those are moved past."""
    n_groups = len(maxima)
    for g in range(n_groups):
        if maxima[g] >= low:
            for j in range(g, len(bounds), n_groups):
                found[count] = j
                count += (bounds[j] >= low) & (bounds[j] < high)
    return count


@numba.njit(nogil=True, fastmath=_FAST)
def _score(x, encoder, bias, found, first, last, scores):
    """Score four latents at a time: the next weights are fetched while others are summed."""
    for at in range(first, last, 4):
        a, b = found[at], found[min(at + 1, last - 1)]
        c, d = found[min(at + 2, last - 1)], found[min(at + 3, last - 1)]
        to_a, to_b, to_c, to_d = encoder[a], encoder[b], encoder[c], encoder[d]
        sum_a = sum_b = sum_c = sum_d = np.float32(0)
        for u in range(len(x)):
            sum_a += x[u] * to_a[u]
            sum_b += x[u] * to_b[u]
            sum_c += x[u] * to_c[u]
            sum_d += x[u] * to_d[u]
        scores[at], scores[at + 1] = sum_a + bias[a], sum_b + bias[b]
        scores[at + 2], scores[at + 3] = sum_c + bias[c], sum_d + bias[d]


@numba.njit(nogil=True)
def _keep(found, scores, count, k, score_of):
    """Move the k latents kept to the front and write their scores; return their number."""
    bits = scores.view(np.int32)
    edge = _kth_positive(bits, count, k, np.int32(0))
    spare, equal = k, 0
    for e in range(count):
        spare -= bits[e] > edge
        equal += bits[e] == edge
    last = len(score_of)  # of the equal ones that stay
    if equal > spare:
        last = np.sort(found[:count][bits[:count] == edge])[spare - 1]
    kept = 0
    for e in range(count):
        latent, value = found[e], bits[e]
        score_of[latent] = scores[e]
        found[kept] = latent
        kept += (value > edge) | ((value == edge) & (latent <= last))
    return kept
