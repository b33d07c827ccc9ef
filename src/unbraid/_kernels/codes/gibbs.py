"""Codes drawn from their posterior under a spike-and-slab prior, one latent at a time."""

from __future__ import annotations

import math

import numba
import numpy as np
from scipy.special import log_ndtr

from unbraid._kernels.threads import in_blocks

_CHUNKS = 16  # of stimuli, whose second moments are summed apart: threads change no bit
_NUMBERS = 2**25  # in those moments: fewer chunks where latents are many
_SURELY_OFF = -7.0  # log odds below which a latent is not considered
_HOT = 8.0  # times the noise with which chains from nothing begin
_FAR_CUT = 5.0  # further above zero than this many spreads the cut does not matter
_TAIL = -30.0  # beyond this many spreads the mass above zero is that of an exponential
_CELLS = 64  # of the table below, a spread: errors of 3e-5 at most
_SPARE = 0.01  # log odds less than that, for rounding: what is skipped is surely off
_SCANNED = 16  # latents that are skipped together where all can be: a vector of float32


def _table():
    """Return, for means so many spreads above zero, the log of the mass there, and its hazard."""
    t = np.arange(_TAIL, _FAR_CUT + 2 / _CELLS, 1 / _CELLS)
    above = log_ndtr(t)
    return np.stack([above, np.exp(-0.5 * t**2 - above) / math.sqrt(2 * math.pi)], axis=1)


_ABOVE = _table()
_MEANS = _TAIL + np.arange(len(_ABOVE)) / _CELLS  # in spreads above zero
_GAINS = 0.5 * _MEANS**2 + _ABOVE[:, 0]  # log odds that these add: they grow with the mean


def draw(
    products: np.ndarray,
    gram: np.ndarray,
    codes: np.ndarray,
    prior: tuple[np.ndarray, np.ndarray, np.ndarray, float],
    *,
    signed: bool,
    sweeps: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Go on from ``codes`` by so many sweeps over the latents; the first is left out of the sums.

    Parameters
    ----------
    products : array of shape (n, m), float32
        ``x A'``, the offset already subtracted.
    gram : array of shape (m, m), float32
        ``A A'``; atoms may have any length.
    codes : array of shape (n, m), float32
        Where the chains are; changed in place.
    prior : tuple
        Rate, mean and variance of each latent's slab (m,), and the variance of the noise.
    signed : bool
        Otherwise slabs are cut at zero.

    Returns
    -------
    tuple of arrays
        Sums over the sweeps of the codes drawn (n, m), of their products, over the stimuli too
        (m, m), and the times that each latent was on (m,).

    Notes
    -----
    Each stimulus has its own stream of random numbers. Latents that are as good as surely off
    (odds of e^-7) are skipped, most by a comparison alone. Cost a sweep: n m comparisons, and m for
    each code that changes.
    """
    (n, m), kept = codes.shape, sweeps - 1
    chunks = max(1, min(_CHUNKS, _NUMBERS // m**2))
    sums, counts = np.zeros((n, m), np.float32), np.zeros((chunks, m), np.int64)
    second = np.zeros((chunks, m, m))
    edges = np.linspace(0, n, chunks + 1).astype(np.int64)
    model = (*_model(gram, prior, signed), signed)
    in_blocks(_draw, chunks, edges, products, gram, codes, model, (kept, np.uint64(seed)),
              (sums, second, counts))  # fmt: skip
    return sums, second.sum(0), counts.sum(0)


def mean(
    products: np.ndarray,
    gram: np.ndarray,
    prior: tuple[np.ndarray, np.ndarray, np.ndarray, float],
    *,
    signed: bool,
    sweeps: int,
    burn: int,
) -> np.ndarray:
    """Return the posterior mean of the codes (n, m), from chains that begin with all codes zero.

    Averages, after ``burn`` sweeps, of what each latent's code is expected to be given the others.
    All stimuli share one stream of random numbers: what else is encoded changes nothing.
    """
    sums = np.zeros(products.shape, np.float32)
    heats = np.append(np.geomspace(_HOT, 1, burn), 1.0)
    rate, middle, variance, noise = prior
    models = [_model(gram, (rate, middle, variance, heat * noise), signed) for heat in heats]
    stacked = tuple(np.array(part) for part in zip(*models, strict=True))
    in_blocks(_mean, len(products), products, gram, (*stacked, signed), sweeps, burn, sums)
    return sums / np.float32(sweeps - burn)


def _model(gram, prior, signed):
    """Return what is constant of each latent's odds and slab, and the least product that counts.

    Given the others, a latent's code is normal with mean ``t spread``, ``t = spread (product /
    noise + pull)``, and on with log odds ``even + t^2 / 2`` (and the mass above zero).
    """
    rate, middle, variance, noise = prior
    length = np.diag(gram).astype(np.float64)
    width = 1 / (length / noise + 1 / variance)
    even = np.log(rate / (1 - rate)) + 0.5 * (np.log(width / variance) - middle**2 / variance)
    if not signed:
        even -= log_ndtr(middle / np.sqrt(variance))
    pull, spread = middle / variance, np.sqrt(width)
    needed = _SURELY_OFF - _SPARE - even
    far = np.sqrt(2 * np.maximum(needed, 0))
    if signed:
        least = np.where(needed > 0, noise * (far / spread - np.abs(pull)), -np.inf)
    else:
        far = np.where(needed > _GAINS[-1], far, np.interp(needed, _GAINS, _MEANS))
        least = np.where(needed > _GAINS[0], noise * (far / spread - pull), -np.inf)
    return length, spread, even, pull, least.astype(np.float32), noise


@numba.njit(nogil=True, inline="always")
def _uniform(state):
    """Return the next state of a splitmix64 generator, and a number in (0, 1)."""
    state += np.uint64(0x9E3779B97F4A7C15)
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return state, (np.float64(z >> np.uint64(11)) + 0.5) * 2.0**-53


@numba.njit(nogil=True)
def _normal(state):
    state, a = _uniform(state)
    state, b = _uniform(state)
    return state, math.sqrt(-2 * math.log(a)) * math.cos(2 * math.pi * b)


@numba.njit(nogil=True)
def _slab(center, spread, signed, state):
    """Draw from a normal distribution, above zero unless signed (its tail: Robert 1995)."""
    least = -center / spread
    if signed or least < 0:
        while True:
            state, z = _normal(state)
            if signed or z > least:
                return state, center + spread * z
    rate = 0.5 * (least + math.sqrt(least * least + 4))
    while True:
        state, u = _uniform(state)
        state, v = _uniform(state)
        z = least - math.log(u) / rate
        if v < math.exp(-0.5 * (z - rate) ** 2):
            return state, center + spread * z


@numba.njit(nogil=True)
def _cut(t):
    """Return the log of the mass above zero of a normal around ``t``, and the mean's gain by it."""
    if t < _TAIL:
        return -0.5 * t * t - math.log(-t * math.sqrt(2 * math.pi)), -t - 1 / t
    place = (t - _TAIL) * _CELLS
    at = int(place)
    share = place - at
    mass = _ABOVE[at, 0] + share * (_ABOVE[at + 1, 0] - _ABOVE[at, 0])
    return mass, _ABOVE[at, 1] + share * (_ABOVE[at + 1, 1] - _ABOVE[at, 1])


