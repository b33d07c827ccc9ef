"""Any one-layer autoencoder: parts by name and shape, what the file does not say is asked for."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.sparse.formats.foreign._assemble import Parts, whole_number
from unbraid.sparse.formats.foreign.checkpoint._other_kinds import refuse_other_kinds
from unbraid.sparse.formats.foreign.checkpoint._roles import Roles, roles
from unbraid.sparse.formats.foreign.checkpoint._source import Source
from unbraid.sparse.formats.foreign.checkpoint._stated import K, Stated, spread
from unbraid.sparse.formats.foreign.checkpoint._tensors import Tensors
from unbraid.sparse.inference._encoder import Activation

_BESIDE = ("cfg.json", "config.json", "hyperparams.json", "config.yaml", "cfg.yaml")
_TOP = ("topk", "signed_topk", "abstopk")
_CHOICES = (*_TOP, "relu", "tanh_relu", "jumprelu")
_ONE_K = (
    "the file states k and names no activation: it is read as top-k. Give activation='topk' to "
    "confirm it, or another."
)


def read(source: Source) -> Parts:
    """Read ``activation((x - centred * offset) W + b)``; nothing is decided by names alone."""
    source.says_all("k", "threshold", "activation", "centred")
    tensors, stated = _opened(source)
    refuse_other_kinds(str(source.weights), tensors.arrays, stated.parts)
    found = roles(tensors, stated.tied(), stated.units())
    p, m = found.weights.shape
    stated.check_sizes(p, m)
    activation, notes = _activation(source, stated, found)
    if source.given.threshold is not None and activation != "jumprelu":
        raise InputError(
            f"{source.weights}: a {activation} encoder has no threshold; leave threshold out."
        )
    k = _k(source, stated, activation)
    threshold = _threshold(source, tensors, stated, found) if activation == "jumprelu" else None
    offset, bias, centred = _offset(source, stated, found)
    stated.leave_the_rest()
    return Parts(
        method=source.imported(activation, *notes),
        atoms=found.atoms,
        offset=offset,
        weights=found.weights,
        bias=bias,
        activation=activation,
        k=k,
        threshold=threshold,
        centred=centred,
        transform="layer_norm" if stated.layer_norm() else "none",
    )


def _opened(source: Source) -> tuple[Tensors, Stated]:
    """Return the arrays, and what is stated within the file and beside it."""
    content = {name: _value(name, value) for name, value in source.read().items()}
    tensors, within = source.parts(content)
    stem = source.weights.name.split(".")[0]
    names = (*_BESIDE, f"{stem}_cfg.json", f"{stem}_config.json", f"{stem}.json")
    beside = [source.config(name) for name in dict.fromkeys(names)]
    parts = [inner for part in (within, *beside) for inner in spread(part)]
    for part in parts:
        if part not in source.opened:
            source.opened.append(part)
    return tensors, Stated(parts)


def _value(name: str, value: Any) -> Any:
    """Return a number of latents as a setting, text of a safetensors header as what it means."""
    if name.lower() in K and hasattr(value, "dtype") and np.ndim(value) == 0:
        return value.item()
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _activation(source: Source, stated: Stated, found: Roles) -> tuple[Activation, list[str]]:
    """Return what the file or the caller says, which must agree."""
    named, where = stated.activation()
    given = source.given.activation
    if given is not None and given not in _CHOICES:
        raise InputError(f"activation must be one of {', '.join(_CHOICES)}, got {given!r}.")
    if named is not None and given not in (None, named):
        raise InputError(
            f"{source.weights}: activation={given!r} was given, but the file says {where}; leave "
            "activation out, or ignore the setting."
        )
    if named is not None or given is not None:
        return given or named, []  # type: ignore[return-value]
    if stated.k() is not None and source.given.threshold is None and not _thresholds(found):
        return "topk", [_ONE_K]
    raise InputError(
        f"{source.weights}: nothing says what its encoder does. Give activation='relu', 'topk', "
        "'signed_topk' or 'abstopk' (with k=), 'jumprelu' (with threshold=, also for batch top-k) "
        f"or 'tanh_relu'{_and_centred(source, stated, found)}."
    )


def _and_centred(source: Source, stated: Stated, found: Roles) -> str:
    if not _asks_for_centring(source, stated, found):
        return ""
    name = found.names["output bias"]
    return f", and centred=True if {name} is subtracted before encoding, centred=False if not"


def _asks_for_centring(source: Source, stated: Stated, found: Roles) -> bool:
    said = source.given.centred is not None or stated.centred() is not None
    plain = found.output_bias is None or not found.output_bias.any()
    return not (said or plain or found.pre_bias is not None)


def _offset(source: Source, stated: Stated, found: Roles) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return offset, encoder's bias, and whether the offset is subtracted first."""
    said, given = stated.centred(), source.given.centred
    if said is not None and given not in (None, said):
        raise InputError(f"{source.weights}: the file says that centred is {said}, got {given}.")
    if found.pre_bias is not None:
        if given is not None:
            name = found.names["pre-bias"]
            raise InputError(f"{source.weights}: {name} is subtracted first; leave centred out.")
        if found.output_bias is None:
            return found.pre_bias, found.bias, True
        moved = found.pre_bias.astype(np.float64) @ found.weights.astype(np.float64)
        return found.output_bias, (found.bias - moved).astype(found.weights.dtype), False
    if found.output_bias is None:
        return np.zeros(found.weights.shape[0], found.weights.dtype), found.bias, False
    if _asks_for_centring(source, stated, found):
        raise InputError(
            f"{source.weights}: nothing says whether {found.names['output bias']} is subtracted "
            "from the input before encoding. Give centred=True if it is, centred=False if not."
        )
    return found.output_bias, found.bias, bool(given if said is None else said)


def _k(source: Source, stated: Stated, activation: Activation) -> int | None:
    named = stated.k()
    if activation in _TOP:
        if named is None and source.given.k is None:
            raise InputError(f"{source.weights}: a {activation} encoder needs k; give k=.")
        return source.active(named)
    if source.given.k is not None:
        raise InputError(f"{source.weights}: a {activation} encoder has no k; leave k out.")
    if named is not None:
        whole_number(named, f"{source.weights}: k")  # of batch top-k, or of no use to a ReLU
    return None


def _thresholds(found: Roles) -> dict[str, str]:
    return {role: name for role, name in found.names.items() if role.endswith("threshold")}


def _threshold(source: Source, tensors: Tensors, stated: Stated, found: Roles) -> np.ndarray:
    """Return a threshold a latent, from the tensors, the settings or the caller."""
    m = found.weights.shape[1]
    held = _thresholds(found)
    given, named = source.given.threshold, stated.threshold()
    if len(held) + (given is not None) + (named is not None) != 1:
        what = [*held.values(), *(["the configuration"] if named is not None else [])]
        raise InputError(
            f"{source.weights}: a jumprelu encoder (and a batch top-k one) needs one threshold; "
            + (
                f"{' and '.join(what)} hold it already; leave threshold out."
                if what
                else "give threshold=."
            )  # fmt: skip
        )
    if held:
        ((role, name),) = held.items()
        numbers = (np.full(m, tensors.number(name)) if tensors.arrays[name].ndim == 0
                   else tensors.take(name, m))  # fmt: skip
        return np.exp(numbers) if role == "log threshold" else numbers
    value = given if named is None else named
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise InputError(f"{source.weights}: threshold must be a number, got {value!r}.")
    return np.full(m, value, found.weights.dtype)
