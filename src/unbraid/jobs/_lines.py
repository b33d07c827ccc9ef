"""Rows of results as lines for a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from unbraid._config import shown

_WIDEST = 40  # characters of a cell on a terminal


def lines_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a table of these rows, columns as wide as their widest cell."""
    columns = dict.fromkeys(name for row in rows for name in row)
    names = [name for name in columns if name not in ("traceback", "kind")]
    lines = [names, *([_cell(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(names))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    text = f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split())
    return text if len(text) <= _WIDEST else shown(text[: _WIDEST - 3])[1:-1] + "..."
