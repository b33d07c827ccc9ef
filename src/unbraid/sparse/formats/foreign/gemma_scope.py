"""Gemma Scope: ``params.npz``, and Gemma Scope 2: ``params.safetensors`` and ``config.json``."""

from __future__ import annotations

from unbraid.errors import InputError
from unbraid.sparse.formats.foreign._assemble import Parts
from unbraid.sparse.formats.foreign.checkpoint._other_kinds import TRANSCODER
from unbraid.sparse.formats.foreign.checkpoint._source import Source
from unbraid.sparse.formats.foreign.checkpoint._tensors import Tensors

_INERT = frozenset({"width", "l0", "num_layers", "model", "hf_model_name", "hook_type"})


def read(source: Source) -> Parts:
    """Read a JumpReLU encoder that does not subtract ``b_dec`` from its input."""
    source.says_all()
    tensors = source.tensors()
    tensors.refuse(("affine_skip_connection",), TRANSCODER)
    config = source.config("config.json", inert=_INERT)
    kind = str(config.get("type", config.get("sae_type", "sae"))).lower()
    points = config.get("hf_hook_point_in"), config.get("hf_hook_point_out")
    another = points[1] is not None and points[0] != points[1]
    if another or kind != "sae" or config.flag("affine_connection", False):
        raise InputError(f"{config.where}: {TRANSCODER}")
    if any("transcoder" in part.lower() for part in source.weights.absolute().parts[-4:]):
        raise InputError(f"{source.weights} lies in a folder of transcoders: {TRANSCODER}")
    config.choice("architecture", ("jump_relu", "jumprelu"), "jump_relu")
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
