"""Autoencoders trained by dense automatic differentiation: one rule of activation each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unbraid._torch import torch
from unbraid.sparse.training._descent import descent_here
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
        self.rule, self.training, self.ranks = rule, training, Ranks()
        self.compose = compose or (lambda w: w["atoms"])
        self.descent = descent_here(weights, unit=("atoms",) if unit else ())
        self.weights: Weights = self.descent.tensors()
        self.mask = None if mask is None else self._sent(np.asarray(mask, np.float32))
        self.dead_after = training.dead_after * n_train
        self.since = np.zeros(len(self.compose(self.weights)), np.int64)

    def state(self) -> dict[str, np.ndarray]:
        """Return all arrays by name."""
        return {**self.descent.state(), "since": self.since}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Go back to a state."""
        self.descent.restore(arrays)
        self.since[...] = arrays["since"]

    def step(self, x: np.ndarray, rate: float, share: float) -> StepResult:
        """Take one Adam step on a batch (B, p)."""
        w, data = self.weights, self._sent(x)
        h = data - w["offset"]
        codes, penalty = self.rule(w, h, share)
        atoms = self.compose(w)
        residual = w["offset"] + codes @ atoms - data
        main = residual.square().sum(1).mean()
        loss = main + penalty + self._revive(h.detach(), residual.detach(), atoms)
        loss.backward()
        if self.mask is not None:
            for name in ("atoms", "encoder"):
                torch.as_tensor(self.descent.gradient[name]).mul_(self.mask)
        dead = float((self.since > self.dead_after).mean())
        fired = (codes.detach() != 0).any(0).cpu().numpy()
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
            for rows in self._sent(x).split(4096):
                codes, penalty = self.rule(w, rows - w["offset"], 1.0)
                wrong = (w["offset"] + codes @ self.compose(w) - rows).square().sum()
                total += float(wrong + penalty * len(rows))
        return total

    def _sent(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).to(self.descent.device)

    def _revive(self, h: torch.Tensor, residual: torch.Tensor, atoms: torch.Tensor) -> torch.Tensor:
        """Let dead latents learn what the others leave, without a ReLU in the way.

        Where there is no encoder, the atoms themselves read what is left.
        """
        dead = self._sent(self.since > self.dead_after)
        if not bool(dead.any()) or not self.training.aux_weight:
            return h.new_zeros(())
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
