"""A state dict within a dict: what is around it is settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unbraid.errors import InputError

_STATES = (
    "state_dict",
    "model_state_dict",
    "sae_state_dict",
    "model",
    "sae",
    "autoencoder",
    "ae",
    "weights",
    "params",
)
_SETTINGS = (
    "config",
    "cfg",
    "hparams",
    "hyper_parameters",
    "hyperparameters",
    "args",
    "sae_config",
    "sae_cfg",
    "model_config",
    "metadata",
)
_WRAPPERS = frozenset({"module", "_orig_mod", "model", "sae", "autoencoder", "ae", "net"})
_OWN = ("openai", "dictionary_learning", "saev")  # whose readers know what is nested in theirs


def unwrapped(
    path: Path, content: dict[str, Any], library: str | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a state dict, and the settings that stand around it.

    ``{"state_dict": {...}, "config": {"top_k": 8}, "epoch": 3}`` gives the state and
    ``{"top_k": 8, "epoch": 3}``.
    """
    if library in _OWN or {"ae", "norm_factor"} <= content.keys():
        return content, {}
    states = [name for name in _STATES if _holds_arrays(content.get(name))]
    if not states or any(hasattr(v, "dtype") and v.ndim == 2 for v in content.values()):
        state: dict[str, Any] = {}
        for name, value in content.items():  # {"encoder": {"weight": ...}} is encoder.weight
            parts = _holds_arrays(value) and name not in _SETTINGS
            inner = {f"{name}.{one}": v for one, v in value.items()} if parts else {name: value}
            state |= inner
        settings = {name: state.pop(name) for name in _SETTINGS if name in state}
        return _without_prefix(state), flat(str(path), settings)
    if len(states) > 1:
        raise InputError(f"{path} holds several state dicts ({', '.join(states)}); save one alone.")
    around = {name: value for name, value in content.items() if name != states[0]}
    return _without_prefix(dict(content[states[0]])), flat(str(path), around)


def flat(where: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return settings with those of a nested configuration beside the others."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        nested = name in _SETTINGS and isinstance(value, dict)
        for inner, one in (flat(where, value) if nested else {name: value}).items():
            if inner in found and not _same(found[inner], one):
                raise InputError(f"{where} states {inner} twice: {found[inner]!r} and {one!r}.")
            found[inner] = one
    return found


def _holds_arrays(value: Any) -> bool:
    return isinstance(value, dict) and any(hasattr(one, "dtype") for one in value.values())


def _without_prefix(state: dict[str, Any]) -> dict[str, Any]:
    """Return a state dict without the names of wrappers that all its tensors begin with."""
    first = {name.partition(".")[0] for name, value in state.items() if hasattr(value, "dtype")}
    if len(first) == 1 and first <= _WRAPPERS:
        inner = {name.removeprefix(f"{min(first)}."): value for name, value in state.items()}
        return _without_prefix(inner) if len(inner) == len(state) else state
    return state


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and not hasattr(one, "dtype") and bool(one == other)
