"""Rectified autoencoders with a linear or a deeper encoder, for known or learned atoms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class ReluAutoencoder:
    """``codes = relu(... relu(x W + c) ...)``, ``x ~ codes A``, atoms of unit length."""

    layers: tuple[tuple[np.ndarray, np.ndarray], ...]
    """Weights and bias of each layer of the encoder."""
    atoms: np.ndarray
    """(N, p)."""

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Return codes (n, N)."""
        for weights, bias in self.layers:
            x = np.maximum(x @ weights + bias, 0)
        return x

    @property
    def flops(self) -> int:
        """Operations to encode one stimulus."""
        return sum(2 * weights.size + len(bias) for weights, bias in self.layers)

    def training_flops(self, n: int, steps: int) -> int:
        """Operations of ``steps`` on ``n`` stimuli, the way back counted as twice the way there."""
        return 3 * steps * n * (self.flops + 2 * self.atoms.size)


def train(
    x: np.ndarray,
    n_latents: int,
    *,
    atoms: np.ndarray | None = None,
    hidden: int | None = None,
    steps: int,
    rng: np.random.Generator,
    learning_rate: float = 1e-3,
    penalty: float = 0.01,
) -> ReluAutoencoder:
    """Minimise ``mean (x - x^)^2 + penalty mean |codes|`` by Adam on all stimuli at once.

    Parameters
    ----------
    x : array of shape (n, p)
    n_latents : int
    atoms : array of shape (n_latents, p), optional
        Kept as they are; learned where not given.
    hidden : int, optional
        Width of one hidden layer; none: a linear encoder without bias.
    steps : int
    rng : Generator
        Seed of the initial weights.
    """
    from unbraid._torch import torch

    def drawn(n_in: int, n_out: int) -> torch.Tensor:
        bound = 1 / np.sqrt(n_in)
        values = rng.uniform(-bound, bound, size=(n_in, n_out)).astype(np.float32)
        return torch.from_numpy(values).requires_grad_()

    p = x.shape[1]
    sizes = [p, n_latents] if hidden is None else [p, hidden, n_latents]
    weights = [drawn(a, b) for a, b in zip(sizes, sizes[1:], strict=False)]
    biases = [torch.zeros(b, requires_grad=hidden is not None) for b in sizes[1:]]
    directions = drawn(p, n_latents) if atoms is None else None
    free = [*weights, *(b for b in biases if b.requires_grad)]
    free += [] if directions is None else [directions]
    optimizer = torch.optim.Adam(free, lr=learning_rate)
    inputs = torch.from_numpy(x.astype(np.float32))
    given = np.zeros((n_latents, p)) if atoms is None else atoms
    fixed = torch.from_numpy(given.astype(np.float32))
    for _ in range(steps):
        codes = inputs
        for weight, bias in zip(weights, biases, strict=True):
            codes = (codes @ weight + bias).relu()
        if directions is not None:
            fixed = (directions / directions.norm(dim=0, keepdim=True)).T
        loss = (inputs - codes @ fixed).square().mean() + penalty * codes.mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    layers = tuple(
        (w.detach().numpy(), b.detach().numpy()) for w, b in zip(weights, biases, strict=True)
    )
    return ReluAutoencoder(layers=layers, atoms=fixed.detach().numpy())
