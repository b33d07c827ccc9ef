"""Units whose scale sets them apart, so that what depends on scales is theirs alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.stats._series import moments

_SHARE, _FEWEST_LARGE = (
    0.99,
    3,
)  # of the variance of a side, and the number of units that makes it unusual
# Of a single unit set apart by the gap below: with a share s its squared variance, s^2, is more
# than the squared covariances of all other units, (1 - s)^2 at most, and CKA is its own
_ALONE = 0.5
# Ratio of variances that no unit lies between, and the share of units below: those of recordings
# and of layers spread over more, but without a gap
_GAP, _BELOW, _SHOWN = 10.0**2, 0.25, 5


def dominating_units(x: Any) -> tuple[str, float]:
    """Return in words which units hold nearly all the variance, and their share of it.

    Parameters
    ----------
    x : array (n, p) or CSR matrix
        Responses.

    Returns
    -------
    tuple of str and float
        One unit that holds 99 %; one that holds half, of ten times the standard deviation of any
        other; or all units above a gap: no standard deviation lies between the least of theirs and
        a tenth of it, and a quarter of all units at least lies below. Empty and 0 where there are
        none, or fewer than three units.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(50, 6))
    >>> dominating_units(x)
    ('', 0.0)
    >>> dominating_units(x * [1, 1, 1, 1, 1e6, 1e6])[0]
    '2 units (4, 5)'
    """
    largest = np.abs(x).max()
    power = moments(x / largest if largest > 0 else x)[1] ** 2  # at most 1
    total = power.sum()
    if len(power) < _FEWEST_LARGE or not (np.isfinite(total) and total > 0):
        return "", 0.0
    units, alone = _set_apart(power)
    share = float(power[units].sum() / total)
    least = _ALONE if alone else _SHARE
    return (_named(units), share) if share > least else ("", 0.0)


def _set_apart(power: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return the units of far larger variance than all others, or the largest one.

    And whether that is a single one.
    """
    order = np.argsort(power)[::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        falls = power[order[:-1]] / power[order[1:]]
    # below it are a quarter of the units: fewer are silent ones; what never varies is none
    falls = np.where(power[order[1:]] > 0, falls, 0.0)
    below = (power > 0).sum() - np.arange(1, len(power))
    falls[below < np.maximum(1, _BELOW * (power > 0).sum())] = 0.0
    at = int(falls.argmax())
    if falls[at] > _GAP:
        return np.sort(order[: at + 1]), at == 0
    return order[:1], False


def _named(units: np.ndarray) -> str:
    if len(units) == 1:
        return f"unit {units[0]}"
    shown = ", ".join(map(str, units[:_SHOWN]))
    return f"{len(units)} units ({shown}{', ...' if len(units) > _SHOWN else ''})"
