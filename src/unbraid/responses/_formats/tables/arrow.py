"""Arrow, and folders of it as SAELens caches activations: a column a hook, tokens in lists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_file, check_memory
from unbraid.responses._formats._foreign import need, reading
from unbraid.responses._formats.tables._messages import check_messages
from unbraid.responses._said import Said, report
from unbraid.responses.labelled._responses import Responses

_ID_BYTES = 200  # that a context's or token's name takes until it is an id
_NUMBERS = re.compile("u?int[0-9]+$|halffloat$|float$|double$")


def is_folder(path: Path) -> bool:
    """Return whether a folder holds Arrow shards."""
    return path.is_dir() and any(path.glob("*.arrow"))


def read(path: Path, layer: str | None = None) -> Responses:
    """Read activations; each token of each context is a stimulus named ``row@token``.

    ``layer`` is the column (the hook's name), needed if there are several.
    """
    shards = sorted(path.glob("*.arrow")) if path.is_dir() else [path]
    pyarrow = need("pyarrow", "results", ".arrow")
    blocks, column, unread = [], layer, set()
    for shard in shards:
        size = check_file(shard)
        with reading(shard, "Arrow"), pyarrow.memory_map(str(shard)) as source:
            table = _table(pyarrow, source, size, str(shard))
            column = column or _column(shard, table)
            if column not in table.column_names:
                held = ", ".join(table.column_names)
                raise InputError(f"{shard} has no column {column!r}; it has {held}.")
            unread |= _settle(shard, table.schema, column)
            check_memory(3 * table.nbytes, str(shard))
            block = [_block(shard, chunk) for chunk in table.column(column).chunks if len(chunk)]
        blocks += block
    if not blocks:
        raise InputError(f"{path} holds no rows.")
    if len({block.shape[1:] for block in blocks}) > 1:
        raise InputError(f"{path}: contexts must have one length and one number of units.")
    check_memory(sum(block.nbytes + _ID_BYTES * len(block) for block in blocks), str(path))
    values = np.concatenate(blocks)
    contexts, tokens, p = values.shape
    check_memory(_ID_BYTES * contexts * tokens, str(path))
    rows = np.repeat(np.arange(contexts), tokens).astype(str)
    ids = np.char.add(np.char.add(rows, "@"), np.tile(np.arange(tokens), contexts).astype(str))
    try:
        return Responses(
            values.reshape(-1, p), stimuli=ids, made_by=report({"layer": column}, unread)
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _table(pyarrow: Any, source: Any, size: int, where: str) -> Any:
    """Return the table of a stream, or of the stream in a file, once its claims are checked."""
    begin = 8 if source.read(6) == b"ARROW1" else 0  # what follows the stream is an index
    source.seek(begin)
    check_messages(pyarrow, source, size, where)
    source.seek(begin)
    table = pyarrow.ipc.open_stream(source).read_all()
    table.validate(full=True)  # before anything trusts its offsets
    return table


def _settle(path: Path, schema: Any, column: str) -> set[str]:
    """Refuse what the schema says of the column and is not read; return the other columns."""
    field = schema.field(column)
    said = Said(f"{path}: {column}", {k.decode("utf-8", "replace"): v
                                      for k, v in (field.metadata or {}).items()})  # fmt: skip
    said.skip("ARROW:extension:*")
    left = {f"{column}@{name}" for name in said.settle()}
    if len(getattr(field.type, "shape", ())) > 1 or getattr(field.type, "permutation", None):
        raise InputError(
            f"{path}: {column} holds {str(field.type)[:80]}, expected lists of numbers."
        )
    return left | {name for name in schema.names if name != column}


def _column(path: Path, table: Any) -> str:
    deep = [f.name for f in table.schema if _depth(f.type) and "token" not in f.name]
    if len(deep) != 1:
        raise InputError(f"{path} has {len(deep)} columns of activations {deep}; say layer=NAME.")
    return deep[0]


def _block(path: Path, chunk: Any) -> np.ndarray:
    """Return (contexts, tokens, units) of one chunk of nested lists."""
    chunk = getattr(chunk, "storage", chunk)
    depth, sides = _depth(chunk.type), []
    if depth not in (1, 2) or not _NUMBERS.match(str(_leaf(chunk.type))):
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


def _leaf(kind: Any) -> Any:
    """Return what the innermost lists hold."""
    kind = getattr(kind, "storage_type", kind)
    return _leaf(kind.value_type) if hasattr(kind, "value_type") else kind


def _depth(kind: Any) -> int:
    """Return how many lists are nested."""
    kind = getattr(kind, "storage_type", kind)
    return 1 + _depth(kind.value_type) if hasattr(kind, "value_type") else 0
