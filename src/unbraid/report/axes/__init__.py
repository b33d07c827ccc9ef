"""Declared figures on matplotlib's Axes, for papers: the page's numbers, colours and words."""

from unbraid.report.axes._draw_on import draw_on, new_axes

__all__ = ["draw_on", "new_axes"]
