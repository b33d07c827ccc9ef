"""SAELens: a folder with ``cfg.json`` and ``sae_weights.safetensors``, also those before 6.0."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.sparse.formats.foreign._assemble import Parts, whole_number
from unbraid.sparse.formats.foreign.checkpoint._other_kinds import TRANSCODER, kind_in
from unbraid.sparse.formats.foreign.checkpoint._settings import Settings
from unbraid.sparse.formats.foreign.checkpoint._source import Source
from unbraid.sparse.formats.foreign.checkpoint._tensors import Tensors
from unbraid.sparse.inference._encoder import Activation
from unbraid.sparse.inference._transform import Transform

CONFIG, WEIGHTS = "cfg.json", "sae_weights.safetensors"
_SCALER = "activation_scaler.json"
_ACTIVATIONS: dict[str, Activation] = {
    "standard": "relu",
    "topk": "topk",
    "abstopk": "abstopk",
    "jumprelu": "jumprelu",
    "gated": "gated",
    "matching_pursuit": "pursuit",
    # checkpoints of a training; what is saved for inference says jumprelu
    "batchtopk": "jumprelu",
    "matryoshka_batchtopk": "jumprelu",
}
_FUNCTIONS: dict[Any, dict[str, Activation]] = {  # before 6.0: one name for the activation function
    None: _ACTIVATIONS,
    "relu": {"standard": "relu", "jumprelu": "jumprelu", "gated": "gated"},
    "topk": {"standard": "topk", "topk": "topk"},
    "tanh-relu": {"standard": "tanh_relu"},
}
_NORMALIZE: dict[Any, Transform] = {
    "none": "none",
    "expected_average_only_in": "none",
    "layer_norm": "layer_norm",
    "constant_norm_rescale": "constant_norm_rescale",
}
_AVERAGE = (
    "it was trained on responses scaled to a mean length of sqrt(d_in). Give such responses, or "
    "load it with scale=sqrt(d_in) / mean length of yours."
)
_HEADS = (
    "its input is an attention layer's hook_z: give each stimulus as the heads' values one head "
    "after the other."
)
_INERT = frozenset({"metadata", "normalize_sae_decoder"})


def read(source: Source) -> Parts:
    """Read the folder's weights by what its configuration says."""
    source.says_all()
    config = source.config(CONFIG, inert=_INERT)
    where = source.weights.parent / CONFIG
    architecture = config.get("architecture", "standard")
    if kind_in(str(architecture)) is not None:
        raise InputError(f"{where}: architecture={architecture!r}: {kind_in(str(architecture))}")
    if not isinstance(architecture, str) or architecture not in _ACTIVATIONS:
        raise InputError(
            f"{where}: the architecture {architecture!r} is no dictionary of its own input (read "
            f"are {', '.join(_ACTIVATIONS)})."
        )
    normalize, activation = _normalize(config), _activation(config, architecture)
    m = whole_number(config.get("d_sae"), f"{where}: d_sae")
    p = whole_number(config.get("d_in"), f"{where}: d_in")
    tensors = source.tensors()
    tensors.refuse(("W_skip",), TRANSCODER)
    parts = Parts(
        method=source.imported(architecture),
        atoms=_atoms(tensors, config, m, p),
        offset=tensors.take("b_dec", p),
        activation=activation,
        centred=config.flag("apply_b_dec_to_input", True),
        transform=_NORMALIZE[normalize],
    )
    options = source.section(config, "activation_fn_kwargs")
    if activation == "pursuit":
        parts = _pursuit(parts, tensors, config)
    else:
        parts = _encoded(parts, tensors, config, options)
    return _said(source, parts, config, normalize)


def _encoded(parts: Parts, tensors: Tensors, config: Settings, options: Settings) -> Parts:
    m, p = parts.atoms.shape
    gated = parts.activation == "gated"
    parts = replace(
        parts,
        weights=tensors.take("W_enc", p, m),
        bias=tensors.take("b_mag" if gated else "b_enc", m),
    )
    if gated:
        return replace(
            parts, threshold=tensors.take("b_gate", m), log_scale=tensors.take("r_mag", m)
        )
    training = parts.method.architecture.endswith("batchtopk")
    top = parts.activation in ("topk", "abstopk")
    if top or training:
        k = _k(config, options)  # a training's k becomes its threshold
        parts = replace(parts, k=k if top else None)
        if config.flag("rescale_acts_by_decoder_norm", training):
            parts = parts.by_atom_length()
    if training and "threshold" not in tensors:
        return replace(parts, threshold=np.full(m, tensors.number("topk_threshold")))
    if parts.activation == "jumprelu":
        return replace(parts, threshold=tensors.take("threshold", m))
    return parts


