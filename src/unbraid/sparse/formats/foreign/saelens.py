"""SAELens: a folder with ``cfg.json`` and ``sae_weights.safetensors``, also those before 6.0."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.sparse._dictionary import Transform
from unbraid.sparse.formats.foreign._assemble import Parts, whole_number
from unbraid.sparse.formats.foreign._source import Source
from unbraid.sparse.formats.foreign._tensors import Tensors
from unbraid.sparse.inference._encoder import Activation

CONFIG, WEIGHTS = "cfg.json", "sae_weights.safetensors"
_ACTIVATIONS: dict[str, Activation] = {
    "standard": "relu",
    "topk": "topk",
    "abstopk": "abstopk",
    "jumprelu": "jumprelu",
    "gated": "gated",
    # checkpoints of a training; what is saved for inference says jumprelu
    "batchtopk": "jumprelu",
    "matryoshka_batchtopk": "jumprelu",
}
_NORMALIZE: dict[str, Transform] = {
    "none": "none",
    "expected_average_only_in": "none",
    "layer_norm": "layer_norm",
    "constant_norm_rescale": "constant_norm_rescale",
}
_AVERAGE = (
    "it was trained on responses scaled to a mean length of sqrt(d_in). Give such responses, or "
    "load it with scale=sqrt(d_in) / mean length of yours."
)
_PURSUIT = (
    "its codes were found by plain matching pursuit; encode uses orthogonal matching pursuit, "
    "which refits the codes after every atom."
)


def read(source: Source) -> Parts:
    """Read the folder's weights by what its configuration says."""
    source.says_all()
    config = _current(source.config(CONFIG))
    where = source.weights.parent / CONFIG
    architecture = config.get("architecture", "standard")
    normalize = config.get("normalize_activations") or "none"
    if normalize not in _NORMALIZE:
        raise InputError(
            f"{where}: normalize_activations must be one of {', '.join(_NORMALIZE)}, got "
            f"{normalize!r}; fold it into the weights with SAELens first."
        )
    m = whole_number(config.get("d_sae"), f"{where}: d_sae")
    p = whole_number(config.get("d_in"), f"{where}: d_in")
    tensors = source.tensors()
    if architecture not in _ACTIVATIONS and architecture != "matching_pursuit":
        raise InputError(
            f"{where}: the architecture {architecture!r} is no dictionary of its own input (read "
            f"are {', '.join([*_ACTIVATIONS, 'matching_pursuit'])})."
        )
    tensors.refuse(("W_skip",), "a transcoder predicts another layer, it is no dictionary.")
    parts = Parts(
        method=source.imported(architecture, *_notes(normalize, architecture)),
        atoms=_atoms(tensors, config, m, p),
        offset=tensors.take("b_dec", p),
        centred=bool(config.get("apply_b_dec_to_input", True)),
        transform=_NORMALIZE[normalize],
    )
    if architecture == "matching_pursuit":
        return _pursuit(parts, config)
    return _encoded(parts, tensors, config)


def _encoded(parts: Parts, tensors: Tensors, config: dict[str, Any]) -> Parts:
    m, p = parts.atoms.shape
    architecture = config.get("architecture", "standard")
    activation = _ACTIVATIONS[architecture]
    gated = activation == "gated"
    parts = replace(
        parts,
        activation=activation,
        weights=tensors.take("W_enc", p, m),
        bias=tensors.take("b_mag" if gated else "b_enc", m),
    )
    if gated:
        return replace(
            parts, threshold=tensors.take("b_gate", m), log_scale=tensors.take("r_mag", m)
        )
    training = architecture.endswith("batchtopk")
    if activation in ("topk", "abstopk"):
        k = whole_number(config.get("k"), f"{tensors.path.parent / CONFIG}: k")
        parts = replace(parts, k=k)
    if config.get("rescale_acts_by_decoder_norm", training):
        parts = parts.by_atom_length()
    if training and "threshold" not in tensors:
        return replace(parts, threshold=np.full(m, tensors.number("topk_threshold")))
    if activation == "jumprelu":
        return replace(parts, threshold=tensors.take("threshold", m))
    return parts


def _pursuit(parts: Parts, config: dict[str, Any]) -> Parts:
    m, p = parts.atoms.shape
    most = config.get("max_iterations") or p
    offset = parts.offset if parts.centred else np.zeros_like(parts.offset)
    return replace(parts, offset=offset, k=min(whole_number(most, "max_iterations"), m))


def _atoms(tensors: Tensors, config: dict[str, Any], m: int, p: int) -> np.ndarray:
    atoms = tensors.take("W_dec", m, p)
    if config.get("finetuning_scaling_factor") and "scaling_factor" in tensors:
        return atoms * tensors.take("scaling_factor", m)[:, None]
    return atoms


def _notes(normalize: str, architecture: str) -> list[str]:
    notes = [_AVERAGE] if normalize == "expected_average_only_in" else []
    return notes + ([_PURSUIT] if architecture == "matching_pursuit" else [])


def _current(config: dict[str, Any]) -> dict[str, Any]:
    """Bring a configuration written before SAELens 6.0 to today's names."""
    config = dict(config)
    activation = config.get("activation_fn_str", config.get("activation_fn"))
    options = config.get("activation_fn_kwargs")
    if activation == "topk" and isinstance(options, dict) and options.get("k") is not None:
        config |= {"architecture": "topk", "k": options["k"]}
    if isinstance(config.get("normalize_activations"), bool):
        scaled = config["normalize_activations"]
        config["normalize_activations"] = "expected_average_only_in" if scaled else "none"
    return config
