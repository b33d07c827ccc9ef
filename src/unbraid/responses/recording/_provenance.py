"""What made recorded responses, and the key that decides whether old ones may be reused."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from unbraid._config import Config, fingerprint
from unbraid.responses.recording._passes import RecordingJob
from unbraid.responses.recording._sketch import sketch
from unbraid.responses.recording._weights import model_hash

VERSION = 3  # of what pictures, rules and hooks give: part of the key


def provenance(job: RecordingJob) -> dict[str, dict[str, Any]]:
    """Say what makes each layer's values; ``key`` names all that they depend on."""
    import PIL

    import unbraid
    from unbraid._torch import torch

    versions = {"unbraid": unbraid.__version__, "torch": torch.__version__}
    versions["pillow"] = PIL.__version__  # it resizes images
    n = job.stimuli.length
    shared = {
        "inputs": _hash_of(job.inputs(0, 1)) + _hash_of(job.inputs(n - 1, n)),
        "weights": model_hash(job.model),
        "preprocess": _describe(job.preprocess),
        "stimuli": job.stimuli.fingerprint(),
        "ids": fingerprint(job.stimuli.ids.tolist()),
        "dtype": job.dtype,
        "version": VERSION,
    }
    modules = getattr(job.model, "named_modules", dict)
    places = {name: place for place, (name, _) in enumerate(modules())}
    about = {}
    for layer in job.layers:
        how = job.selects[layer.name]
        own: dict[str, Any] = {
            "layer": layer.name,
            "units": job.rules[layer.name].describe(),
            "select": _describe(how) if callable(how) else how,
        }
        about[layer.name] = {
            "key": fingerprint([shared, own]),
            "model": getattr(job.model, "__name__", type(job.model).__name__),
            **own,
            **shared,
            # what no hash can see (attributes, hooks, closures) shows in what the model gives
            "outputs": sketch(job.probes[layer.name]),
            "place": places.get(layer.module),  # among the modules: the order of depth
            "device": str(job.device),
            "versions": versions,
            "network": job.origin or None,
        }
    return about


def _describe(choice: Any) -> Any:
    if isinstance(choice, Config):
        return choice.describe()
    return None if choice is None else {"code": model_hash(choice), "repr": _plain_repr(choice)}


def _plain_repr(choice: Any) -> str:
    """Return the repr without memory addresses, which differ from run to run."""
    text = repr(choice)
    return getattr(choice, "__qualname__", type(choice).__qualname__) if " at 0x" in text else text


def _hash_of(value: Any) -> str:
    """Return a hash of a tensor, an array, or tuples and mappings of them."""
    if isinstance(value, Mapping):
        return fingerprint({str(key): _hash_of(part) for key, part in value.items()})
    if isinstance(value, tuple | list):
        return fingerprint([_hash_of(part) for part in value])
    if hasattr(value, "detach"):
        value = value.detach().cpu().contiguous()
        value = value.float().numpy() if value.is_floating_point() else value.numpy()
    if isinstance(value, np.ndarray):
        about = f"{value.dtype}{value.shape}".encode()
        return hashlib.sha256(about + value.tobytes()).hexdigest()[:12]
    return fingerprint(repr(value))
