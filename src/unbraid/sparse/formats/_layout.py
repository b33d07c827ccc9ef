"""A dictionary in SAELens' words; what SAELens has no word for stands under a name it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from unbraid.errors import InputError
from unbraid.sparse.inference._encoder import Activation, Encoder

if TYPE_CHECKING:
    from unbraid.sparse._dictionary import Dictionary

ARCHITECTURES: dict[Activation, str] = {
    "topk": "topk",
    "abstopk": "abstopk",
    "relu": "standard",
    "jumprelu": "jumprelu",
    "gated": "gated",
    "pursuit": "matching_pursuit",
}
OURS = "unbraid_"  # what an architecture that SAELens does not have begins with
_PURSUITS = ("pursuit", "signed_pursuit")
_GATED = ("b_gate", "b_mag", "r_mag")
_SETTINGS = frozenset({
    "architecture", "d_in", "d_sae", "dtype", "device", "apply_b_dec_to_input",
    "normalize_activations", "reshape_activations", "metadata",
})  # fmt: skip
_OF_PURSUIT = frozenset({"residual_threshold", "max_iterations", "stop_on_duplicate_support"})
_OF_TOP = frozenset({"k", "rescale_acts_by_decoder_norm"})


def unsaid(dictionary: Dictionary) -> str | None:
    """Return what of a dictionary's codes SAELens has no layout for; None where it has one."""
    encoder = dictionary.encoder
    if dictionary.shuffled is not None:
        return "shuffled codes"
    if encoder is None or dictionary.by != "encoder":
        return f"codes found by {dictionary.by}"
    if encoder.activation not in ARCHITECTURES:
        return f"a {encoder.activation} encoder"
    if encoder.activation == "pursuit":
        if not np.array_equal(encoder.weights.T, dictionary.atoms):
            return "a pursuit that takes away other atoms than it looks for"
        if not encoder.centred and dictionary.offset.any():
            return "a pursuit that does not subtract the offset"
    return None


def settings(dictionary: Dictionary) -> dict[str, Any]:
    """Return SAELens' settings of a dictionary."""
    m, p = dictionary.atoms.shape
    encoder = dictionary.encoder
    found = {
        "architecture": _architecture(dictionary),
        "d_in": p,
        "d_sae": m,
        "dtype": str(dictionary.atoms.dtype),
        "device": "cpu",
        "apply_b_dec_to_input": encoder is None or encoder.centred,
        "normalize_activations": dictionary.transform,
        "reshape_activations": "none",
    }
    if encoder is None:
        return found
    if encoder.activation in _PURSUITS:
        return found | {
            "residual_threshold": encoder.tolerance,
            "max_iterations": encoder.k or 1,
            "stop_on_duplicate_support": encoder.until_repeat,
        }
    if encoder.k is not None:
        found |= {"k": encoder.k, "rescale_acts_by_decoder_norm": False}
    return found


def tensors(dictionary: Dictionary) -> dict[str, np.ndarray]:
    """Return SAELens' tensors of a dictionary."""
    found = {"W_dec": dictionary.atoms, "b_dec": dictionary.offset}
    encoder = dictionary.encoder
    said = encoder is not None and encoder.activation == "pursuit" and unsaid(dictionary) is None
    if encoder is not None and not said:
        found["W_enc"] = encoder.weights
        if encoder.activation == "gated" and encoder.threshold is not None:
            found["b_gate"], found["b_mag"] = encoder.threshold, encoder.bias
            found["r_mag"] = np.log(np.asarray(encoder.scale))
        else:
            found["b_enc"] = encoder.bias
            if encoder.activation == "jumprelu" and encoder.threshold is not None:
                found["threshold"] = encoder.threshold
    return {name: np.ascontiguousarray(tensor) for name, tensor in found.items()}


