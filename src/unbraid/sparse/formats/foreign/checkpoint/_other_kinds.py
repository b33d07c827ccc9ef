"""Transcoders and crosscoders: they have an autoencoder's tensors, and are no dictionary of one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from unbraid.errors import InputError
from unbraid.sparse.formats.foreign.checkpoint._settings import Settings, shorten

TRANSCODER = "a transcoder predicts another layer, it is no dictionary."
CROSSCODER = "a crosscoder reads several layers or models at once, it is no dictionary of one."
_TENSORS = ("b_dec_out", "W_skip", "skip.weight", "affine_skip_connection", "W_skip_connection")
_FLAGS = ("is_transcoder", "transcode")
_KINDS = (
    "type", "sae_type", "model_type", "model_kind", "architecture", "arch", "dict_class",
    "sae_class", "model_class",
)  # fmt: skip
_PAIRS = (
    ("hook_point_in", "hook_point_out"), ("hf_hook_point_in", "hf_hook_point_out"),
    ("hook_point", "out_hook_point"), ("hook_name", "hook_name_out"),
    ("feature_input_hook", "feature_output_hook"), ("hook_in", "hook_out"), ("d_in", "d_out"),
)  # fmt: skip
_CROSS_LAYER = re.compile(r"W_(enc|dec)_\d+")


def refuse_other_kinds(where: str, tensors: Mapping[str, Any], parts: Iterable[Settings]) -> None:
    """Refuse a file whose tensors or settings say that it is of another kind.

    Raises
    ------
    InputError
        Names the tensor or the setting that says it.
    """
    for part in parts:
        for name, kind in _said(part):
            raise InputError(f"{part.where}: {name}: {kind}")
        _refuse_scaling(part)
    for name, array in tensors.items():
        shape = getattr(array, "shape", ())
        if name in _TENSORS or _CROSS_LAYER.fullmatch(name):
            raise InputError(f"{where} holds {name} {shape}: {TRANSCODER}")
        if re.match(r"(w_)?(enc|dec)", name.lower()) and len(shape) == 3:
            raise InputError(f"{where} holds {name} {shape}: {CROSSCODER}")


def _refuse_scaling(part: Settings) -> None:
    """Refuse OpenMOSS's scaling of inputs and codes, which its versions apply differently."""
    norm, decoder = part.peek("norm_activation"), part.peek("sparsity_include_decoder_norm")
    scaling = (
        [f"norm_activation={shorten(norm)}"] if norm not in (None, "inference", "none") else []
    )
    scaling += ["sparsity_include_decoder_norm=True"] if decoder is True else []
    if norm == "inference":  # folded into the weights
        part.leave("norm_activation")
    if scaling and norm is not None:
        raise InputError(
            f"{part.where}: {' and '.join(scaling)} scale inputs and codes of OpenMOSS's "
            "dictionaries, which is not read here. Load it with SAELens, and save it with "
            "save_model(FOLDER)."
        )


def kind_in(name: str) -> str | None:
    """Return what a class or type of this name is, if it is of another kind."""
    plain = name.lower().replace("_", "").replace("-", "")
    if "crosscoder" in plain:
        return CROSSCODER
    return TRANSCODER if "transcoder" in plain or plain in ("clt", "lorsa", "molt") else None


def _said(part: Settings) -> Iterator[tuple[str, str]]:
    """Return settings that say that a file is of another kind."""
    yield from ((f"{name}=True", TRANSCODER) for name in _FLAGS if part.peek(name) is True)
    for name in _KINDS:
        value = part.peek(name)
        kind = kind_in(value) if isinstance(value, str) else None
        if kind is not None:
            yield f"{name}={shorten(value)}", kind
    for first, second in _PAIRS:
        into, out = part.peek(first), part.peek(second)
        if into is not None and into == out:
            part.leave(second)
        elif into is not None and out is not None:
            yield f"{first}={shorten(into)}, {second}={shorten(out)}", TRANSCODER
