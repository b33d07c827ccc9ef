"""A TopK autoencoder in training on a device, by the same steps as the compiled `_sparse_net`."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid._torch import torch
from unbraid.sparse.autoencoders._sparse_net import AUX_MOST, active_now
from unbraid.sparse.training._device_descent import DeviceDescent
from unbraid.sparse.training._loop import StepResult
from unbraid.sparse.training._training import Training


class DeviceTopKNet:
    """``codes = TopK(relu((x - offset) encoder' + bias))``, ``x ~ offset + codes atoms``.

    Float32 products as the device makes them, dense ones: their sums have one order, where sparse
    gradients on a card are summed in any. With B stimuli a batch a step costs five products of
    B m p, and memory for 3 B m numbers beside three arrays of m p for encoder and atoms each.
    """

    def __init__(
        self,
        atoms: np.ndarray,
        k: int,
        n_train: int,
        training: Training,
        *,
        anneal: float,
        device: Any,
    ) -> None:
        m, p = atoms.shape
        self.k, self.anneal, self.training = k, anneal, training
        self.dead_after = training.dead_after * n_train
        start = {"atoms": atoms, "encoder": atoms, "bias": np.zeros(m), "offset": np.zeros(p)}
        self.descent = DeviceDescent(start, ("atoms",), device)
        self.since = torch.zeros(m, dtype=torch.int64, device=self.descent.device)

    def state(self) -> dict[str, np.ndarray]:
        """Return all arrays by name, copied to the host."""
        return {**self.descent.state(), "since": self.since.cpu().numpy().copy()}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Go back to a state."""
        self.descent.restore(arrays)
        self.since.copy_(torch.from_numpy(arrays["since"]))

    @torch.no_grad()
    def step(self, x: np.ndarray, rate: float, share: float) -> StepResult:
        """Take one Adam step on a batch (B, p)."""
        w, grad = self.descent.tensors(), self.descent.gradient
        data = self._sent(x)
        h = data - w["offset"]
        dead = (self.since > self.dead_after).nonzero()[:, 0]
        codes = self._encode(h, active_now(self.k, len(self.since), share, self.anneal))
        residual = codes @ w["atoms"] + w["offset"] - data
        scale = 2 / len(x)
        along = (residual @ w["atoms"].T).mul_(scale) * (codes > 0)  # gradient of the codes
        grad["atoms"].addmm_(codes.T, residual, alpha=scale)
        grad["encoder"].addmm_(along.T, h)
        grad["bias"] += along.sum(0)
        # h = x - offset feeds the encoder too
        grad["offset"] += scale * residual.sum(0) - grad["bias"] @ w["encoder"]
        if len(dead) and self.training.aux_weight:
            self._revive(h, residual, dead)
        self.since += len(x)
        self.since[(codes > 0).any(0)] = 0
        loss = float(residual.square().sum(dtype=torch.float64)) / len(x)
        self.descent.step(rate)
        return StepResult(loss, loss / x.shape[1], len(dead) / len(self.since))

    @torch.no_grad()
    def error(self, x: np.ndarray) -> float:
        """Return the summed squared error of ``x`` with the final k."""
        w, total = self.descent.tensors(), 0.0
        for start in range(0, len(x), 4096):
            block = self._sent(x[start : start + 4096])
            codes = self._encode(block - w["offset"], self.k)
            residual = codes @ w["atoms"] + w["offset"] - block
            total += float(residual.square().sum(dtype=torch.float64))
        return total

    def _sent(self, x: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(x)).to(self.descent.device)

    def _encode(self, h: torch.Tensor, k: int) -> torch.Tensor:
        """Return the codes (B, m) of the k latents that each row of ``h`` excites most."""
        w = self.descent.tensors()
        scores = torch.addmm(w["bias"], h, w["encoder"].T)
        top = scores.topk(k, dim=1, sorted=False)
        return torch.zeros_like(scores).scatter_(1, top.indices, top.values.clamp_min(0))

    def _revive(self, h: torch.Tensor, residual: torch.Tensor, dead: torch.Tensor) -> None:
        """Let dead latents, most excited first, learn what is left: it reaches their encoder too.

        The target is the residual, a constant without the offset; no ReLU bars the gradient.
        """
        w, grad, left = self.descent.tensors(), self.descent.gradient, -residual
        if not bool(left.any()):
            return
        atoms, encoder = w["atoms"][dead], w["encoder"][dead]
        excited = torch.addmm(w["bias"][dead], h, encoder.T)
        most = min(len(dead), max(2 * self.k, atoms.shape[1] // 2), AUX_MOST)
        if most < len(dead):
            edge = excited.topk(most, dim=1).values[:, -1:]
            excited = torch.where(excited >= edge, excited, 0)
        wrong = excited @ atoms - left
        weight = 2 * self.training.aux_weight / len(h)
        push = torch.where(excited != 0, wrong @ atoms.T, 0) * weight
        grad["atoms"].index_add_(0, dead, excited.T @ wrong, alpha=weight)
        grad["encoder"].index_add_(0, dead, push.T @ h)
        grad["bias"].index_add_(0, dead, push.sum(0))
