"""OpenAI's sparse autoencoders: a state dict of one ``.pt`` file."""

from __future__ import annotations

from unbraid.errors import InputError
from unbraid.sparse.formats.foreign._assemble import Parts
from unbraid.sparse.formats.foreign._source import Source


def read(source: Source) -> Parts:
    """Read ReLU, or TopK, which implies that each stimulus is brought to mean 0 and sd 1."""
    content = source.read()
    tensors = source.tensors(content)
    m, p = tensors.matrix("encoder.weight")
    activation = content.get("activation", "ReLU")
    if activation not in ("ReLU", "TopK"):
        raise InputError(
            f"{source.weights}: activation must be 'ReLU' or 'TopK', got {activation!r}."
        )
    top = activation == "TopK"
    state = content.get("activation_state_dict")
    if not top:
        source.says_all()
    tied = "decoder.weight" not in tensors
    weights = tensors.take("encoder.weight", m, p)
    return Parts(
        method=source.imported(str(activation)),
        atoms=weights if tied else tensors.take("decoder.weight", p, m).T,
        offset=tensors.take("pre_bias", p),
        weights=weights.T,
        bias=tensors.take("latent_bias", m),
        activation="topk" if top else "relu",
        k=source.active(state.get("k") if isinstance(state, dict) else None) if top else None,
        transform="layer_norm" if top else "none",
    )
