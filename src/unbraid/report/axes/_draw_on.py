"""Which function draws which figure, and axes where none are given."""

from __future__ import annotations

from typing import Any

from unbraid import _optional
from unbraid.errors import InputError
from unbraid.report._figures import BeforeAfterFigure, CurveFigure
from unbraid.report._palette import LIGHT
from unbraid.report.axes import _curves, _dots


def new_axes(height: float = 3.2) -> Any:
    """Return matplotlib Axes in a new figure of one column's width; ``height`` in inches."""
    pyplot = _optional.need("matplotlib.pyplot", "plot", "A plot")
    _, axes = pyplot.subplots(figsize=(5.0, height), layout="constrained")
    return axes


def draw_on(figure: BeforeAfterFigure | CurveFigure, axes: Any = None) -> Any:
    """Draw a declared figure on matplotlib Axes.

    Parameters
    ----------
    figure : BeforeAfterFigure or CurveFigure
        What is drawn; of a BeforeAfterFigure with one metric.
    axes : matplotlib Axes, optional
        By default those of a new figure.

    Returns
    -------
    matplotlib Axes
        With what was drawn, for further changes.

    Raises
    ------
    InputError
        Another figure, several metrics, something else than Axes; matplotlib is not installed.

    Examples
    --------
    >>> from unbraid import report
    >>> caption = report.Caption(finding="It rises.", n=2, seed=())
    >>> curve = report.Curve(name="value", x=[0, 1], y=[1, 2])
    >>> figure = report.CurveFigure(title="Growth", series=[curve], x_label="step", y_label="value",
    ...                             caption=caption)
    >>> from matplotlib.figure import Figure
    >>> draw_on(figure, Figure().add_subplot()).get_xlabel()
    'step'
    """
    _optional.need("matplotlib", "plot", "A plot")
    if axes is not None and not hasattr(axes, "errorbar"):
        raise InputError(f"axes must be matplotlib Axes, got {type(axes).__name__}.")
    if isinstance(figure, BeforeAfterFigure):
        if len(figure.groups) != 1:
            raise InputError(f"Axes hold one metric, got {len(figure.groups)}; draw each alone.")
        rows = len(figure.groups[0].rows)
        axes = _dots.draw(figure.groups[0], new_axes(0.9 + 0.3 * rows) if axes is None else axes)
    elif isinstance(figure, CurveFigure):
        axes = _curves.draw(figure, new_axes() if axes is None else axes)
    else:
        raise InputError(
            "Axes are drawn for BeforeAfterFigure and CurveFigure, got "
            f"{type(figure).__name__}; report.figure_svg draws the others."
        )
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=LIGHT["grid"], linewidth=0.8)
    axes.set_axisbelow(True)
    return axes
