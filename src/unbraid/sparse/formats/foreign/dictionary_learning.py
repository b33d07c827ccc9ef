"""dictionary_learning: ``ae.pt`` (a state dict) and ``config.json``, one folder a trainer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unbraid.errors import InputError
from unbraid.sparse.formats.foreign._assemble import Parts
from unbraid.sparse.formats.foreign._exportable import Flat
from unbraid.sparse.formats.foreign.checkpoint._other_kinds import kind_in
from unbraid.sparse.formats.foreign.checkpoint._settings import Settings
from unbraid.sparse.formats.foreign.checkpoint._source import Source
from unbraid.sparse.formats.foreign.checkpoint._tensors import Tensors

if TYPE_CHECKING:
    from unbraid.sparse._dictionary import Dictionary

CONFIG, WEIGHTS = "config.json", "ae.pt"
_BIASES = ("bias", "encoder.bias", "decoder.bias", "b_enc", "b_dec", "decoder_bias", "gate_bias",
           "mag_bias", "threshold")  # fmt: skip
_INERT = frozenset({
    "activation_dim", "dict_size", "k", "norm_factor", "group_fractions", "group_weights",
    "group_sizes", "bandwidth",
})  # fmt: skip
_TELLING = {  # a tensor that only one class has
    "bias": "AutoEncoder",
    "decoder.bias": "AutoEncoderNew",
    "decoder_bias": "GatedAutoEncoder",
    "group_sizes": "MatryoshkaBatchTopKSAE",
}


def read(source: Source) -> Parts:
    """Read the class that the configuration names, or that the tensors give away."""
    content = source.read()
    trainer = None
    if "ae" in content and isinstance(content["ae"], dict):
        around = {name: value for name, value in content.items() if name != "ae"}
        run = source.settings(str(source.weights), around)
        trainer = source.section(run, "config", _INERT) if "config" in run else None
        content = _unfinished(source, content["ae"], run.get("norm_factor"))
    tensors, _ = source.parts(content)
    kind = _class(source, tensors, trainer)
    if kind_in(kind) is not None:
        raise InputError(f"{source.weights}: dict_class={kind!r}: {kind_in(kind)}")
    if kind not in _READERS:
        raise InputError(
            f"{source.weights}: dict_class must be one of {', '.join(_READERS)}, got {kind!r}."
        )
    return _READERS[kind](source, tensors)


def write(dictionary: Dictionary, folder: Path) -> None:
    """Write the class whose ``encode`` gives the same codes."""
    from unbraid._torch import torch

    known = ("relu", "topk", "jumprelu", "gated")
    flat = Flat.of(dictionary, "dictionary_learning", known)
    kind, state = _state(flat)
    m, p = flat.atoms.shape
    trainer = {"dict_class": kind, "activation_dim": p, "dict_size": m}
    if flat.encoder.k is not None:
        trainer["k"] = flat.encoder.k
    tensors = {
        name: value if np.ndim(value) == 0 else np.array(value) for name, value in state.items()
    }
    torch.save({name: torch.as_tensor(value) for name, value in tensors.items()}, folder / WEIGHTS)
    text = json.dumps({"trainer": trainer, "buffer": {}}, indent=1)
    (folder / CONFIG).write_text(text, encoding="utf-8")


def _state(flat: Flat) -> tuple[str, dict[str, Any]]:
    encoder, transposed = flat.encoder, {"encoder.weight": flat.weights.T}
    transposed["decoder.weight"] = flat.atoms.T
    if encoder.activation == "gated":
        scale = np.asarray(encoder.scale)
        moved = flat.bias_if_centred() - encoder.bias  # of an encoder without its scale
        return "GatedAutoEncoder", transposed | {
            "decoder_bias": flat.offset,
            "gate_bias": np.asarray(encoder.threshold) + moved,
            "mag_bias": encoder.bias + moved * scale,
            "r_mag": np.log(scale),
        }
    if encoder.activation == "jumprelu":
        return "JumpReluAutoEncoder", {
            "W_enc": flat.weights,
            "b_enc": flat.bias_if_not_centred(),
            "W_dec": flat.atoms,
            "b_dec": flat.offset,
            "threshold": np.asarray(encoder.threshold),
        }
    state = transposed | {"encoder.bias": flat.bias_if_centred()}
    if encoder.activation == "relu":
        return "AutoEncoder", state | {"bias": flat.offset}
    return "AutoEncoderTopK", state | {
        "b_dec": flat.offset,
        "k": np.int32(flat.k),
        "threshold": np.float32(-1.0),
    }


def _autoencoder(source: Source, tensors: Tensors) -> Parts:
    source.says_all()
    m, p = tensors.matrix("encoder.weight")
    return Parts(
        method=source.imported("AutoEncoder"),
        atoms=tensors.take("decoder.weight", p, m).T,
        offset=tensors.take("bias", p),
        weights=tensors.take("encoder.weight", m, p).T,
        bias=tensors.take("encoder.bias", m),
    )


def _autoencoder_new(source: Source, tensors: Tensors) -> Parts:
    source.says_all()
    m, p = tensors.matrix("encoder.weight")
    return Parts(
        method=source.imported("AutoEncoderNew"),
        atoms=tensors.take("decoder.weight", p, m).T,
        offset=tensors.take("decoder.bias", p),
        weights=tensors.take("encoder.weight", m, p).T,
        bias=tensors.take("encoder.bias", m),
        centred=False,
    )


def _gated(source: Source, tensors: Tensors) -> Parts:
    source.says_all()
    m, p = tensors.matrix("encoder.weight")
    return Parts(
        method=source.imported("GatedAutoEncoder"),
        atoms=tensors.take("decoder.weight", p, m).T,
        offset=tensors.take("decoder_bias", p),
        weights=tensors.take("encoder.weight", m, p).T,
        bias=tensors.take("mag_bias", m),
        activation="gated",
        threshold=tensors.take("gate_bias", m),
        log_scale=tensors.take("r_mag", m),
    )


def _top_k(source: Source, tensors: Tensors) -> Parts:
    source.says_all("k")
    tensors.leave("threshold")  # their encode uses it only where asked to
    m, p = tensors.matrix("encoder.weight")
    return Parts(
        method=source.imported("AutoEncoderTopK"),
        atoms=tensors.take("decoder.weight", p, m).T,
        offset=tensors.take("b_dec", p),
        weights=tensors.take("encoder.weight", m, p).T,
        bias=tensors.take("encoder.bias", m),
        activation="topk",
        k=source.active(tensors.number("k") if "k" in tensors else None),
    )


def _batch_top_k(source: Source, tensors: Tensors) -> Parts:
    source.says_all()
    tensors.leave("k")  # of a training batch
    m, p = tensors.matrix("encoder.weight")
    return Parts(
        method=source.imported("BatchTopKSAE"),
        atoms=tensors.take("decoder.weight", p, m).T,
        offset=tensors.take("b_dec", p),
        weights=tensors.take("encoder.weight", m, p).T,
        bias=tensors.take("encoder.bias", m),
        activation="jumprelu",
        threshold=np.full(m, tensors.number("threshold")),
    )


def _matryoshka(source: Source, tensors: Tensors) -> Parts:
    source.says_all()
    for name in ("k", "group_sizes"):  # of the loss
        tensors.leave(name)
    p, m = tensors.matrix("W_enc")
    return Parts(
        method=source.imported("MatryoshkaBatchTopKSAE"),
        atoms=tensors.take("W_dec", m, p),
        offset=tensors.take("b_dec", p),
        weights=tensors.take("W_enc", p, m),
        bias=tensors.take("b_enc", m),
        activation="jumprelu",
        threshold=np.full(m, tensors.number("threshold")),
    )


def _jump_relu(source: Source, tensors: Tensors) -> Parts:
    source.says_all()
    p, m = tensors.matrix("W_enc")
    return Parts(
        method=source.imported("JumpReluAutoEncoder"),
        atoms=tensors.take("W_dec", m, p),
        offset=tensors.take("b_dec", p),
        weights=tensors.take("W_enc", p, m),
        bias=tensors.take("b_enc", m),
        activation="jumprelu",
        threshold=tensors.take("threshold", m),
        centred=False,
    )


_READERS = {
    "AutoEncoder": _autoencoder,
    "AutoEncoderNew": _autoencoder_new,
    "GatedAutoEncoder": _gated,
    "AutoEncoderTopK": _top_k,
    "BatchTopKSAE": _batch_top_k,
    "MatryoshkaBatchTopKSAE": _matryoshka,
    "JumpReluAutoEncoder": _jump_relu,
}


def _class(source: Source, tensors: Tensors, trainer: Settings | None) -> str:
    if trainer is None:
        config = source.config(CONFIG, f"../{CONFIG}")  # checkpoints stand one folder below
        trainer = source.section(config, "trainer", _INERT)
    if "dict_class" in trainer:
        return str(trainer.get("dict_class"))
    kind_named = next((kind for name, kind in _TELLING.items() if name in tensors), None)
    if kind_named is None and "W_enc" in tensors and "threshold" in tensors:
        kind_named = "JumpReluAutoEncoder"
    if kind_named is None:
        raise InputError(
            f"{source.weights}: its tensors fit AutoEncoderTopK and BatchTopKSAE alike; put the "
            f"trainer's {CONFIG} beside it, which names the dict_class."
        )
    return kind_named


def _unfinished(source: Source, state: dict[str, Any], factor: Any) -> dict[str, Any]:
    """Return the state of a run that was interrupted; its biases are not in the data's units."""
    factor = 1.0 if factor is None else factor
    factor = float(factor) if np.ndim(factor) == 0 else float("nan")
    if not (np.isfinite(factor) and factor > 0):
        raise InputError(f"{source.weights}: norm_factor must be a positive number.")
    state = dict(state)
    for name in _BIASES:
        if name in state and not (name == "threshold" and np.all(state[name] < 0)):
            state[name] = state[name] * factor
    return state
