"""One metric over many comparisons, one per layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from unbraid import report
from unbraid.comparison import Comparison, best_control, mean_over_seeds
from unbraid.errors import InputError
from unbraid.stats import interval


def by_layer(
    results: Mapping[str, Comparison], metric: str | None = None, *, axes: Any = None
) -> Any:
    """Scores of the units, of the codes and of the best control, layer by layer.

    Bands are the intervals that each result has at its own level.

    Parameters
    ----------
    results : mapping of layer to Comparison
        In the order of the axis.
    metric : str, optional
        Default: the headline's of the first.
    axes : matplotlib Axes, optional
        Where it is drawn; by default a new figure's.

    Returns
    -------
    matplotlib Axes
        With what was drawn, for further changes.

    Raises
    ------
    InputError
        No result; a metric that one of them has not scored.

    Examples
    --------
    >>> import unbraid as ub
    >>> layers = ("layer2", "layer3")
    >>> ub.plot.by_layer({name: ub.load_run(f"runs/{name}") for name in layers})  # doctest: +SKIP
    """
    if not isinstance(results, Mapping) or not results:
        raise InputError("results must be a mapping of layer to Comparison, with one at least.")
    first = next(iter(results.values()))
    metric = metric or first.config.scored[0]
    curves: dict[str, list[tuple[float, float, float]]] = {"units": [], "codes": [], "control": []}
    for layer, result in results.items():
        result.check_scored(metric, f" in {layer}")
        target = result.targets[0]
        sides = {
            "units": ("base", "base"),
            "codes": ("codes", target),
            "control": best_control(result, metric, target),
        }
        for name, (source, of) in sides.items():
            value, replicates = mean_over_seeds(result.find(metric, source, of))
            band = interval(replicates, result.config.level)
            curves[name].append((value, band.low, band.high))
    names = {"units": "before", "codes": "after", "control": "control"}
    places = tuple(range(len(results)))
    figure = report.CurveFigure(
        title=f"{metric} by layer",
        series=[
            report.Curve(
                name="best control" if name == "control" else name,
                x=places,
                y=[point[0] for point in points],
                low=[point[1] for point in points],
                high=[point[2] for point in points],
                kind=names[name],  # type: ignore[arg-type]
                mark="both",
            )
            for name, points in curves.items()
        ],
        x_label="layer",
        y_label=metric.replace("_", " "),
        caption=report.Caption(
            finding=f"{len(results)} layers.", n=len(first.rows), seed=range(len(first.lifted))
        ),
    )
    axes = report.draw_on(figure, axes)
    axes.set_xticks(np.array(places), list(results))
    return axes
