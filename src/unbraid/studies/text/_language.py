"""Words as vectors: from a table of them, and from the layers of a sentence encoder."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses import ChannelMean, Network, Responses, huggingface, load, record

GLOVE, ENCODER = "glove_6b_50d.safetensors", "all-minilm-l6-v2"


def word_vectors(folder: Path) -> Responses:
    """Return the table of word vectors, commonest words first."""
    path = folder / GLOVE
    if not path.is_file():
        raise InputError(f"{path} does not exist; scripts/fetch_networks.py {folder} makes it.")
    return load(path)


def encoder(folder: Path) -> Network:
    """Open the sentence encoder."""
    path = folder / ENCODER
    if not path.is_dir():
        raise InputError(f"{path} does not exist; scripts/fetch_networks.py {folder} makes it.")
    return huggingface(path)


def ordinary_words(vectors: Responses, n: int, leave_out: Collection[int] = ()) -> np.ndarray:
    """Return row numbers of the ``n`` commonest words of three and more plain letters."""
    rows, out = [], {int(row) for row in leave_out}
    for row, word in enumerate(vectors.stimuli):
        if len(word) > 2 and word.isascii() and word.isalpha() and row not in out:
            rows.append(row)
            if len(rows) == n:
                break
    if len(rows) < n:
        raise InputError(f"The table must hold {n} ordinary words, got {len(rows)}.")
    return np.array(rows)


def layer_means(net: Network, lines: Sequence[str], layers: Sequence[str]) -> dict[str, np.ndarray]:
    """Return (n, channels) of each layer: the mean over the tokens of each line.

    Lines of one length in tokens go together, so that nothing is padded and every token counts,
    as in the encoder's own pooling.
    """
    tokenizer = net.preprocess.tokenizer
    lengths = np.array([len(ids) for ids in tokenizer(list(lines))["input_ids"]])
    found: dict[str, np.ndarray] = {}
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        shown = [lines[int(row)] for row in rows]
        parts = record(
            net.model,
            shown,
            list(layers),
            units=ChannelMean(),
            preprocess=_Exactly(tokenizer, int(length)),
            batch=256,
        )
        for layer, values in parts.items():
            whole = found.setdefault(layer, np.empty((len(lines), values.shape[1]), np.float32))
            whole[rows] = values.values
    return found


class _Exactly:
    """Texts of one length in tokens as the model's named arguments."""

    def __init__(self, tokenizer: Any, n: int) -> None:
        self.tokenizer, self.n = tokenizer, n

    def __repr__(self) -> str:
        return f"_Exactly({type(self.tokenizer).__name__}, {self.n})"

    def __call__(self, lines: Sequence[str]) -> dict[str, Any]:
        return dict(self.tokenizer(list(lines), return_tensors="pt"))
