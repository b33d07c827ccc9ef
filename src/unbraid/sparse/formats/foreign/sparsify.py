"""Sparsify (EleutherAI): a folder a hookpoint, with ``cfg.json`` and ``sae.safetensors``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import save_file

from unbraid.errors import InputError
from unbraid.sparse.formats.foreign._assemble import Parts, whole_number
from unbraid.sparse.formats.foreign._exportable import Flat
from unbraid.sparse.formats.foreign.checkpoint._other_kinds import TRANSCODER
from unbraid.sparse.formats.foreign.checkpoint._source import Source

if TYPE_CHECKING:
    from unbraid.sparse._dictionary import Dictionary

CONFIG, WEIGHTS = "cfg.json", "sae.safetensors"


_INERT = frozenset({"normalize_decoder", "multi_topk", "num_latents", "expansion_factor"})


def read(source: Source) -> Parts:
    """Read ``TopK(relu((x - b_dec) E^T + b))``; signed, from 2024: the k largest by size."""
    source.says_all()
    config = source.config(CONFIG, inert=_INERT)
    where = source.weights.parent / CONFIG
    tensors = source.tensors()
    transcoder = config.flag("transcode", False) | config.flag("skip_connection", False)
    if transcoder or "W_skip" in tensors:
        raise InputError(f"{where}: {TRANSCODER}")
    config.choice("activation", ("topk",), "topk")
    signed = config.flag("signed", False)
    p = whole_number(config.get("d_in"), f"{where}: d_in")
    m = config.get("num_latents") or p * whole_number(
        config.get("expansion_factor"), f"{where}: expansion_factor"
    )
    m = whole_number(m, f"{where}: num_latents")
    return Parts(
        method=source.imported("signed topk" if signed else "topk"),
        atoms=tensors.take("W_dec", m, p),
        offset=tensors.take("b_dec", p),
        weights=tensors.take("encoder.weight", m, p).T,
        bias=tensors.take("encoder.bias", m),
        activation="abstopk" if signed else "topk",
        k=whole_number(config.get("k"), f"{where}: k"),
    )


def write(dictionary: Dictionary, folder: Path) -> None:
    """Write a TopK dictionary; an encoder that does not centre is folded into the bias."""
    flat = Flat.of(dictionary, "sparsify", ("topk",))
    m, p = flat.atoms.shape
    tensors = {
        "encoder.weight": np.ascontiguousarray(flat.weights.T),
        "encoder.bias": flat.bias_if_centred(),
        "W_dec": flat.atoms,
        "b_dec": flat.offset,
    }
    config = {
        "activation": "topk",
        "expansion_factor": max(1, round(m / p)),
        "normalize_decoder": False,  # the atoms' lengths are kept
        "num_latents": m,
        "k": flat.k,
        "multi_topk": False,
        "skip_connection": False,
        "transcode": False,
        "d_in": p,
    }
    save_file(tensors, folder / WEIGHTS)
    (folder / CONFIG).write_text(json.dumps(config, indent=1), encoding="utf-8")
