"""An encoder's one pass on a device: the products and the choice of latents, by torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from unbraid._torch import torch

if TYPE_CHECKING:
    from unbraid.sparse.inference._encoder import Encoder


def encode_on(encoder: Encoder, h: np.ndarray, atoms: np.ndarray, device: Any) -> sp.csr_array:
    """Return the codes of ``h (n, p)`` as CSR (n, m), as ``Encoder`` does, to rounding."""
    data = _sent(h, device)
    weights = _sent(encoder.weights, device)
    if encoder.activation in ("pursuit", "signed_pursuit"):
        return _csr(_pursued(encoder, data, weights, _sent(atoms, device)))
    if encoder.activation == "gated":
        gate = torch.addmm(_sent(encoder.threshold, device), data, weights)
        scaled = weights * _sent(encoder.scale, device)
        size = torch.addmm(_sent(encoder.bias, device), data, scaled).clamp_min(0)
        return _csr(torch.where(gate > 0, size, 0))
    scores = torch.addmm(_sent(encoder.bias, device), data, weights)
    k = min(encoder.k or 1, scores.shape[1])
    if encoder.activation == "topk":
        return _csr(_kept(scores.clamp_min(0), scores, k))
    if encoder.activation == "abstopk":
        return _csr(_kept(scores.abs(), scores, k))
    if encoder.activation == "signed_topk":
        return _csr(_kept(scores, scores, k))
    if encoder.activation == "tanh_relu":
        return _csr(scores.clamp_min(0).tanh())
    if encoder.activation == "jumprelu":
        return _csr(torch.where(scores > _sent(encoder.threshold, device), scores, 0).clamp_min(0))
    return _csr(scores.clamp_min(0))


def _kept(by: torch.Tensor, scores: torch.Tensor, k: int) -> torch.Tensor:
    """Return scores where ``by`` is among the k largest of its row, 0 elsewhere."""
    top = by.topk(k, dim=1, sorted=False)
    zero = torch.zeros_like(scores)
    kept = torch.where(by.gather(1, top.indices) != 0, scores.gather(1, top.indices), 0)
    return zero.scatter_(1, top.indices, kept)


def _pursued(
    encoder: Encoder, h: torch.Tensor, weights: torch.Tensor, atoms: torch.Tensor
) -> torch.Tensor:
    """Return codes by plain matching pursuit: see ``_greedy.pursue``."""
    left, codes = h.clone(), h.new_zeros((len(h), weights.shape[1]))
    taken = torch.zeros_like(codes, dtype=torch.bool)
    open_ = torch.arange(len(h), device=h.device)
    for _ in range(encoder.k or 1):
        value, best = (left[open_] @ weights).max(1)
        value = value.clamp_min(0) if encoder.activation == "pursuit" else value
        left[open_] -= value[:, None] * atoms[best]
        codes[open_, best] += value
        done = value == 0
        if encoder.until_repeat:
            done |= taken[open_, best]
            taken[open_, best] = True
        if encoder.tolerance > 0:
            done |= left[open_].norm(dim=1) < encoder.tolerance
        open_ = open_[~done]
        if not len(open_):
            break
    return codes


def _csr(codes: torch.Tensor) -> sp.csr_array:
    rows, latents = codes.nonzero(as_tuple=True)
    entries = codes[rows, latents].cpu().numpy(), (rows.cpu().numpy(), latents.cpu().numpy())
    return sp.csr_array(sp.coo_array(entries, tuple(codes.shape)))


def _sent(array: Any, device: Any) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(device)
