"""Arrow, and folders of it as SAELens caches activations: a column a hook, tokens in lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_file, check_memory
from unbraid.responses._formats._foreign import need, reading
from unbraid.responses._responses import Responses


def is_folder(path: Path) -> bool:
    """Return whether a folder holds Arrow shards."""
    return path.is_dir() and any(path.glob("*.arrow"))


def read(path: Path, layer: str | None = None) -> Responses:
    """Read activations; each token of each context is a stimulus named ``row@token``.

    ``layer`` is the column (the hook's name), needed if there are several.
    """
    shards = sorted(path.glob("*.arrow")) if path.is_dir() else [path]
    pyarrow = need("pyarrow", "results", ".arrow")
    blocks, contexts, column = [], 0, layer
    for shard in shards:
        check_file(shard)
        with reading(shard, "Arrow"), pyarrow.memory_map(str(shard)) as source:
            table = _table(pyarrow, source)
            table.validate(full=True)  # before anything trusts its offsets
            column = column or _column(shard, table)
            if column not in table.column_names:
                held = ", ".join(table.column_names)
                raise InputError(f"{shard} has no column {column!r}; it has {held}.")
            check_memory(table.nbytes, str(shard))
            block = [_block(shard, chunk) for chunk in table.column(column).chunks if len(chunk)]
        blocks += block
    if not blocks:
        raise InputError(f"{path} holds no rows.")
    if len({block.shape[1:] for block in blocks}) > 1:
        raise InputError(f"{path}: contexts must have one length and one number of units.")
    values = np.concatenate(blocks)
    contexts, tokens, p = values.shape
    rows = np.repeat(np.arange(contexts), tokens).astype(str)
    ids = np.char.add(np.char.add(rows, "@"), np.tile(np.arange(tokens), contexts).astype(str))
    try:
        return Responses(values.reshape(-1, p), stimuli=ids, made_by={"layer": column})
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _table(pyarrow: Any, source: Any) -> Any:
    """Open the stream format, or the file format."""
    try:
        return pyarrow.ipc.open_stream(source).read_all()
    except pyarrow.ArrowInvalid:
        source.seek(0)
        return pyarrow.ipc.open_file(source).read_all()


def _column(path: Path, table: Any) -> str:
    deep = [f.name for f in table.schema if _depth(f.type) and "token" not in f.name]
    if len(deep) != 1:
        raise InputError(f"{path} has {len(deep)} columns of activations {deep}; say layer=NAME.")
    return deep[0]


def _block(path: Path, chunk: Any) -> np.ndarray:
    """Return (contexts, tokens, units) of one chunk of nested lists."""
    chunk = getattr(chunk, "storage", chunk)
    depth, sides = _depth(chunk.type), []
    if depth not in (1, 2):
        raise InputError(f"{path}: activations must be lists (of lists) of numbers.")
    while _depth(chunk.type):
        inner = chunk.flatten()
        if chunk.null_count or not len(chunk) or len(inner) % len(chunk):
            raise InputError(f"{path}: contexts must have one length and no gaps.")
        lengths = {len(inner) // len(chunk)}
        if hasattr(chunk, "value_lengths"):
            lengths |= set(np.unique(chunk.value_lengths().to_numpy(zero_copy_only=False)).tolist())
        if len(lengths) > 1:
            raise InputError(f"{path}: contexts must have one length and no gaps.")
        sides.append(lengths.pop())
        chunk = inner
    if chunk.null_count:
        raise InputError(f"{path}: activations must have no gaps.")
    flat = chunk.to_numpy(zero_copy_only=False)
    tokens, units = sides if depth == 2 else (1, sides[0])
    return np.asarray(flat, dtype=np.float32 if flat.dtype.itemsize < 8 else None).reshape(
        -1, tokens, units
    )


def _depth(kind: Any) -> int:
    """Return how many lists are nested."""
    kind = getattr(kind, "storage_type", kind)
    return 1 + _depth(kind.value_type) if hasattr(kind, "value_type") else 0
