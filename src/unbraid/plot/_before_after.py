"""One metric before and after unbraiding, beside its controls."""

from __future__ import annotations

from typing import Any

from unbraid.comparison import Comparison


def before_after(
    result: Comparison, metric: str | None = None, *, target: str | None = None, axes: Any = None
) -> Any:
    """Scores of the units, of the codes and of every control, a dot and an interval per row.

    The crosses are the score after the stimuli are permuted, the rings the score in sample.

    Parameters
    ----------
    result : Comparison
        What ``compare`` returned.
    metric : str, optional
        Default: the headline's.
    target : {"codes", "base"}, optional
        What codes are compared with. Default: the headline's.
    axes : matplotlib Axes, optional
        Where it is drawn; by default a new figure's.

    Returns
    -------
    matplotlib Axes
        With what was drawn, for further changes.

    Raises
    ------
    InputError
        A metric that was not scored; a target that the comparison has not; matplotlib is absent.

    Examples
    --------
    >>> import unbraid as ub
    >>> ub.plot.before_after(ub.load_run("run/"))  # doctest: +SKIP
    """
    return result.plot(metric, target=target, axes=axes)
