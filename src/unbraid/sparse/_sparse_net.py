"""A TopK autoencoder in training, with gradients that touch only the active latents."""

from __future__ import annotations

import numpy as np
import torch

from unbraid._kernels.adam import adam
from unbraid._kernels.sparse_rows import decode, dots, scatter
from unbraid._kernels.topk import top_k
from unbraid.sparse._loop import News
from unbraid.sparse._training import Training

_AUX_MOST = 512  # dead latents that the auxiliary loss may use for a stimulus


class SparseNet:
    """``codes = TopK(relu((x - offset) encoder' + bias))``, ``x ~ offset + codes atoms``.

    All arrays are float32; encoder and atoms are rows (m, p). With B stimuli a batch a step costs
    one product of B m p and sparse passes of B k p, where dense gradients cost six products.
    """

    def __init__(
        self, atoms: np.ndarray, k: int, n_train: int, training: Training, *, anneal: float = 0.0
    ) -> None:
        m, p = atoms.shape
        self.k, self.anneal, self.training = k, anneal, training
        self.dead_after = training.dead_after * n_train
        self.atoms = np.ascontiguousarray(atoms, np.float32)
        self.encoder = self.atoms.copy()
        self.bias = np.zeros(m, np.float32)
        self.offset = np.zeros(p, np.float32)
        self.since = np.zeros(m, np.int64)  # stimuli since each latent last fired
        self.steps = np.zeros(1, np.int64)
        self.moments = {
            name: np.zeros((2, *array.shape), np.float32) for name, array in self._weights().items()
        }
        self.gradient = {name: np.zeros_like(array) for name, array in self._weights().items()}

    def state(self) -> dict[str, np.ndarray]:
        """Return all arrays by name."""
        moments = {f"moments.{name}": array for name, array in self.moments.items()}
        return {**self._weights(), **moments, "since": self.since, "steps": self.steps}

    def step(self, x: np.ndarray, rate: float, share: float) -> News:
        """Take one Adam step on a batch (B, p)."""
        h = x - self.offset
        active, codes, scores = self._encode(h, self._k(share))
        residual = decode(active, codes, self.atoms, self.offset) - x  # (B, p)
        loss = float(np.square(residual, dtype=np.float64).sum()) / len(x)
        variance = float(np.square(x - x.mean(0), dtype=np.float64).sum()) / len(x)
        dead = np.flatnonzero(self.since > self.dead_after)
        self._backward(h, active, codes, residual)
        if len(dead) and self.training.aux_weight:
            self._revive(h, residual, dead, scores)
        self._update(rate)
        self.since += len(x)
        self.since[np.unique(active[codes > 0])] = 0
        return News(loss, loss / variance if variance else np.nan, len(dead) / len(self.atoms))

    def error(self, x: np.ndarray) -> float:
        """Return the summed squared error of ``x`` with the final k."""
        total = 0.0
        for start in range(0, len(x), 4096):
            block = np.ascontiguousarray(x[start : start + 4096])
            active, codes, _ = self._encode(block - self.offset, self.k)
            residual = decode(active, codes, self.atoms, self.offset) - block
            total += float(np.square(residual, dtype=np.float64).sum())
        return total

    def _weights(self) -> dict[str, np.ndarray]:
        return {
            "atoms": self.atoms,
            "encoder": self.encoder,
            "bias": self.bias,
            "offset": self.offset,
        }

    def _k(self, share: float) -> int:
        """Return the number of active latents now: more at first, so that all get a share."""
        if share >= self.anneal:
            return self.k
        first = min(4 * self.k, max(self.k, len(self.atoms) // 4))
        return round(first + (self.k - first) * share / self.anneal)

    def _encode(self, h: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray, torch.Tensor]:
        rows, encoder = torch.from_numpy(h), torch.from_numpy(self.encoder)
        bias = torch.from_numpy(self.bias)
        if self.training.precision == "bfloat16":
            scores = torch.addmm(bias.bfloat16(), rows.bfloat16(), encoder.bfloat16().T)
            active = top_k(scores.view(torch.int16).numpy(), k)
            codes = dots(active, self.encoder, h) + self.bias[np.maximum(active, 0)]
        else:
            scores = torch.addmm(bias, rows, encoder.T)
            active = top_k(scores.numpy(), k)
            codes = np.take_along_axis(scores.numpy(), np.maximum(active, 0), axis=1)
        return active, np.where(active >= 0, np.maximum(codes, 0), 0).astype(np.float32), scores

    def _backward(
        self, h: np.ndarray, active: np.ndarray, codes: np.ndarray, residual: np.ndarray
    ) -> None:
        scale = np.float32(2 / len(h))
        push = dots(active, self.atoms, residual)  # gradient of the codes, (B, k)
        push = np.where(codes > 0, push * scale, 0).astype(np.float32)
        scatter(active, codes * scale, residual, self.gradient["atoms"])
        scatter(active, push, h, self.gradient["encoder"])
        bias = np.bincount(active[active >= 0], weights=push[active >= 0], minlength=len(self.bias))
        self.gradient["bias"] += bias.astype(np.float32)
        # h = x - offset feeds the encoder too: one product of a vector, not of a matrix
        through = self.gradient["bias"] @ self.encoder
        self.gradient["offset"] += scale * residual.sum(0) - through

    def _revive(
        self, h: np.ndarray, residual: np.ndarray, dead: np.ndarray, scores: torch.Tensor
    ) -> None:
        """Let dead latents, most excited first, learn what is left: it reaches their encoder too.

        The target is the residual, a constant without the offset; no ReLU bars the gradient.
        """
        left = torch.from_numpy(-residual)
        atoms, rows = torch.from_numpy(self.atoms[dead]), torch.from_numpy(h)
        excited = scores[:, torch.from_numpy(dead)].float()
        most = min(len(dead), max(2 * self.k, self.atoms.shape[1] // 2), _AUX_MOST)
        if most < len(dead):
            edge = torch.topk(excited, most, dim=1, sorted=False).values.amin(1, keepdim=True)
            excited = torch.where(excited >= edge, excited, 0)
        size = left.square().sum()
        if not size > 0:
            return
        wrong = excited @ atoms - left
        # relative to the size of the residual, as in Gao et al. (2024), on the main loss' scale
        weight = 2 * self.training.aux_weight / len(h)
        push = torch.where(excited != 0, wrong @ atoms.T, 0) * weight
        self.gradient["atoms"][dead] += (excited.T @ wrong * weight).numpy()
        self.gradient["encoder"][dead] += (push.T @ rows).numpy()
        self.gradient["bias"][dead] += push.sum(0).numpy()

    def _update(self, rate: float) -> None:
        self.steps += 1
        for name, array in self._weights().items():
            rows = array.reshape(-1, array.shape[-1]) if array.ndim == 2 else array.reshape(1, -1)
            moments = self.moments[name].reshape(2, *rows.shape)
            gradient = self.gradient[name].reshape(rows.shape)
            step = int(self.steps[0])
            adam(rows, moments, gradient, step=step, rate=rate, unit=name == "atoms")
