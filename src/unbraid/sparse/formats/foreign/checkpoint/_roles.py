"""What a tensor of an unknown autoencoder is, by its name and its shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unbraid.errors import InputError
from unbraid.sparse.formats.foreign.checkpoint._tensors import Tensors

# names in lower case, every point an underscore, grouped by the part they play
_ROLES = {
    "encoder": """encoder_weight enc_weight w_enc wenc encoder w_e w_encoder encoder_w enc_w
        encoder_linear_weight linear_encoder_weight encoder_0_weight enc_0_weight encode_weight
        weight_encoder""",
    "encoder bias": """encoder_bias enc_bias b_enc benc latent_bias bias_enc b_e b_encoder
        encoder_b enc_b encoder_linear_bias linear_encoder_bias encoder_0_bias enc_0_bias
        encode_bias bias_encoder""",
    "decoder": """decoder_weight dec_weight w_dec wdec decoder w_d w_decoder decoder_w dec_w
        decoder_linear_weight linear_decoder_weight decoder_0_weight dec_0_weight decode_weight
        weight_decoder""",
    "pre-bias": "pre_bias b_pre pre_encoder_bias prebias tied_bias",
    "output bias": """decoder_bias dec_bias b_dec bdec bias_dec b_d b_decoder decoder_b dec_b
        decoder_linear_bias linear_decoder_bias decoder_0_bias dec_0_bias decode_bias bias_decoder
        post_bias bias""",
    "threshold": """threshold jumprelu_threshold activation_threshold jump_relu_threshold
        running_threshold activation_function_threshold""",
    "log threshold": """log_threshold jumprelu_log_threshold activation_log_threshold
        log_jumprelu_threshold activation_function_log_jumprelu_threshold""",
}
_BY_NAME = {name: role for role, names in _ROLES.items() for name in names.split()}
_COUNTERS = ("freq", "last_nonzero", "dead", "fired", "since", "num_updates", "num_batches",
             "not_active", "mean_square", "_count", "step")  # fmt: skip
_NEUTRAL = {0.0: ("mean", "center", "centre", "shift"), 1.0: ("norm", "scal", "factor", "std")}


@dataclass(frozen=True, eq=False)
class Roles:
    """An autoencoder's tensors by the part they play; ``weights (p, m)``, ``atoms (m, p)``."""

    names: dict[str, str]
    """The name that each role has in the file."""
    weights: np.ndarray
    atoms: np.ndarray
    bias: np.ndarray
    pre_bias: np.ndarray | None
    """Subtracted before encoding; added after decoding too, unless there is an output bias."""
    output_bias: np.ndarray | None


def roles(tensors: Tensors, tied: bool, sizes: set[int]) -> Roles:
    """Return the parts of an autoencoder, transposed as their names and shapes say.

    ``sizes`` are the numbers of units that a configuration states.
    """
    names: dict[str, str] = {}
    for name in tensors.arrays:
        role = _BY_NAME.get(name.lower().replace(".", "_"))
        if role in names:
            raise InputError(f"{tensors.path} holds two of a kind: {names[role]} and {name}.")
        if role is not None:
            names[role] = name
        elif _is_neutral(name, tensors.arrays[name]):
            tensors.leave(name)
    needed = ("encoder",) if tied else ("encoder", "decoder")
    if lost := [role for role in needed if role not in names]:
        held = ", ".join(f"{n} {a.shape}" for n, a in list(tensors.arrays.items())[:12])
        raise InputError(
            f"{tensors.path} holds no {' and no '.join(lost)} under a name that is known "
            f"(encoder.weight, W_enc, ...); it holds {held or 'nothing'}. Rename its tensors to "
            "encoder.weight (latents, units), encoder.bias, decoder.weight (units, latents), "
            "decoder.bias, and save them with torch.save."
        )
    p, m = _sizes(tensors, names, sizes)
    weights = _transposed(tensors, names["encoder"], (p, m))
    return Roles(
        names=names,
        weights=weights,
        atoms=_transposed(tensors, names["decoder"], (m, p)) if "decoder" in names else weights.T,
        bias=_vector(tensors, names, "encoder bias", m, weights.dtype),
        pre_bias=tensors.take(names["pre-bias"], p) if "pre-bias" in names else None,
        output_bias=tensors.take(names["output bias"], p) if "output bias" in names else None,
    )


def _sizes(tensors: Tensors, names: dict[str, str], sizes: set[int]) -> tuple[int, int]:
    """Return units and latents: from a bias, or a layer's name, or the configuration."""
    name = names["encoder"]
    rows, columns = tensors.matrix(name)
    if rows != columns:
        for role in ("encoder bias", "pre-bias", "output bias"):
            shape = tensors.arrays[names[role]].shape if role in names else ()
            if shape in ((rows,), (columns,)):
                first = (shape == (rows,)) == (role != "encoder bias")
                return (rows, columns) if first else (columns, rows)
    if _is_layer(name):
        return columns, rows
    if rows != columns and len({rows, columns} & sizes) == 1:
        return (rows, columns) if rows in sizes else (columns, rows)
    raise _unclear(tensors, name)


def _transposed(tensors: Tensors, name: str, shape: tuple[int, int]) -> np.ndarray:
    """Return a matrix in this shape; a layer's weight stands as (outputs, inputs)."""
    other = shape[::-1]
    if shape == other and not _is_layer(name):
        raise _unclear(tensors, name)
    if shape == other or tensors.arrays[name].shape == other:
        return tensors.take(name, *other).T
    return tensors.take(name, *shape)


def _unclear(tensors: Tensors, name: str) -> InputError:
    return InputError(
        f"{tensors.path}: {name} {tensors.arrays[name].shape} does not say which of its axes are "
        "the units. Save it as encoder.weight (latents, units) and decoder.weight (units, latents)."
    )


def _vector(
    tensors: Tensors, names: dict[str, str], role: str, length: int, kind: np.dtype
) -> np.ndarray:
    """Return a bias; a layer without one adds nothing."""
    return tensors.take(names[role], length) if role in names else np.zeros(length, kind)


def _is_layer(name: str) -> bool:
    """Return whether a name is that of a linear layer's weight, which is (outputs, inputs)."""
    return name.lower().endswith(".weight")


def _is_neutral(name: str, array: np.ndarray) -> bool:
    """Return whether a tensor counts events, or changes nothing by its values."""
    plain = name.lower()
    if array.dtype.kind == "b" and array.ndim == 0 and not array:
        return any(part in plain for part in ("norm", "scal", "cent"))
    if array.dtype.kind not in "fiu":
        return False
    if any(part in plain for part in _COUNTERS) and "threshold" not in plain:
        return True
    return any(
        part in plain and bool((array == value).all())
        for value, parts in _NEUTRAL.items() for part in parts
    )  # fmt: skip