def read_encoder(
    config: Mapping[str, Any], own: Mapping[str, Any], held: Mapping[str, np.ndarray], where: Path
) -> Encoder | None:
    """Return the encoder that ``settings`` and ``tensors`` describe; every part must be of use."""
    activation = _activation(config, own, where)
    pursuit = activation in _PURSUITS or config.get("architecture") == "matching_pursuit"
    with_k = _OF_TOP if "k" in config else frozenset()  # also of batch top-k, saved as jumprelu
    _check_names(config, _SETTINGS | (_OF_PURSUIT if pursuit else with_k), f"{where}: the setting")
    if config.get("rescale_acts_by_decoder_norm", False) is not False:
        raise InputError(f"{where}: rescale_acts_by_decoder_norm must be false.")
    if activation is None:
        _check_names(held, {"W_dec", "b_dec"}, f"{where.parent} holds the tensor")
        return None
    pursuit = activation in _PURSUITS
    gated, named = activation == "gated", pursuit and "W_enc" not in held
    needed = ("W_enc", *_GATED) if gated else () if named else ("W_enc", "b_enc")
    needed += ("threshold",) if activation == "jumprelu" else ()
    if not set(needed) <= held.keys():
        raise InputError(f"The weights lack {', '.join(needed)} of the {activation} encoder.")
    _check_names(held, {"W_dec", "b_dec", *needed}, f"{where.parent} holds the tensor")
    weights = np.ascontiguousarray(held["W_dec"].T) if named else held["W_enc"]
    bias = np.zeros(weights.shape[1], weights.dtype) if named else held[needed[2 if gated else 1]]
    return Encoder(
        weights=weights,
        bias=bias,
        activation=activation,
        k=_k(config, activation),
        threshold=held.get("b_gate" if gated else "threshold"),
        scale=np.exp(held["r_mag"]) if gated else None,
        centred=_flag(config, "apply_b_dec_to_input", True, where),
        tolerance=_tolerance(config, where) if pursuit else 0.0,
        until_repeat=pursuit and _flag(config, "stop_on_duplicate_support", True, where),
    )


def _architecture(dictionary: Dictionary) -> str:
    encoder = dictionary.encoder
    if unsaid(dictionary) is None and encoder is not None:
        return ARCHITECTURES[encoder.activation]
    if dictionary.shuffled is not None:
        return OURS + "shuffled"
    if encoder is None or dictionary.by != "encoder":
        return OURS + dictionary.by
    return OURS + encoder.activation


def _activation(
    config: Mapping[str, Any], own: Mapping[str, Any], where: Path
) -> Activation | None:
    architecture = config.get("architecture")
    if "activation" in own:  # what SAELens cannot say
        activation = own["activation"]
        if activation is not None and activation not in get_args(Activation):
            raise InputError(f"{where}: activation cannot be {activation!r}.")
        return activation
    names = {theirs: ours for ours, theirs in ARCHITECTURES.items()}
    if not isinstance(architecture, str) or architecture not in names:
        raise InputError(f"The architecture {architecture!r} is not known.")
    of_before = own.get("by", "encoder") != "encoder" and names[architecture] == "pursuit"
    if of_before and config.get("stop_on_duplicate_support") is not False:
        return None  # codes by pursuit were once saved under this name
    return names[architecture]


def _check_names(held: Mapping[str, Any], known: set[str] | frozenset[str], what: str) -> None:
    for name in held:
        if name not in known:
            raise InputError(
                f"{what} {name}, which this dictionary has no use for and which may change its "
                "codes. Take it out where it changes nothing."
            )


def _k(config: Mapping[str, Any], activation: Activation) -> int | None:
    k, m = config.get("max_iterations" if activation in _PURSUITS else "k"), config["d_sae"]
    if activation in _PURSUITS and k is None:
        return int(config["d_in"])
    steps = activation in _PURSUITS or activation in ("topk", "signed_topk", "abstopk")
    most = float("inf") if activation in _PURSUITS else m
    if (steps or k is not None) and not (type(k) is int and 1 <= k <= most):
        raise InputError(f"k of the {activation} encoder must be in 1..{most}, got {k!r}.")
    return k


def _tolerance(config: Mapping[str, Any], where: Path) -> float:
    value = config.get("residual_threshold", 1e-2)
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise InputError(f"{where}: residual_threshold must be a number, got {value!r}.")
    return max(0.0, float(value))


def _flag(config: Mapping[str, Any], name: str, default: bool, where: Path) -> bool:
    value = config.get(name, default)
    if not isinstance(value, bool):
        raise InputError(f"{where}: {name} must be true or false, got {value!r}.")
    return value
