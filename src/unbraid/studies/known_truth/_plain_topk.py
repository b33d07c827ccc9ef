"""The autoencoder of arXiv 2603.28744: TopK by plain descent, as published."""

from __future__ import annotations

import numpy as np

from unbraid import sparse
from unbraid._kernels.threads import one_thread

_NORMALISED = 50  # epochs between two returns of the atoms to unit length


def train(
    x: np.ndarray,
    *,
    n_latents: int,
    k: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    rng: np.random.Generator,
) -> sparse.Dictionary:
    """Minimise ``mean |x - TopK_k(relu(x E + c)) A - b|^2`` by AdamW.

    Atoms start as the encoder's columns at unit length. Their gradient loses its radial part, and
    they return to unit length every 50 epochs, and in the end.

    Parameters
    ----------
    x : array of shape (n, p)
    n_latents, k, epochs, batch_size : int
    learning_rate : float
    rng : Generator
        Rules initial weights and batches.
    """
    from unbraid._torch import torch

    start = rng.uniform(-1, 1, size=(n_latents, x.shape[1])) / np.sqrt(x.shape[1])
    unit = start / np.linalg.norm(start, axis=1, keepdims=True)
    zeros = np.zeros(n_latents), np.zeros(x.shape[1])
    weights, atoms, bias, offset = free = [
        torch.from_numpy(part.astype(np.float32)).requires_grad_() for part in (start, unit, *zeros)
    ]
    optimizer = torch.optim.AdamW(free, lr=learning_rate)
    inputs = torch.from_numpy(x.astype(np.float32))
    with one_thread():
        for epoch in range(epochs):
            for rows in torch.from_numpy(rng.permutation(len(x))).split(batch_size):
                batch = inputs[rows]
                values, kept = (batch @ weights.T + bias).relu().topk(k, dim=1)
                codes = torch.zeros(len(rows), n_latents).scatter(1, kept, values)
                loss = (codes @ atoms + offset - batch).square().sum(dim=1).mean()
                slopes = list(torch.autograd.grad(loss, free))
                with torch.no_grad():
                    along = (slopes[1] * atoms).sum(dim=1, keepdim=True)
                    slopes[1] -= along / atoms.square().sum(dim=1, keepdim=True) * atoms
                for part, slope in zip(free, slopes, strict=True):
                    part.grad = slope
                optimizer.step()
            if (epoch + 1) % _NORMALISED == 0 or epoch == epochs - 1:
                with torch.no_grad():
                    atoms /= atoms.norm(dim=1, keepdim=True)
    encoder = sparse.Encoder(
        weights=weights.detach().numpy().T.copy(),
        bias=bias.detach().numpy(),
        activation="topk",
        k=k,
        centred=False,
    )
    return sparse.Dictionary(
        atoms=atoms.detach().numpy(),
        offset=offset.detach().numpy(),
        encoder=encoder,
        method=sparse.TopK(k=k, n_latents=n_latents),
        k=k,
    )
