"""Each target unit's score, from units and from codes."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import report
from unbraid.comparison import Comparison
from unbraid.errors import InputError


def per_unit(result: Comparison, metric: str | None = None, *, axes: Any = None) -> Any:
    """Each target unit: how well the source's units reach it, and how well its codes do.

    Points above the diagonal are units that the codes reach better. Mean over dictionary seeds;
    units that could not be scored are left out.

    Parameters
    ----------
    result : Comparison
        What ``compare`` returned.
    metric : str, optional
        One that scores each target, such as ``ridge``; default: the first such.
    axes : matplotlib Axes, optional
        Where it is drawn; by default a new figure's.

    Returns
    -------
    matplotlib Axes
        With what was drawn, for further changes.

    Raises
    ------
    InputError
        A metric that was not scored, or that has no score of single units.

    Examples
    --------
    >>> import unbraid as ub
    >>> ub.plot.per_unit(ub.load_run("run/"), "ridge")  # doctest: +SKIP
    """
    metrics = [metric] if metric else list(result.config.scored)
    for name in metrics:
        result.check_scored(name)
        before, after = (result.find(name, source, "base") for source in ("base", "codes"))
        if before and after and before[0].per_target is not None:
            break
    else:
        raise InputError(
            f"No score of single units by {' or '.join(metrics)}, from units and from codes to "
            "the units of the target."
        )
    x, y = (np.mean([s.per_target for s in scores], axis=0) for scores in (before, after))
    known = np.isfinite(x) & np.isfinite(y)
    figure = report.CurveFigure(
        title=f"{name} of each target unit",
        series=[report.Curve(name="target units", x=x[known], y=y[known], kind="after",
                             mark="points")],
        x_label=f"{name.replace('_', ' ')} from units",
        y_label=f"{name.replace('_', ' ')} from codes",
        caption=report.Caption(finding=f"{known.sum()} of {len(known)} units.",
                               n=len(result.rows), seed=range(len(result.lifted))),
        diagonal=True,
    )  # fmt: skip
    return report.draw_on(figure, axes)
