"""OpenAI's sparse autoencoders: a state dict of one ``.pt`` file."""

from __future__ import annotations

from unbraid.sparse.formats.foreign._assemble import Parts
from unbraid.sparse.formats.foreign.checkpoint._source import Source

_STATISTICS = frozenset({
    "stats_last_nonzero", "latents_activation_frequency", "latents_mean_square",
})  # fmt: skip


def read(source: Source) -> Parts:
    """Read ReLU, or TopK, which implies that each stimulus is brought to mean 0 and sd 1."""
    tensors, values = source.parts(inert=_STATISTICS)
    m, p = tensors.matrix("encoder.weight")
    named = values.choice("activation", ("ReLU", "TopK"), "ReLU")
    top, activation, k = named == "TopK", "relu", None
    source.says_all(*(("k",) if top else ()))
    state = source.section(values, "activation_state_dict")
    if top:
        after = state.choice("postact_fn", ("ReLU", "Identity"), "ReLU")
        activation = "topk" if after == "ReLU" else "signed_topk"
        k = source.active(state.get("k"))
    tied = "decoder.weight" not in tensors
    weights = tensors.take("encoder.weight", m, p)
    return Parts(
        method=source.imported(named),
        atoms=weights if tied else tensors.take("decoder.weight", p, m).T,
        offset=tensors.take("pre_bias", p),
        weights=weights.T,
        bias=tensors.take("latent_bias", m),
        activation=activation,  # type: ignore[arg-type]
        k=k,
        transform="layer_norm" if top else "none",
    )
