"""Parquet as a table of pandas, every size checked before it is allocated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from unbraid.responses._files import check_memory
from unbraid.responses._formats._foreign import need, reading
from unbraid.responses._formats.tables._pages import check_parquet
from unbraid.responses._said import Said


def read_frame(path: Path, size: int) -> tuple[Any, list[str]]:
    """Return the table that a Parquet file holds, and what it says beside; ``size`` is the file's.

    What could change the numbers is refused by name: metadata of the file or of a column, and the
    attributes that pandas keeps with a table.
    """
    parquet = need("pyarrow.parquet", "results", ".parquet")
    with reading(path, "Parquet"):
        columns = check_parquet(path, size)
        texts = [column.name for column in columns if column.is_text and column.flat]
        # texts stay in their dictionary until it is known how long they are in all
        with parquet.ParquetFile(
            path, read_dictionary=texts, page_checksum_verification=True
        ) as file:
            table = file.read(use_threads=False)
        table.validate(full=True)
        left = _settle(path, table.schema)
        check_memory(2 * table.nbytes + sum(map(_length, table.columns)), str(path))
        for i, field in enumerate(table.schema):
            if field.name in texts and hasattr(field.type, "value_type"):
                plain = field.with_type(field.type.value_type)
                table = table.set_column(i, plain, table.column(i).cast(plain.type))
        frame = table.to_pandas(ignore_metadata=False)
        left += Said(f"{path}: its table", {str(k): v for k, v in frame.attrs.items()}).settle()
        return frame, left


def _settle(path: Path, schema: Any) -> list[str]:
    """Refuse what the file says of its columns and could change the numbers; return the rest."""
    left = []
    for name, held in (("", schema), *((field.name, field) for field in schema)):
        about = {k.decode("utf-8", "replace"): v for k, v in (held.metadata or {}).items()}
        said = Said(f"{path}: {f'column {name!r}' if name else 'its schema'}", about)
        said.skip("pandas", "PANDAS_ATTRS", "ARROW:*", "PARQUET:*")
        left += [f"{name}@{entry}" for entry in said.settle(kind="entry")]
    return left


def _length(column: Any) -> int:
    """Return the bytes of a column of texts, each written out."""
    total = 0
    for chunk in column.chunks:
        if hasattr(chunk, "dictionary") and len(chunk.dictionary):
            import pyarrow.compute

            long = pyarrow.compute.binary_length(chunk.dictionary).fill_null(0)
            at = chunk.indices.drop_null().to_numpy(zero_copy_only=False)
            total += int(long.to_numpy(zero_copy_only=False).astype(np.int64)[at].sum())
    return total
