"""Parquet as a table of pandas, every size checked before it is allocated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from unbraid.responses._files import check_memory
from unbraid.responses._formats._foreign import need, reading
from unbraid.responses._formats.tables._pages import check_parquet


def read_frame(path: Path, size: int) -> Any:
    """Return the table that a Parquet file holds; ``size`` is the file's."""
    parquet = need("pyarrow.parquet", "results", ".parquet")
    with reading(path, "Parquet"):
        columns = check_parquet(path, size)
        texts = [column.name for column in columns if column.is_text and column.flat]
        # texts stay in their dictionary until it is known how long they are in all
        with parquet.ParquetFile(path, read_dictionary=texts) as file:
            table = file.read(use_threads=False)
        table.validate(full=True)
        check_memory(2 * table.nbytes + sum(map(_length, table.columns)), str(path))
        for i, field in enumerate(table.schema):
            if field.name in texts and hasattr(field.type, "value_type"):
                plain = field.with_type(field.type.value_type)
                table = table.set_column(i, plain, table.column(i).cast(plain.type))
        return table.to_pandas(ignore_metadata=False)


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
