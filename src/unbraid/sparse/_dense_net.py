"""Autoencoders trained by dense automatic differentiation: one rule of activation each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from unbraid.sparse._loop import News
from unbraid.sparse._training import Training

Weights = dict[str, torch.Tensor]
Rule = Callable[[Weights, torch.Tensor, float], tuple[torch.Tensor, torch.Tensor]]
"""``rule(weights, h, share) -> (codes, penalty)`` for centred stimuli ``h`` (B, p)."""


class DenseNet:
    """``x ~ offset + rule(x - offset) atoms`` in training; rows of the weights are latents."""

    def __init__(
        self,
        weights: dict[str, np.ndarray],
        rule: Rule,
        n_train: int,
        training: Training,
        *,
        unit: bool = True,
    ) -> None:
        self.weights: Weights = {
            name: torch.from_numpy(np.array(array, np.float32)).requires_grad_()
            for name, array in weights.items()
        }
        self.rule, self.training, self.unit = rule, training, unit
        self.dead_after = training.dead_after * n_train
        self.since = np.zeros(len(weights["atoms"]), np.int64)
        self.optimizer = torch.optim.Adam(list(self.weights.values()), lr=0.0)

    def state(self) -> dict[str, np.ndarray]:
        """Return the weights, shared."""
        return {name: weight.detach().numpy() for name, weight in self.weights.items()}

    def step(self, x: np.ndarray, rate: float, share: float) -> News:
        """Take one Adam step on a batch (B, p)."""
        w, data = self.weights, torch.from_numpy(x)
        h = data - w["offset"]
        codes, penalty = self.rule(w, h, share)
        residual = w["offset"] + codes @ w["atoms"] - data
        main = residual.square().sum(1).mean()
        loss = main + penalty + self._revive(h, residual.detach())
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.zero_grad()
        loss.backward()
        with torch.no_grad():
            atoms = w["atoms"]
            if self.unit and atoms.grad is not None:
                atoms.grad -= (atoms.grad * atoms).sum(1, keepdim=True) * atoms
            self.optimizer.step()
            if self.unit:
                atoms /= atoms.norm(dim=1, keepdim=True).clamp_min(1e-12)
        dead = float((self.since > self.dead_after).mean())
        self.since += len(x)
        self.since[(codes.detach() != 0).any(0).numpy()] = 0
        variance = float((data - data.mean(0)).square().sum(1).mean())
        fvu = float(main.detach()) / variance if variance else float("nan")
        return News(float(loss.detach()), fvu, dead)

    def error(self, x: np.ndarray) -> float:
        """Return the summed squared error, penalty included, of ``x`` at the end of training."""
        w, total = self.weights, 0.0
        with torch.no_grad():
            for rows in torch.from_numpy(x).split(4096):
                codes, penalty = self.rule(w, rows - w["offset"], 1.0)
                wrong = (w["offset"] + codes @ w["atoms"] - rows).square().sum()
                total += float(wrong + penalty * len(rows))
        return total

    def _revive(self, h: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        """Let dead latents learn what the others leave, without a ReLU in the way."""
        dead = torch.from_numpy(self.since > self.dead_after)
        if not bool(dead.any()) or not self.training.aux_weight:
            return torch.zeros(())
        w = self.weights
        excited = h @ w["encoder"][dead].T + w["bias"][dead]
        wrong = excited @ w["atoms"][dead] + residual
        return self.training.aux_weight * wrong.square().sum(1).mean()


def scores(weights: Weights, h: torch.Tensor) -> torch.Tensor:
    """Return ``h encoder' + bias``."""
    return h @ weights["encoder"].T + weights["bias"]
