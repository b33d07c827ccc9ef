"""A TopK autoencoder in training, with gradients that touch only the active latents."""

from __future__ import annotations

import numpy as np

from unbraid._kernels.products.sparse_rows import decode, scatter, unexplained
from unbraid.sparse.autoencoders import _products
from unbraid.sparse.autoencoders._selection import LatentSelection
from unbraid.sparse.training._descent import Descent
from unbraid.sparse.training._loop import StepResult
from unbraid.sparse.training._ranks import Ranks
from unbraid.sparse.training._training import Training

AUX_MOST = 512  # dead latents that the auxiliary loss may use for a stimulus


class SparseNet:
    """``codes = TopK(relu((x - offset) encoder' + bias))``, ``x ~ offset + codes atoms``.

    All arrays are float32; encoder and atoms are rows (m, p). With B stimuli per batch a step costs
    one product of B m p, in eight bits where they are quicker, and sparse passes of B k p, where
    dense gradients cost six products.
    """

    def __init__(
        self, atoms: np.ndarray, k: int, n_train: int, training: Training, *, anneal: float = 0.0
    ) -> None:
        m, p = atoms.shape
        self.k, self.anneal, self.training, self.ranks = k, anneal, training, Ranks()
        self.dead_after = training.dead_after * n_train
        start = {"atoms": atoms, "encoder": atoms, "bias": np.zeros(m), "offset": np.zeros(p)}
        self.descent = Descent(start, unit=("atoms",))
        self.gradient = self.descent.gradient
        self.atoms, self.encoder, self.bias, self.offset = self.descent.weights.values()
        self.since = np.zeros(m, np.int64)  # stimuli since each latent last fired
        self.select = LatentSelection(m, p)
        self.all, self.none = np.arange(m, dtype=np.int32)[None], np.zeros(p, np.float32)

    def state(self) -> dict[str, np.ndarray]:
        """Return all arrays by name."""
        return {**self.descent.state(), "since": self.since}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Go back to a state."""
        self.descent.restore(arrays)
        self.since[...] = arrays["since"]

    def step(self, x: np.ndarray, rate: float, share: float) -> StepResult:
        """Take one Adam step on a batch (B, p)."""
        h = x - self.offset
        dead = np.flatnonzero(self.since > self.dead_after)
        active, codes = self._encode(h, active_now(self.k, len(self.atoms), share, self.anneal))
        residual, along = unexplained(active, codes, self.atoms, self.offset, x)
        loss = _squares(residual) / len(x)
        scale = np.float32(2 / len(x))
        codes *= scale
        along *= scale  # gradient of the codes
        scatter(
            active,
            (codes, residual, self.gradient["atoms"]),
            (along, h, self.gradient["encoder"]),
        )
        bias = np.bincount(active.ravel() + 1, along.ravel(), len(self.bias) + 1)[1:]
        self.gradient["bias"] += bias.astype(np.float32)
        # h = x - offset feeds the encoder too: one product of a vector, not of a matrix, and not by
        # NumPy's library, whose threads would go on waiting for more on processors wanted here
        through = decode(self.all, self.gradient["bias"][None], self.encoder, self.none)[0]
        self.gradient["offset"] += scale * residual.sum(0) - through
        if len(dead) and self.training.aux_weight:
            self._revive(h, residual, dead)
        fired = np.bincount(active.ravel() + 1, minlength=len(self.bias) + 1)[1:] > 0
        done = self.ranks.average(self.gradient, len(x), fired, [loss])
        self.descent.step(rate)
        self.since += done.n
        self.since[done.fired] = 0
        (loss,) = done.losses
        return StepResult(loss, loss / x.shape[1], len(dead) / len(self.atoms))

    def error(self, x: np.ndarray) -> float:
        """Return the summed squared error of ``x`` with the final k."""
        total = 0.0
        for start in range(0, len(x), 4096):
            block = np.ascontiguousarray(x[start : start + 4096])
            active, codes = self._encode(block - self.offset, self.k)
            residual = decode(active, codes, self.atoms, self.offset)
            residual -= block
            total += _squares(residual)
        return total

    def _encode(self, h: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the k latents that each row of ``h`` excites most, and their codes (B, k)."""
        return self.select(h, self.encoder, self.bias, k)

    def _revive(self, h: np.ndarray, residual: np.ndarray, dead: np.ndarray) -> None:
        """Let dead latents, most excited first, learn what is left: it reaches their encoder too.

        The target is the residual, a constant without the offset; no ReLU bars the gradient.
        """
        left, atoms, encoder = -residual, self.atoms[dead], self.encoder[dead]
        excited = _products.affine(self.bias[dead], h, encoder.T)
        most = min(len(dead), max(2 * self.k, self.atoms.shape[1] // 2), AUX_MOST)
        if most < len(dead):
            excited = np.where(excited >= _products.kth_largest(excited, most), excited, 0)
        if not left.any():
            return
        wrong = _products.product(excited, atoms) - left
        # relative to the size of the residual, as in Gao et al. (2024), on the main loss' scale
        weight = np.float32(2 * self.training.aux_weight / len(h))
        push = np.where(excited != 0, _products.product(wrong, atoms.T), 0) * weight
        self.gradient["atoms"][dead] += _products.product(excited.T, wrong) * weight
        self.gradient["encoder"][dead] += _products.product(push.T, h)
        self.gradient["bias"][dead] += _products.column_sums(push)


def active_now(k: int, m: int, share: float, anneal: float) -> int:
    """Return the number of active latents now: more at first, so that all get a share."""
    if share >= anneal:
        return k
    first = min(4 * k, max(k, m // 4))
    return round(first + (k - first) * share / anneal)


def _squares(residual: np.ndarray) -> float:
    return float(np.einsum("ij,ij->i", residual, residual).sum(dtype=np.float64))
