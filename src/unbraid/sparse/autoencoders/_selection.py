"""Which latents are active: the exact float32 answer, whichever way finds it sooner here."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

import numpy as np

from unbraid._kernels.codes.quantise import quantise
from unbraid._kernels.codes.selection import select
from unbraid._kernels.threads import in_blocks
from unbraid.sparse.autoencoders import _products

_TRIAL_ROWS = 256  # whose products are held at once
_EVERY, _TRIALS = 256, 4  # blocks of rows; the first of so many try both ways
_SAMPLE = 256  # rows that show how units are scaled


class LatentSelection:
    """Finds the k latents that each stimulus excites most.

    One dense product says nearly how much; ``select`` makes it exact. In eight bits the product is
    several times as fast as in float32 where the processor knows how, but leaves more to be made
    exact: both ways are tried now and then, and the quicker is taken. Both give the same bits.
    """

    def __init__(self, m: int, p: int) -> None:
        self.n_latents = m
        ways = list(_WAYS) if _products.eight_bits_hold(p, _TRIAL_ROWS) else ["float32"]
        self.cost = dict.fromkeys(ways, float("inf"))  # seconds per row
        self.blocks = 0
        self.own = threading.local()

    def __call__(
        self, h: np.ndarray, encoder: np.ndarray, bias: np.ndarray, k: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return latents (B, k), ascending, -1 at the end, and their scores ``h encoder' + bias``.

        Only positive scores count.
        """
        active, codes = np.empty((len(h), k), np.int32), np.empty((len(h), k), np.float32)
        n_blocks = -(-len(h) // _TRIAL_ROWS)
        trials = [(self.blocks + block) % _EVERY for block in range(n_blocks)]
        ways = [self._way(trial) for trial in trials]
        sides = {way: _WAYS[way](h, encoder, bias) for way in dict.fromkeys(ways)}

        def find(start: int, stop: int) -> None:
            for block in range(start, stop):
                began, side = time.thread_time(), sides[ways[block]]
                rows = slice(block * _TRIAL_ROWS, (block + 1) * _TRIAL_ROWS)
                products = _products.multiply(side.stimuli[rows], side.latents, self._room())
                stimuli = h[rows], side.step[rows], side.doubt[rows]
                select(products, stimuli, (encoder, bias, side.columns), active[rows], codes[rows])
                cost = (time.thread_time() - began) / len(products)
                self._learn(ways[block], trials[block], cost)

        with _products.numpy_on_one_thread():
            in_blocks(_products.alone(find), n_blocks)  # threads never wait for each other
        self.blocks += n_blocks
        return active, codes

    def _room(self) -> np.ndarray:
        """Return this thread's own place for the products of a block."""
        if not hasattr(self.own, "products"):
            self.own.products = np.empty((_TRIAL_ROWS, self.n_latents), np.int32)
        return self.own.products

    def _way(self, trial: int) -> str:
        if trial < _TRIALS:
            return list(self.cost)[trial % len(self.cost)]
        return min(self.cost, key=self.cost.__getitem__)

    def _learn(self, way: str, trial: int, cost: float) -> None:
        if trial < _TRIALS:
            self.cost[way] = cost if trial < len(self.cost) else min(cost, self.cost[way])


class _Sides(NamedTuple):
    """Both sides of the product, and how far it can be trusted: see ``select``."""

    stimuli: np.ndarray
    latents: np.ndarray
    step: np.ndarray
    doubt: np.ndarray
    columns: np.ndarray


def _in_eight_bits(h: np.ndarray, encoder: np.ndarray, bias: np.ndarray) -> _Sides:
    """Round both sides; a unit's scale is shared between them, so that neither loses it.

    ``<x, w> - <x', w'> = <x - x', w> + <x', w - w'>``, each at most the product of two norms.
    """
    scale = _scale(h, encoder)
    x, w = quantise(h, 1 / scale), quantise(encoder, scale)
    part = max(float(w.wrong.sum()), 1e-30) / max(float(w.length.sum()), 1e-30)
    lost = x.wrong + _rounding(h) * x.length  # and x' is no longer than x and its error
    doubt = _above(np.hypot(lost, part * (x.length + x.wrong)))
    columns = np.stack([_raised(bias), w.step, _above(np.hypot(w.length, w.wrong / part))])
    return _Sides(x.whole, w.whole.T, x.step, doubt, columns)


def _in_float32(h: np.ndarray, encoder: np.ndarray, bias: np.ndarray) -> _Sides:
    """Multiply as they are; only rounding is lost."""
    doubt = _above(_rounding(h) * np.linalg.norm(h, axis=1))
    length = _above(np.linalg.norm(encoder, axis=1))
    columns = np.stack([_raised(bias), np.ones_like(bias), length])
    return _Sides(h, encoder.T, np.ones(len(h), np.float32), doubt, columns)


_WAYS = {"eight bits": _in_eight_bits, "float32": _in_float32}


def _scale(h: np.ndarray, encoder: np.ndarray) -> np.ndarray:
    """Return powers of two, by which nothing is rounded, that even out the units of both sides."""
    sizes = []
    for rows in (h, encoder):
        some = rows[:: max(1, len(rows) // _SAMPLE)]
        size = np.sqrt(np.einsum("ij,ij->j", some, some) / len(some))
        sizes.append(np.where((size > 1e-10) & (size < 1e10), size, 1))
    return np.exp2(np.round(np.log2(sizes[0] / sizes[1]) / 2)).astype(np.float32)


def _rounding(h: np.ndarray) -> np.float32:
    """Return a bound on the rounding of two sums of products and of what is made of them."""
    return np.float32(2 * (h.shape[1] + 16) * 2.0**-24)


def _raised(bias: np.ndarray) -> np.ndarray:
    return bias + np.abs(bias) * np.float32(1e-6) + np.float32(1e-30)


def _above(norms: np.ndarray) -> np.ndarray:
    return (norms * 1.0001).astype(np.float32)
