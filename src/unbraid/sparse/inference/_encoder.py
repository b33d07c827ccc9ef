"""One pass from responses to codes: a linear map and a rule of which latents stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp

from unbraid._kernels import linear

Activation = Literal["topk", "abstopk", "relu", "jumprelu", "gated", "pursuit"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Encoder:
    """``codes = activation((x - offset) @ weights + bias)``, canonical form of every SAE's encoder.

    Parameters
    ----------
    weights : array of shape (p, m)
    bias : array of shape (m,)
    activation : str
        ``topk``: the ``k`` largest positive ones stay; ``abstopk``: the ``k`` largest by size,
        signed; ``relu``: the positive ones; ``jumprelu``: those above ``threshold``; ``gated``:
        those whose gate ``(x - offset) @ weights + threshold`` is positive, with the value
        ``relu((x - offset) @ (weights * scale) + bias)``; ``pursuit``: ``k`` greedy steps, each of
        which adds the latent whose column of ``weights`` agrees most with what is left, takes its
        part away, and stops where none agrees (Mallat and Zhang, 1993; columns of unit length).
    k : int, optional
    threshold : array of shape (m,), optional
    scale : array of shape (m,), optional
    centred : bool
        Whether the dictionary's offset is subtracted first.
    """

    weights: np.ndarray
    bias: np.ndarray
    activation: Activation = "relu"
    k: int | None = None
    threshold: np.ndarray | None = None
    scale: np.ndarray | None = None
    centred: bool = True

    def __repr__(self) -> str:
        p, m = self.weights.shape
        kept = f", k={self.k}" if self.k is not None else ""
        return f"Encoder({p} units -> {m} latents, {self.activation}{kept})"

    def __call__(self, x: np.ndarray, offset: np.ndarray) -> sp.csr_array:
        """Return the codes of ``x (n, p)`` as CSR (n, m)."""
        from unbraid._kernels.topk import top_k

        h = x - offset if self.centred else x
        if self.activation == "pursuit":
            return _pursue(h, self.weights, self.k or 1)
        if self.activation == "gated":
            gate = linear.affine(h, self.weights, self.threshold)
            size = linear.affine(h, self.weights * self.scale, self.bias)
            return sp.csr_array(np.where(gate > 0, np.maximum(size, 0), 0))
        scores = linear.affine(h, self.weights, self.bias)
        if self.activation == "topk":
            return _at(scores, top_k(scores, self.k or 1))
        if self.activation == "abstopk":
            return _at(scores, top_k(np.abs(scores), self.k or 1))
        if self.activation == "jumprelu":
            return sp.csr_array(np.where(scores > self.threshold, np.maximum(scores, 0), 0))
        return sp.csr_array(np.maximum(scores, 0))


def from_active(active: np.ndarray, codes: np.ndarray, n_latents: int) -> sp.csr_array:
    """Return CSR (n, m) from padded active latents and codes (n, k); -1 and 0 are no latent."""
    kept = (active >= 0) & (codes != 0)
    pointers = np.zeros(len(active) + 1, np.int64)
    np.cumsum(kept.sum(1), out=pointers[1:])
    shape = (len(active), n_latents)
    csr = sp.csr_array((codes[kept], active[kept].astype(np.int64), pointers), shape=shape)
    csr.sort_indices()
    return csr


def _pursue(h: np.ndarray, weights: np.ndarray, k: int) -> sp.csr_array:
    """Return the codes of greedy steps; a latent taken again adds to its code."""
    left, rows = np.array(h), np.arange(len(h))
    active = np.empty((len(h), k), np.int64)
    codes = np.empty((len(h), k), h.dtype)
    for step in range(k):
        scores = left @ weights
        active[:, step] = scores.argmax(1)
        codes[:, step] = np.maximum(scores[rows, active[:, step]], 0)
        left -= codes[:, step, None] * weights.T[active[:, step]]
    pointers = np.arange(0, codes.size + 1, k)
    csr = sp.csr_array((codes.ravel(), active.ravel(), pointers), (len(h), weights.shape[1]))
    csr.sum_duplicates()
    csr.eliminate_zeros()
    return csr


def _at(scores: np.ndarray, active: np.ndarray) -> sp.csr_array:
    codes = np.take_along_axis(scores, np.maximum(active, 0), axis=1)
    return from_active(active, np.where(active >= 0, codes, 0), scores.shape[1])
