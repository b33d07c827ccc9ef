"""Figures for papers, on matplotlib's Axes: the numbers, colours and words of the page.

Each function takes results, and ``axes=`` to draw on (by default a new figure's), and returns the
Axes. Needs matplotlib (``pip install 'unbraid[plot]'``).
"""

from unbraid.plot._before_after import before_after
from unbraid.plot._by_layer import by_layer
from unbraid.plot._growth import growth
from unbraid.plot._per_unit import per_unit

__all__ = ["before_after", "by_layer", "growth", "per_unit"]
