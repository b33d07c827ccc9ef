"""A hash that names a model: its weights, its structure, and the source of its own classes."""

from __future__ import annotations

import hashlib
import inspect
from typing import Any


def model_hash(model: Any) -> str:
    """Return a hash of weights, buffers, structure and code; a plain function has only code."""
    digest = hashlib.sha256()
    if not hasattr(model, "state_dict"):
        digest.update(_source(model).encode())
        return digest.hexdigest()
    digest.update(repr(model).encode())
    for kind in sorted({type(module) for module in model.modules()}, key=lambda kind: repr(kind)):
        if not kind.__module__.startswith("torch."):
            digest.update(_source(kind).encode())
    for name, value in model.state_dict().items():
        digest.update(name.encode())
        _add(digest, value)
    for name, value in model.named_buffers():  # those that state_dict leaves out, too
        digest.update(name.encode())
        _add(digest, value)
    return digest.hexdigest()


def _add(digest: Any, value: Any) -> None:
    from unbraid._torch import torch

    if not isinstance(value, torch.Tensor):
        digest.update(repr(value).encode())
        return
    plain = value.detach().cpu().contiguous()
    digest.update(f"{plain.dtype}{tuple(plain.shape)}".encode())
    if plain.numel():
        digest.update(plain.reshape(-1).view(torch.uint8).numpy().data)


def _source(thing: Any) -> str:
    name = getattr(thing, "__qualname__", type(thing).__qualname__)
    try:
        return name + inspect.getsource(thing)
    except (OSError, TypeError):  # typed into a console, or compiled
        return name