def _pursuit(parts: Parts, tensors: Tensors, config: Settings) -> Parts:
    p = parts.atoms.shape[1]
    most, least = config.get("max_iterations"), config.get("residual_threshold", 1e-2)
    if isinstance(least, bool) or not isinstance(least, int | float) or not np.isfinite(least):
        raise InputError(f"{tensors.path.parent / CONFIG}: residual_threshold must be a number.")
    return replace(
        parts,
        offset=parts.offset if parts.centred else np.zeros_like(parts.offset),
        weights=parts.atoms.T,
        bias=np.zeros(len(parts.atoms), parts.atoms.dtype),
        k=whole_number(p if most is None else most, "max_iterations"),
        tolerance=max(0.0, float(least)),
        until_repeat=config.flag("stop_on_duplicate_support", True),
    )


def _activation(config: Settings, architecture: str) -> Activation:
    """Return what the architecture does, under the activation function of those before 6.0."""
    named = [config.get(name) for name in ("activation_fn_str", "activation_fn")]
    function = next((name for name in named if name is not None), None)
    known = _FUNCTIONS.get(function) if function is None or isinstance(function, str) else None
    if known is None or architecture not in known:
        raise InputError(
            f"{config.where}: the activation function {function!r} of a {architecture} SAE is not "
            "one that can be read; read are relu, topk and tanh-relu of a standard one."
        )
    return known[architecture]


def _k(config: Settings, options: Settings) -> int:
    """Return k; before 6.0 it is an option of the activation function."""
    stated = [part.get("k") for part in (options, config) if "k" in part]
    if len(stated) == 2 and stated[0] != stated[1]:
        raise InputError(f"{config.where}: k is both {stated[0]!r} and {stated[1]!r}.")
    return whole_number(stated[0] if stated else None, f"{config.where}: k")


def _normalize(config: Settings) -> str:
    stated = config.get("normalize_activations") or "none"
    if stated is True:
        stated = "expected_average_only_in"
    if not isinstance(stated, str) or stated not in _NORMALIZE:
        raise InputError(
            f"{config.where}: normalize_activations must be one of {', '.join(_NORMALIZE)}, got "
            f"{stated!r}; fold it into the weights with SAELens first."
        )
    return stated


def _atoms(tensors: Tensors, config: Settings, m: int, p: int) -> np.ndarray:
    atoms, name = tensors.take("W_dec", m, p), "scaling_factor"
    tuned = config.flag("finetuning_scaling_factor", False)
    if name not in tensors:
        return atoms
    factor = tensors.take(name, m)
    if not tuned and (factor != 1).any():
        raise InputError(
            f"{tensors.path} holds a {name} that is not 1, but finetuning_scaling_factor in "
            f"{CONFIG} does not say that it is used."
        )
    return atoms * factor[:, None]


def _said(source: Source, parts: Parts, config: Settings, normalize: str) -> Parts:
    """Return the parts with what the layout asks of the responses: done where it can be."""
    notes = []
    hook = str(config.get("hook_name", config.get("hook_point", "")))
    before = "hook_z" if "hook_z" in hook else "none"
    if config.choice("reshape_activations", ("none", "hook_z"), before) == "hook_z":
        notes.append(_HEADS)
    if normalize == "expected_average_only_in":
        scaler = source.config(_SCALER)
        factor = scaler.get("scaling_factor")
        if factor is None:
            notes.append(_AVERAGE)
        elif source.given.scale is not None:
            raise InputError(f"{scaler.where} holds the scale of the training; leave scale out.")
        elif not isinstance(factor, int | float) or not 0 < factor < float("inf"):
            raise InputError(f"{scaler.where}: scaling_factor must be a positive number.")
        else:
            parts = parts.scaled(float(factor))
    method = source.imported(parts.method.architecture, *notes)
    return replace(parts, method=method)
