"""A linear encoder trained on the true features: the best that one pass can do."""

from __future__ import annotations

import numpy as np

from unbraid import sparse
from unbraid.studies.known_truth._keep_largest import keep_largest


def supervised_topk(
    x: np.ndarray,
    features: np.ndarray,
    encoding: np.ndarray,
    *,
    k: int,
    steps: int,
    rng: np.random.Generator,
    batch_size: int = 512,
    learning_rate: float = 3e-3,
) -> sparse.Dictionary:
    """Train ``TopK_k(relu(x E + c))`` to equal the true features by Adam, from ``E = A^T``.

    Parameters
    ----------
    x : array of shape (n, p)
    features : array of shape (n, N)
    encoding : array of shape (N, p)
        The true directions: where the encoder starts, and the atoms of what is returned.
    k, steps : int
    rng : Generator
        Seed of the batches.
    """
    from unbraid._torch import torch

    weights = torch.tensor(encoding.T, dtype=torch.float32, requires_grad=True)
    bias = torch.zeros(len(encoding), requires_grad=True)
    inputs, targets = (a.astype(np.float32) for a in (x, features))
    optimizer = torch.optim.Adam([weights, bias], lr=learning_rate)
    values = weights.detach().numpy(), bias.detach().numpy()  # views: they follow the optimiser
    for _ in range(steps):
        rows = rng.integers(len(x), size=batch_size)
        slopes = gradients(inputs[rows], targets[rows], *values, k)
        weights.grad, bias.grad = (torch.from_numpy(slope) for slope in slopes)
        optimizer.step()
    encoder = sparse.Encoder(
        weights=weights.detach().numpy(),
        bias=bias.detach().numpy(),
        activation="topk",
        k=k,
        centred=False,
    )
    return sparse.Dictionary(
        atoms=encoding.astype(np.float32),
        offset=np.zeros(encoding.shape[1], np.float32),
        encoder=encoder,
        method=sparse.TopK(k=k, n_latents=len(encoding)),
        k=k,
    )


def gradients(
    x: np.ndarray, features: np.ndarray, weights: np.ndarray, bias: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of ``mean_i |codes_i - features_i|^2`` by weights and bias."""
    codes = keep_largest(weights.T @ x.T + bias[:, None], k)  # (N, B)
    slope = (codes - features.T) * (codes > 0) * x.dtype.type(2 / len(x))
    return x.T @ slope.T, slope.sum(axis=1)
