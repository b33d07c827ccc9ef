"""A saved comparison, read."""

from __future__ import annotations

from pathlib import Path

from unbraid._answers import unpacked
from unbraid.comparison._comparison import Comparison
from unbraid.comparison._saved import LAYOUT


def load_comparison(folder: Path) -> Comparison:
    """Return the comparison that ``Comparison.save`` wrote; see ``load_run``."""
    answer: Comparison = unpacked(Comparison, folder, LAYOUT)
    return answer
