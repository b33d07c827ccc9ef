"""Overcomplete: a state dict, which says neither k nor threshold; they must be given."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.sparse.formats.foreign._assemble import Parts
from unbraid.sparse.formats.foreign.checkpoint._source import Source
from unbraid.sparse.formats.foreign.checkpoint._tensors import Tensors

_WEIGHT, _BIAS = "encoder.final_block.0.weight", "encoder.final_block.0.bias"


_NORMALIZATIONS = ("l2", "max_l2", "l1", "max_l1", "identity")
_CLOSE = 1e-3  # a length that their own normalisation leaves is 1 to 1e-6
_OR_ORTHOGONAL = (
    "it is read as an MpSAE, whose file an OMPSAE shares. Give activation='pursuit' to confirm it; "
    "for an OMPSAE encode with by='omp'."
)
_INERT = frozenset({"nb_concepts", "input_shape", "num_batches_tracked"})


def read(source: Source) -> Parts:
    """Read a linear encoder and fuse the dictionary; there is no offset."""
    source.says_all("k", "threshold", "activation", "normalization")
    tensors, values = source.parts(inert_settings=_INERT)
    deep = [n for n in tensors.arrays if n.startswith("encoder.") and n not in (_WEIGHT, _BIAS)]
    tensors.refuse(("Q", *deep), "only a linear encoder without quantised codes can be imported.")
    atoms = _fused(tensors, source)
    m, p = atoms.shape
    shared: dict[str, Any] = {"atoms": atoms, "offset": np.zeros(p, atoms.dtype), "centred": False}
    if _WEIGHT not in tensors:
        return _pursuit(source, shared)
    shared |= {"weights": tensors.take(_WEIGHT, m, p).T, "bias": tensors.take(_BIAS, m)}
    if "thresholds" in tensors:
        source.says_all("normalization")
        jump = _just_below(np.exp(tensors.take("thresholds", m)))
        method = source.imported("JumpSAE")
        return Parts(method=method, activation="jumprelu", threshold=jump, **shared)
    k, threshold = source.given.k, source.given.threshold
    if (k is None) == (threshold is None) or source.given.activation not in (None, "topk"):
        raise InputError(
            f"{source.weights}: an overcomplete state dict does not say how latents are kept; give "
            "k=model.top_k for a TopKSAE, threshold=float(model.running_threshold) for a "
            "BatchTopKSAE, or threshold=0 for a plain SAE."
        )
    if threshold is None:
        for name in ("k", "top_k"):
            source.active(values.get(name))
        method = source.imported("TopKSAE")
        return Parts(method=method, activation="topk", k=source.active(None), **shared)
    least = _just_below(np.full(m, threshold, atoms.dtype))
    method = source.imported("BatchTopKSAE" if threshold else "SAE")
    return Parts(method=method, activation="jumprelu", threshold=least, **shared)


def _pursuit(source: Source, shared: dict[str, Any]) -> Parts:
    """Read plain matching pursuit, whose codes may fall below 0."""
    if source.given.activation not in (None, "pursuit"):
        raise InputError(
            f"{source.weights} holds atoms and no encoder: its codes are found by pursuit, got "
            f"activation={source.given.activation!r}."
        )
    notes = [_OR_ORTHOGONAL] if source.given.activation is None else []
    return Parts(
        method=source.imported("MpSAE", *notes),
        activation="signed_pursuit",
        weights=shared["atoms"].T,
        bias=np.zeros(len(shared["atoms"]), shared["atoms"].dtype),
        k=source.active(None, "k, the steps of a pursuit,"),
        **shared,
    )


def _just_below(threshold: np.ndarray) -> np.ndarray:
    """Return thresholds that a score equal to theirs is above: ours keep only what is above."""
    return np.nextafter(threshold, np.asarray(-np.inf, threshold.dtype))


def _fused(tensors: Tensors, source: Source) -> np.ndarray:
    """Return the atoms that their ``eval()`` would fuse."""
    scale = np.float32(1.0)
    if "dictionary.multiplier" in tensors:
        scale = np.float32(np.exp(tensors.number("dictionary.multiplier")))
    if "dictionary._weights" in tensors:
        m, p = tensors.matrix("dictionary._weights")
        return _normalised(tensors.take("dictionary._weights", m, p), source) * scale
    m, n_points = tensors.matrix("dictionary.W")
    p = tensors.matrix("dictionary.C")[1]
    mixture = tensors.take("dictionary.W", m, n_points)
    if (mixture < 0).any() or np.abs(mixture.sum(axis=1) - 1).max() > _CLOSE:
        raise InputError(
            f"{source.weights}: the rows of dictionary.W are no mixtures (they sum to "
            f"{mixture.sum(axis=1).min():.3g}..{mixture.sum(axis=1).max():.3g}): the state was "
            "taken during training, where Relax may be longer than allowed. Call model.eval() "
            "before model.state_dict()."
        )
    hull = mixture @ tensors.take("dictionary.C", n_points, p)
    return (hull + tensors.take("dictionary.Relax", m, p)) * scale


def _normalised(weights: np.ndarray, source: Source) -> np.ndarray:
    """Return atoms under the model's normalisation, which a state dict does not name."""
    chosen = source.given.normalization
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    if chosen is None and np.abs(lengths - 1).max() > _CLOSE:
        raise InputError(
            f"{source.weights}: atoms of length {lengths.min():.3g} to {lengths.max():.3g}, and a "
            "state dict does not name the model's normalization. Give normalization='l2' (the "
            f"library's default) or another of {', '.join(_NORMALIZATIONS)}."
        )
    chosen = "l2" if chosen is None else chosen
    if chosen not in _NORMALIZATIONS:
        raise InputError(
            f"normalization must be one of {', '.join(_NORMALIZATIONS)}, got {chosen!r}."
        )
    if chosen == "identity":
        return weights
    sizes = np.abs(weights).sum(axis=1, keepdims=True) if chosen.endswith("l1") else lengths
    return weights / (sizes.max() if chosen.startswith("max_") else sizes + 1e-8)
