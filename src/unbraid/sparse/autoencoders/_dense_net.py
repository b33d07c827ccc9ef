"""Autoencoders trained by dense automatic differentiation: one rule of activation each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unbraid._torch import torch
from unbraid.sparse.training._descent import Descent
from unbraid.sparse.training._loop import StepResult
from unbraid.sparse.training._ranks import Ranks
from unbraid.sparse.training._training import Training

Weights = dict[str, torch.Tensor]
Rule = Callable[[Weights, torch.Tensor, float], tuple[torch.Tensor, torch.Tensor]]
"""``rule(weights, h, share) -> (codes, penalty)`` for centred stimuli ``h`` (B, p)."""
Compose = Callable[[Weights], torch.Tensor]
"""``compose(weights) -> atoms`` (m, p), where they are made of other weights."""


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
        compose: Compose | None = None,
        mask: np.ndarray | None = None,
    ) -> None:
        self.rule, self.training, self.ranks, self.mask = rule, training, Ranks(), mask
        self.compose = compose or (lambda w: w["atoms"])
        self.descent = Descent(weights, unit=("atoms",) if unit else ())
        self.weights: Weights = {}
        for name, array in self.descent.weights.items():
            weight = torch.from_numpy(array).requires_grad_()
            weight.grad = torch.from_numpy(self.descent.gradient[name])  # summed in place
            self.weights[name] = weight
        self.dead_after = training.dead_after * n_train
        self.since = np.zeros(len(self.compose(self.weights)), np.int64)

    def state(self) -> dict[str, np.ndarray]:
        """Return all arrays by name."""
        return {**self.descent.state(), "since": self.since}

    def step(self, x: np.ndarray, rate: float, share: float) -> StepResult:
        """Take one Adam step on a batch (B, p)."""
        w, data = self.weights, torch.from_numpy(x)
        h = data - w["offset"]
        codes, penalty = self.rule(w, h, share)
        atoms = self.compose(w)
        residual = w["offset"] + codes @ atoms - data
        main = residual.square().sum(1).mean()
        loss = main + penalty + self._revive(h.detach(), residual.detach(), atoms)
        loss.backward()
        if self.mask is not None:
            for name in ("atoms", "encoder"):
                self.descent.gradient[name] *= self.mask
        dead = float((self.since > self.dead_after).mean())
        fired = (codes.detach() != 0).any(0).numpy()
        losses = [float(loss.detach()), float(main.detach())]
        done = self.ranks.average(self.descent.gradient, len(x), fired, losses)
        self.descent.step(rate)
        self.since += done.n
        self.since[done.fired] = 0
        return StepResult(done.losses[0], done.losses[1] / x.shape[1], dead)

    def error(self, x: np.ndarray) -> float:
        """Return the summed squared error, penalty included, of ``x`` at the end of training."""
        w, total = self.weights, 0.0
        with torch.no_grad():
            for rows in torch.from_numpy(x).split(4096):
                codes, penalty = self.rule(w, rows - w["offset"], 1.0)
                wrong = (w["offset"] + codes @ self.compose(w) - rows).square().sum()
                total += float(wrong + penalty * len(rows))
        return total

    def _revive(self, h: torch.Tensor, residual: torch.Tensor, atoms: torch.Tensor) -> torch.Tensor:
        """Let dead latents learn what the others leave, without a ReLU in the way.

        Where there is no encoder, the atoms themselves read what is left.
        """
        dead = torch.from_numpy(self.since > self.dead_after)
        if not bool(dead.any()) or not self.training.aux_weight:
            return torch.zeros(())
        w = self.weights
        if "encoder" in w:
            excited = h @ w["encoder"][dead].T + w["bias"][dead]
        else:
            excited = -residual @ atoms[dead].T
        wrong = excited @ atoms[dead] + residual
        return self.training.aux_weight * wrong.square().sum(1).mean()


def scores(weights: Weights, h: torch.Tensor) -> torch.Tensor:
    """Return ``h encoder' + bias``."""
    return h @ weights["encoder"].T + weights["bias"]