@numba.njit(nogil=True)
def _considered(j, left, codes, model):
    """Return the next latent from ``j`` on that is on or may be; the number of latents: none."""
    least, signed, m = model[4], model[6], len(left)
    some = False
    while j < m:
        size = abs(left[j]) if signed else left[j]
        if size >= least[j] or codes[j] != 0:
            return j
        j += 1
        while not some and j + _SCANNED <= m:
            for at in range(j, j + _SCANNED):  # no branches, so that it is compiled to vectors
                size = abs(left[at]) if signed else left[at]
                some |= (size >= least[at]) | (codes[at] != 0)
            j += 0 if some else _SCANNED
    return m


@numba.njit(nogil=True)
def _change(left, gram, j, by):
    for other in range(len(left)):
        left[other] -= by * gram[j, other]


@numba.njit(nogil=True)
def _next(left, j, code, model, state):
    """Draw latent j's code given the others; return it, the state, and what was expected."""
    product = left[j] + model[0][j] * code
    _, spreads, even, pull, _, noise, signed = model
    spread = spreads[j]
    t = spread * (product / noise + pull[j])
    odds, expected = even[j] + 0.5 * t * t, t
    if not signed and t < _FAR_CUT:
        mass, gain = _cut(t)
        odds += mass
        expected += gain
    if odds < _SURELY_OFF:
        return np.float32(0), state, np.float32(0)
    share = 1 / (1 + math.exp(-odds))
    expected *= spread
    state, u = _uniform(state)
    if u >= share:
        return np.float32(0), state, np.float32(share * expected)
    state, value = _slab(t * spread, spread, signed, state)
    return np.float32(value), state, np.float32(share * expected)


@numba.njit(nogil=True, cache=True)
def _draw(start, stop, edges, products, gram, codes, model, run, out):
    kept, seed = run
    sums, second, counts = out
    m = codes.shape[1]
    left, on = np.empty(m, np.float32), np.empty(m, np.int64)
    for chunk in range(start, stop):
        for i in range(edges[chunk], edges[chunk + 1]):
            state, _ = _uniform(seed + np.uint64(i) * np.uint64(0xD1342543DE82EF95))
            left[:] = products[i]
            for j in range(m):
                if codes[i, j] != 0:
                    _change(left, gram, j, codes[i, j])
            for sweep in range(kept + 1):
                j = _considered(0, left, codes[i], model)
                while j < m:
                    old = codes[i, j]
                    new, state, _ = _next(left, j, old, model, state)
                    if new != old:
                        _change(left, gram, j, new - old)
                        codes[i, j] = new
                    j = _considered(j + 1, left, codes[i], model)
                if sweep == 0:
                    continue
                count = 0
                for j in range(m):
                    if codes[i, j] != 0:
                        on[count] = j
                        count += 1
                for a in on[:count]:
                    sums[i, a] += codes[i, a]
                    counts[chunk, a] += 1
                    for b in on[:count]:
                        second[chunk, a, b] += codes[i, a] * codes[i, b]


@numba.njit(nogil=True, cache=True)
def _mean(start, stop, products, gram, models, sweeps, burn, sums):
    m = products.shape[1]
    left, codes = np.empty(m, np.float32), np.empty(m, np.float32)
    for i in range(start, stop):
        state = np.uint64(1)
        left[:] = products[i]
        codes[:] = 0
        for sweep in range(sweeps):
            at = min(sweep, burn)
            model = (models[0][at], models[1][at], models[2][at], models[3][at], models[4][at],
                     models[5][at], models[6])  # fmt: skip
            j = _considered(0, left, codes, model)
            while j < m:
                old = codes[j]
                new, state, expected = _next(left, j, old, model, state)
                if new != old:
                    _change(left, gram, j, new - old)
                    codes[j] = new
                if sweep >= burn:
                    sums[i, j] += expected
                j = _considered(j + 1, left, codes, model)
