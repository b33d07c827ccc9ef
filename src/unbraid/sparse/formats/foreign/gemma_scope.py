"""Gemma Scope: ``params.npz``, and Gemma Scope 2: ``params.safetensors`` and ``config.json``."""

from __future__ import annotations

from unbraid.errors import InputError
from unbraid.sparse.formats.foreign._assemble import Parts
from unbraid.sparse.formats.foreign._source import Source
from unbraid.sparse.formats.foreign._tensors import Tensors

_TRANSCODER = "a transcoder predicts another layer, it is no dictionary."


def read(source: Source) -> Parts:
    """Read a JumpReLU encoder that does not subtract ``b_dec`` from its input."""
    source.says_all()
    tensors = source.tensors()
    tensors.refuse(("affine_skip_connection",), _TRANSCODER)
    config = source.config("config.json")
    kind = str(config.get("type", config.get("sae_type", "sae")))
    points = config.get("hf_hook_point_in"), config.get("hf_hook_point_out")
    if "transcoder" in kind or "clt" in kind or (points[1] is not None and points[0] != points[1]):
        raise InputError(f"{source.weights.parent / 'config.json'}: {_TRANSCODER}")
    encoder, decoder = _name(tensors, "W_enc"), _name(tensors, "W_dec")
    p, m = tensors.matrix(encoder)
    return Parts(
        method=source.imported("jumprelu"),
        atoms=tensors.take(decoder, m, p),
        offset=tensors.take("b_dec", p),
        weights=tensors.take(encoder, p, m),
        bias=tensors.take("b_enc", m),
        activation="jumprelu",
        threshold=tensors.take("threshold", m),
        centred=False,
    )


def _name(tensors: Tensors, name: str) -> str:
    return name.lower() if name.lower() in tensors else name
