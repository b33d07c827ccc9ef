"""A linear encoder that is told the true features: the best that one pass can do."""

from __future__ import annotations

import numpy as np

from unbraid import sparse


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
    """Train ``TopK_k(relu(x E + c))`` to equal the true features, from ``E = A^T``.

    Parameters
    ----------
    x : array of shape (n, p)
    features : array of shape (n, N)
    encoding : array of shape (N, p)
        The true directions: where the encoder starts, and the atoms of what is returned.
    k, steps : int
    rng : Generator
        Rules the batches.
    """
    import torch

    weights = torch.tensor(encoding.T, dtype=torch.float32, requires_grad=True)
    bias = torch.zeros(len(encoding), requires_grad=True)
    inputs, targets = (torch.from_numpy(a.astype(np.float32)) for a in (x, features))
    optimizer = torch.optim.Adam([weights, bias], lr=learning_rate)
    for _ in range(steps):
        rows = torch.from_numpy(rng.integers(len(x), size=batch_size))
        scores = (inputs[rows] @ weights + bias).relu()
        top = torch.topk(scores, k, dim=1)
        codes = torch.zeros_like(scores).scatter(1, top.indices, top.values)
        loss = (codes - targets[rows]).square().sum(dim=1).mean()
        optimizer.zero_grad()
        loss.backward()
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
