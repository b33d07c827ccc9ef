"""Scores as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from unbraid.align import Score

if TYPE_CHECKING:
    import pandas as pd

_NARROW = ("metric", "source", "target", "systems", "seed", "value", "low", "high", "null",
           "p_value", "in_sample", "coverage", "ceiling")  # fmt: skip


def table_of(scores: Iterable[Score], full: bool) -> pd.DataFrame:
    """Return one row per score: every field of its record, or the main ones."""
    import pandas as pd

    table = pd.DataFrame(
        {name: np.nan if value is None else value for name, value in score.record().items()}
        for score in scores
    )
    return table if full else table[list(_NARROW)]
