"""saev: one file, a line of JSON and then what ``torch.save`` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_file, parse_json
from unbraid.sparse.formats.foreign._assemble import Parts
from unbraid.sparse.formats.foreign.checkpoint._settings import Settings
from unbraid.sparse.formats.foreign.checkpoint._source import Source
from unbraid.sparse.formats.foreign.checkpoint._weights import read_torch
from unbraid.sparse.inference._encoder import Activation

_LONGEST_HEADER = 100_000  # bytes: a line of settings is a few thousand
_NEWEST = 5  # schema known; what a newer one means is not
_KINDS: dict[str, Activation] = {
    "relu": "relu",
    "topk": "signed_topk",  # theirs keeps negative scores where fewer than k are positive
    "batchtopk": "jumprelu",
}


_INERT = frozenset({
    "d_vit", "d_model", "d_sae", "exp_factor", "ghost_grads", "n_reinit_samples", "reinit_blend",
    "reinit_enc_dec_tranpose", "normalize_w_dec", "sparsity", "aux", "key", "kind", "top_k",
    "commit", "lib", "cls", "params",
})  # fmt: skip


def read(source: Source) -> Parts:
    """Read the header, then the weights; since schema 1 the encoder does not centre its input."""
    source.says_all()
    header, start = read_header(source.weights)
    schema = header.get("schema")
    if schema is not None and (isinstance(schema, bool) or schema not in range(1, _NEWEST + 1)):
        raise InputError(
            f"{source.weights} has saev schema {schema!r}; schemas up to {_NEWEST} can be read."
        )
    values = source.settings(str(source.weights), header, _INERT)
    values.get("schema")
    config = source.section(values, "cfg", _INERT)
    named = "relu" if schema is None else str(header.get("cls", ""))
    name, options = _activation(source, named, config)
    kind = _kind(source, name)
    tensors = source.tensors(read_torch(source.weights, start))
    p, m = tensors.matrix("W_enc")
    threshold = None
    if kind == "jumprelu" and "activation.threshold" in tensors:
        threshold = np.full(m, max(tensors.number("activation.threshold"), 0.0))
    elif kind == "jumprelu":  # before schema 3 "batch" top-k kept k latents of each stimulus
        kind = "signed_topk"
    k = options.get("top_k", 32)
    return Parts(
        method=source.imported(kind),
        atoms=tensors.take("W_dec", m, p),
        offset=tensors.take("b_dec", p),
        weights=tensors.take("W_enc", p, m),
        bias=tensors.take("b_enc", m),
        activation=kind,
        k=min(source.active(k, "top_k"), m) if kind == "signed_topk" else None,
        threshold=threshold,
        centred=schema is None,
    )


def read_header(path: Path) -> tuple[dict[str, Any], int]:
    """Return the JSON of the first line and where the weights begin."""
    check_file(path)
    with path.open("rb") as stream:
        line = stream.readline(_LONGEST_HEADER)
    header = parse_json(line, f"{path}: its first line") if line[:1] == b"{" else None
    if not isinstance(header, dict) or not line.endswith(b"\n"):
        raise InputError(f"{path} must begin with a line of JSON to be a saev checkpoint.")
    return header, len(line)


def _activation(source: Source, named: str, config: Settings) -> tuple[str, Settings]:
    """Return the activation's name and its options; the two spellings of schema 1, and later."""
    if "activation" not in config:
        return named, config
    stated = source.section(config, "activation", _INERT)
    name = stated.get("kind") or stated.get("key") or stated.get("cls") or ""
    if "params" in stated:
        return name, source.section(stated, "params", _INERT)
    return name, stated


def _kind(source: Source, name: str) -> Activation:
    plain = str(name).lower().replace("-", "").replace("_", "")
    if plain not in _KINDS:
        raise InputError(
            f"{source.weights}: its activation must be Relu, TopK or BatchTopK, got {name!r}."
        )
    return _KINDS[plain]
