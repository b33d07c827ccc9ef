"""A score as the number of stimuli, units or anything else grows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from unbraid import report
from unbraid.align import Score
from unbraid.errors import InputError


def growth(
    scores: Mapping[float, Score], x_label: str = "stimuli", *, log: bool = True, axes: Any = None
) -> Any:
    """Scores against what grows: held out with its interval, in sample, and permuted.

    Where the held-out value still rises at the right end, more would raise it further; in sample
    and held out meet where nothing is over-fitted.

    Parameters
    ----------
    scores : mapping of number to Score
        In any order.
    x_label : str
        What the numbers are.
    log : bool
        Whether their axis is logarithmic.
    axes : matplotlib Axes, optional
        Where it is drawn; by default a new figure's.

    Returns
    -------
    matplotlib Axes
        With what was drawn, for further changes.

    Raises
    ------
    InputError
        No score, numbers that are not finite, scores of several metrics.

    Examples
    --------
    >>> import unbraid as ub
    >>> sizes = (100, 200, 400)
    >>> ub.plot.growth({n: ub.align.ridge(x[:n], y[:n]) for n in sizes})  # doctest: +SKIP
    """
    if not isinstance(scores, Mapping) or not scores:
        raise InputError("scores must be a mapping of number to Score, with one at least.")
    at = sorted(scores)
    if not np.isfinite(np.array(at, float)).all() or (log and at[0] <= 0):
        what = "finite and above 0" if log else "finite"
        raise InputError(f"The numbers of scores must be {what}, got {at[:5]}.")
    found = [scores[number] for number in at]
    metrics = sorted({score.metric for score in found})
    if len(metrics) > 1:
        raise InputError(f"scores must be of one metric, got {' and '.join(metrics)}.")
    held_out = report.Curve(
        name="held out",
        x=at,
        y=[score.value for score in found],
        low=[score.low for score in found],
        high=[score.high for score in found],
        kind="after",
        mark="both",
    )
    in_sample = report.Curve(
        name="in sample", x=at, y=[s.in_sample for s in found], kind="before", dashed=True
    )
    null = report.Curve(name="permuted", x=at, y=[s.null for s in found], kind="null", dashed=True)
    figure = report.CurveFigure(
        title=f"{metrics[0]} as {x_label} grow",
        series=[held_out, in_sample, null],
        x_label=x_label,
        y_label=metrics[0].replace("_", " "),
        caption=report.Caption(finding=f"{len(at)} sizes.", n=found[-1].n, seed=()),
        x_log=log,
    )
    return report.draw_on(figure, axes)
