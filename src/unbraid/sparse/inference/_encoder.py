"""One pass from responses to codes: a linear map and a rule of which latents stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.codes.topk import top_k
from unbraid._kernels.device import device_here
from unbraid._kernels.products import linear
from unbraid.sparse.inference._greedy import Greedy, pursue

Activation = Literal[
    "topk",
    "signed_topk",
    "abstopk",
    "relu",
    "tanh_relu",
    "jumprelu",
    "gated",
    "pursuit",
    "signed_pursuit",
]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Encoder:
    """``codes = activation((x - offset) @ weights + bias)``, canonical form of every SAE's encoder.

    Parameters
    ----------
    weights : array of shape (p, m)
        A column for each latent.
    bias : array of shape (m,)
        Added to each latent's score.
    activation : str
        ``topk``: the ``k`` largest positive ones stay; ``signed_topk``: the ``k`` largest, also
        where they are negative; ``abstopk``: the ``k`` largest by size, signed; ``relu``: the
        positive ones; ``tanh_relu``: the hyperbolic tangent of the positive ones; ``jumprelu``:
        those above ``threshold`` and 0; ``gated``: those whose gate ``(x - offset) @ weights +
        threshold`` is positive, with the value ``relu((x - offset) @ (weights * scale) + bias)``;
        ``pursuit``: ``k`` greedy steps, each of which adds the latent whose column of ``weights``
        agrees most with what is left, and takes its atom away as often as it was added (Mallat
        and Zhang, 1993; atoms of unit length); ``signed_pursuit``: the same where a latent that
        agrees most although it points away gets a negative code.
    k : int, optional
        Active latents per stimulus, for the kinds that count them.
    threshold : array of shape (m,), optional
        Of ``jumprelu``, or what the gates of ``gated`` add.
    scale : array of shape (m,), optional
        Of ``gated``: factors from the gates' weights to those of the values.
    centred : bool
        Whether the dictionary's offset is subtracted first.
    tolerance : float
        Pursuits: a stimulus is done once what is left of it is shorter; 0: never for this reason.
    until_repeat : bool
        Pursuits: whether a stimulus is done once a step adds no new latent.
    """

    weights: np.ndarray
    bias: np.ndarray
    activation: Activation = "relu"
    k: int | None = None
    threshold: np.ndarray | None = None
    scale: np.ndarray | None = None
    centred: bool = True
    tolerance: float = 0.0
    until_repeat: bool = False

    def __repr__(self) -> str:
        p, m = self.weights.shape
        kept = f", k={self.k}" if self.k is not None else ""
        return f"Encoder({p} units -> {m} latents, {self.activation}{kept})"

    @property
    def picks(self) -> bool:
        """Whether its rule says which latents are active; a plain ReLU leaves small codes."""
        return self.activation != "relu"

    def __call__(self, h: np.ndarray, atoms: np.ndarray | None = None) -> sp.csr_array:
        """Return the codes of ``h (n, p)``, the offset subtracted if ``centred``, as CSR (n, m).

        ``atoms`` (m, p) are what a pursuit takes away; by default the encoder's own columns.
        """
        if (device := device_here()) is not None:
            from unbraid.sparse.inference._encoder_on_device import encode_on

            return encode_on(self, h, self.weights.T if atoms is None else atoms, device)
        if self.activation in ("pursuit", "signed_pursuit"):
            rule = Greedy(
                steps=self.k or 1,
                rectified=self.activation == "pursuit",
                tolerance=self.tolerance,
                until_repeat=self.until_repeat,
            )
            return pursue(h, self.weights, self.weights.T if atoms is None else atoms, rule)
        if self.activation == "gated":
            gate = linear.affine(h, self.weights, self.threshold)
            size = linear.affine(h, self.weights * self.scale, self.bias)
            return sp.csr_array(np.where(gate > 0, np.maximum(size, 0), 0))
        scores = linear.affine(h, self.weights, self.bias)
        if self.activation == "topk":
            return _at(scores, top_k(scores, self.k or 1))
        if self.activation == "abstopk":
            return _at(scores, top_k(np.abs(scores), self.k or 1))
        if self.activation == "signed_topk":
            k = min(self.k or 1, scores.shape[1])
            return _at(scores, np.argpartition(scores, -k, axis=1)[:, -k:])
        if self.activation == "tanh_relu":
            return sp.csr_array(np.tanh(np.maximum(scores, 0)))
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


def _at(scores: np.ndarray, active: np.ndarray) -> sp.csr_array:
    codes = np.take_along_axis(scores, np.maximum(active, 0), axis=1)
    return from_active(active, np.where(active >= 0, codes, 0), scores.shape[1])
