"""A dictionary on disk: SAELens' folder layout, with what it does not know under our own key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from unbraid import _folders
from unbraid.errors import InputError
from unbraid.responses._formats.arrays.safetensors import write_tensors
from unbraid.responses.labelled._ids import as_ids
from unbraid.sparse._evidence import Evidence
from unbraid.sparse._method import Method, rebuilt
from unbraid.sparse.formats import _layout
from unbraid.sparse.formats._config_file import CONFIG, own_fields, read_config
from unbraid.sparse.inference._asked import By
from unbraid.sparse.inference._prior import read_prior
from unbraid.sparse.inference._transform import Transform

if TYPE_CHECKING:
    from unbraid.sparse._dictionary import Dictionary

D = TypeVar("D", bound="Dictionary")
FORMAT_VERSION = 1  # of the files; another one is refused, for what it means is not known
KIND = "dictionary"
_WEIGHTS = "sae_weights.safetensors"
_OWN = ("by", "k", "penalty", "signed", "floor", "transform", "shuffled")
_BESIDE = {"format_version", "method", "evidence", "prior", "activation", "units"}


def save(dictionary: Dictionary, folder: Path, beside: Mapping[str, str] | None = None) -> Path:
    """Write a dictionary, and texts beside it, whole or not at all; an earlier one is replaced."""
    texts = {CONFIG: json.dumps(_config(dictionary), indent=1, allow_nan=False), **(beside or {})}
    with _folders.writing(folder, KIND, (_WEIGHTS, *texts), overwrite=True) as new:
        write_tensors(new / _WEIGHTS, _layout.tensors(dictionary), {})
        for name, text in texts.items():
            (new / name).write_text(text, encoding="utf-8")
    return folder.expanduser()


def check_free(folder: Path) -> None:
    """Refuse a folder that a dictionary cannot be written to, before it is learned."""
    _folders.check_target(folder, KIND, overwrite=True)


def load(kind: type[D], folder: Path) -> D:
    """Read a dictionary that ``save`` wrote; every size is checked against the configuration."""
    own = own_fields(folder)
    if own is None:  # cannot be: the caller has looked
        raise InputError(f"{folder} holds no dictionary of Unbraid.")
    config = read_config(folder / CONFIG)
    if own.get("format_version") != FORMAT_VERSION:
        raise InputError(
            f"{folder} has format version {own.get('format_version')!r}, but this Unbraid reads "
            f"version {FORMAT_VERSION}."
        )
    tensors = read_tensors(folder / _WEIGHTS)
    m, p = config.get("d_sae"), config.get("d_in")
    if not (type(m) is int and type(p) is int and m > 0 and p > 0):
        raise InputError(f"{folder / CONFIG}: d_sae and d_in must be whole numbers, got {m}, {p}.")
    shapes = {"W_dec": (m, p), "b_dec": (p,), "W_enc": (p, m), "b_enc": (m,), "threshold": (m,),
              "b_gate": (m,), "b_mag": (m,), "r_mag": (m,)}  # fmt: skip
    for name, tensor in tensors.items():
        if name in shapes and tensor.shape != shapes[name]:
            raise InputError(
                f"{folder / _WEIGHTS}: {name} must have shape {shapes[name]}, got {tensor.shape}."
            )
    options = {name: own[name] for name in _OWN if name in own and _fits(name, own[name], folder)}
    _check_own(own, config, folder / CONFIG)
    if not {"W_dec", "b_dec"} <= tensors.keys():
        raise InputError(f"{folder / _WEIGHTS} holds no W_dec and b_dec.")
    known = {item.name for item in fields(Evidence)}
    evidence: dict[str, Any] = {
        name: float("nan") if value is None else tuple(value) if isinstance(value, list) else value
        for name, value in _mapping(own, "evidence", folder).items()
        if name in known
    }
    return kind(
        atoms=tensors["W_dec"],
        offset=tensors["b_dec"],
        encoder=_layout.read_encoder(config, own, tensors, folder / CONFIG),
        method=_method(own.get("method"), folder),
        evidence=Evidence(**evidence),
        prior=read_prior(own.get("prior"), m, folder / CONFIG),
        units=_units(own.get("units"), p, folder / CONFIG),
        **options,
    )


def _units(names: Any, p: int, path: Path) -> np.ndarray | None:
    if names is None:
        return None
    alike = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not alike or len(names) != p or len(set(names)) != p:
        raise InputError(f"{path}: units must be {p} different names.")
    return as_ids(names, p, "units")


def _mapping(own: dict[str, Any], name: str, folder: Path) -> dict[str, Any]:
    value = own.get(name, {})
    if not isinstance(value, dict):
        raise InputError(f"{folder / CONFIG}: {name} must be a JSON object, got {value!r}.")
    return value


def _fits(name: str, value: Any, folder: Path) -> bool:
    """Check an option of a dictionary that a person, or a damaged disk, may have changed."""
    choices: dict[str, tuple[Any, ...]] = {"by": get_args(By), "transform": get_args(Transform)}
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    size = isinstance(value, int | float) and 0 <= value < float("inf")
    good = {
        "k": value is None or (whole and value > 0),
        "shuffled": value is None or whole,
        "signed": isinstance(value, bool),
        "penalty": value is None or size,
        "floor": value is None or size,
    }.get(name, value in choices.get(name, ()))
    if not good:
        raise InputError(f"{folder / CONFIG}: {name} cannot be {value!r}.")
    return True


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Read safetensors, refusing what is damaged."""
    if not path.is_file():
        raise InputError(f"{path} is missing.")
    try:
        tensors = load_file(path)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged or not safetensors: {error}.") from None
    for name, tensor in tensors.items():
        if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
            raise InputError(f"{path}: {name} holds NaN or infinite values.")
    return dict(tensors)


def _config(dictionary: Dictionary) -> dict[str, Any]:
    own = {name: getattr(dictionary, name) for name in _OWN}
    said: dict[str, Any] = {}
    if _layout.unsaid(dictionary) is not None:
        said["activation"] = dictionary.encoder.activation if dictionary.encoder else None
    if dictionary.units is not None:
        said["units"] = [str(unit) for unit in dictionary.units]
    return _layout.settings(dictionary) | {
        "metadata": {
            "sae_lens_version": "6.54.12",
            "unbraid": {
                "format_version": FORMAT_VERSION,
                "method": dictionary.method.describe(),
                "evidence": dictionary.evidence.to_dict(),
                "prior": None if dictionary.prior is None else dictionary.prior.to_dict(),
                **said,
                **{k: v.item() if isinstance(v, np.generic) else v for k, v in own.items()},
            },
        },
    }


def _check_own(own: dict[str, Any], config: dict[str, Any], path: Path) -> None:
    """Refuse what this Unbraid does not write, and two words for one thing that differ."""
    for name in own:
        if name not in _BESIDE and name not in _OWN:
            raise InputError(
                f"{path}: metadata.unbraid holds {name}, which this Unbraid does not know; open it "
                "with a newer one."
            )
    stated = config.get("normalize_activations", "none"), own.get("transform", "none")
    if stated[0] != stated[1]:
        raise InputError(
            f"{path}: normalize_activations {stated[0]!r} and transform {stated[1]!r}."
        )
    if config.get("reshape_activations", "none") != "none":
        raise InputError(f"{path}: reshape_activations must be 'none'.")


def _method(described: Any, folder: Path) -> Method:
    try:
        return rebuilt(described)
    except InputError as error:
        raise InputError(f"{folder / CONFIG}: the method cannot be read. {error}") from None
