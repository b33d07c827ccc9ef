"""Overcomplete: a state dict, which says neither k nor threshold; they must be given."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.sparse.formats.foreign._assemble import Parts
from unbraid.sparse.formats.foreign._source import Source
from unbraid.sparse.formats.foreign._tensors import Tensors

_WEIGHT, _BIAS = "encoder.final_block.0.weight", "encoder.final_block.0.bias"


def read(source: Source) -> Parts:
    """Read a linear encoder and fuse the dictionary; there is no offset."""
    tensors = source.tensors()
    deep = [n for n in tensors.arrays if n.startswith("encoder.") and n not in (_WEIGHT, _BIAS)]
    tensors.refuse(("Q", *deep), "only a linear encoder without quantised codes can be imported.")
    atoms = _fused(tensors)
    m, p = atoms.shape
    shared: dict[str, Any] = {"atoms": atoms, "offset": np.zeros(p, atoms.dtype), "centred": False}
    if _WEIGHT not in tensors:
        k = source.active(None, "k, the most atoms of a pursuit,")
        return Parts(method=source.imported("MpSAE"), k=k, **shared)
    shared |= {"weights": tensors.take(_WEIGHT, m, p).T, "bias": tensors.take(_BIAS, m)}
    if "thresholds" in tensors:
        source.says_all()
        jump = np.exp(tensors.take("thresholds", m))
        method = source.imported("JumpSAE")
        return Parts(method=method, activation="jumprelu", threshold=jump, **shared)
    if (source.k is None) == (source.threshold is None):
        raise InputError(
            f"{source.weights}: an overcomplete state dict does not say how latents are kept; give "
            "k=model.top_k for a TopKSAE, threshold=float(model.running_threshold) for a "
            "BatchTopKSAE, or threshold=0 for a plain SAE."
        )
    if source.k is not None:
        k = source.active(None)
        return Parts(method=source.imported("TopKSAE"), activation="topk", k=k, **shared)
    # theirs keeps a score equal to the threshold, ours only what is above it
    least = np.nextafter(np.full(m, source.threshold, atoms.dtype), -np.inf, dtype=atoms.dtype)
    kind = "BatchTopKSAE" if source.threshold else "SAE"
    method = source.imported(kind)
    return Parts(method=method, activation="jumprelu", threshold=least, **shared)


def _fused(tensors: Tensors) -> np.ndarray:
    """Return the atoms that their ``eval()`` would fuse."""
    scale = np.float32(1.0)
    if "dictionary.multiplier" in tensors:
        scale = np.float32(np.exp(tensors.number("dictionary.multiplier")))
    if "dictionary._weights" in tensors:
        m, p = tensors.matrix("dictionary._weights")
        weights = tensors.take("dictionary._weights", m, p)
        return weights / (np.linalg.norm(weights, axis=1, keepdims=True) + 1e-8) * scale
    m, n_points = tensors.matrix("dictionary.W")
    p = tensors.matrix("dictionary.C")[1]
    mixture = np.maximum(tensors.take("dictionary.W", m, n_points), 0)
    mixture = mixture / (mixture.sum(axis=1, keepdims=True) + 1e-8)
    hull = mixture @ tensors.take("dictionary.C", n_points, p)
    return (hull + tensors.take("dictionary.Relax", m, p)) * scale
