"""Machine interpretability score: which of two stimuli belongs to a unit's examples."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.interpret._groups import GROUPS
from unbraid.interpret._scores import UnitScores
from unbraid.interpret.judges._sides import JudgedSide, activity, common_level, constant, side

_MOST_GROUPS = 10  # of stimuli: enough for a standard error, few so that each holds all examples


def machine_interpretability(
    activations: Any,
    judge: Any,
    *,
    tasks: int = 100,
    shown: int = 9,
    quantile: float = 0.25,
    temperature: float | None = None,
    active_only: bool = False,
    rng: int | np.random.Generator | None = 0,
) -> UnitScores:
    r"""Share of two-alternative tasks that a judge of similarity solves: which query is the unit's.

    A task draws ``shown + 1`` stimuli from the top ``quantile`` of a unit's activations and as many
    from the bottom; the least extreme of each becomes the query q+ or q-, the others the examples
    E+ and E-. With ``D(q) = mean sim(q, E+) - mean sim(q, E-)`` a task is solved where
    ``D(q+) > D(q-)``, and counts 1/2 where both are equal.

    Parameters
    ----------
    activations : Responses, Codes or array of shape (n, m)
        Units, or latents of a sparse code.
    judge : Judge, embeddings of shape (n, d) or labels of shape (n,)
        Which stimuli are alike, said by **another** system, as in ``example_auc``.
    tasks : int
        For each unit.
    shown : int
        K, examples per side.
    quantile : float
        Share of the stimuli that is the top, and the bottom.
    temperature : float, optional
        Score a task by ``1 / (1 + exp(-(D(q+) - D(q-)) / temperature))`` instead; the published
        fit is .16. It changes the scale, hardly the order of units.
    active_only : bool
        Take the top from stimuli above the unit's median alone, and leave out units with fewer than
        ``shown + 1`` of them. Otherwise silent stimuli fill the top of a sparse code up, as in the
        published score: compare ``active`` in the details.
    rng : int or Generator
        Of the tasks, and of the order of stimuli of equal activation.

    Returns
    -------
    UnitScores
        In [0, 1]; chance .5, and exactly that for a unit permuted over stimuli. NaN for constant
        units.

    Raises
    ------
    InputError
        Too few stimuli for the examples shown; a quantile, temperature or count out of range.

    Notes
    -----
    This is the later of two published versions (K = 9, quantile .25, 100 tasks, ties shuffled). The
    earlier one breaks ties by the order of stimuli, so that a sparse code gets an arbitrary fixed
    bottom. Tasks are drawn inside up to ten random groups of stimuli, so that groups are
    independent and the interval is one of Student's t over them; tasks that share stimuli are
    no binomial sample. Fewer than 160 stimuli (at K = 9) leave no interval; with fewer than about
    1,000 a query is a little less extreme than in the published draw from all, and harder.

    References
    ----------
    Zimmermann, Klindt, Brendel (2024), Measuring mechanistic interpretability at scale without
    humans, NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> kinds = rng.integers(4, size=400)  # a unit for each of four kinds of stimuli, and noise
    >>> units = np.column_stack([np.eye(4)[kinds], rng.normal(size=400)])
    >>> found = machine_interpretability(units, kinds, quantile=0.2)
    >>> bool((found.values[:4] > 0.8).all()), bool(abs(found.values[4] - 0.5) < 0.2)
    (True, True)
    """
    _check(tasks, shown, quantile, temperature)
    both = side(activations, judge)
    rng = _validate.as_rng(rng)
    n, m = len(both), both.n_units
    count = int(min(_MOST_GROUPS, quantile * n // (shown + 1), tasks))
    if count < 1:
        least = int(np.ceil((shown + 1) / quantile))
        raise InputError(f"At least {least} stimuli are needed for {shown} examples, got {n}.")
    groups = np.array_split(rng.permutation(n), count)
    each = -(-tasks // count)
    found = np.full((count, m), np.nan)
    reasons, active = [""] * m, np.zeros(m)
    for first, block in both.blocks():
        flat, high = constant(block), activity(block)
        active[first : first + block.shape[1]] = high
        for unit in range(block.shape[1]):
            least = shown + 1 if active_only else 0
            if flat[unit] or high[unit] < least:
                few = f"excited by fewer than {least} stimuli"
                reasons[first + unit] = "constant" if flat[unit] else few
                continue
            column = block[:, unit]
            floor = common_level(column[:, None])[0] if active_only else -np.inf
            for g, rows in enumerate(groups):
                drawn = _tasks(column[rows], floor, each, shown, quantile, rng)
                if drawn is not None:
                    found[g, first + unit] = _solved(both, rows, drawn, temperature)
    return _gathered(both, found, reasons, active)


def _check(tasks: int, shown: int, quantile: float, temperature: float | None) -> None:
    _validate.check_count(tasks, "tasks", 1)
    _validate.check_count(shown, "shown", 1)
    _validate.check_number(quantile, "quantile")
    if not 0 < quantile <= 0.5:
        raise InputError(f"quantile must lie in (0, .5], got {quantile!r}.")
    if temperature is not None:
        _validate.check_number(temperature, "temperature")
        if not temperature > 0:
            raise InputError(f"temperature must be positive, got {temperature!r}.")


def _tasks(
    column: np.ndarray,
    floor: float,
    tasks: int,
    shown: int,
    quantile: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return rows of the top and the bottom of each task, most extreme first: (tasks, K + 1)."""
    n = len(column)
    luck = rng.permutation(n)
    order = luck[np.argsort(column[luck], kind="stable")]
    size = int(np.ceil(quantile * n))
    top, bottom = order[::-1][:size], order[:size]
    top = top[column[top] > floor]
    if len(top) < shown + 1 or len(bottom) < shown + 1:
        return None
    draws = [
        np.sort(rng.random((tasks, len(pool))).argsort(axis=1)[:, : shown + 1], axis=1)
        for pool in (top, bottom)
    ]
    return top[draws[0]], bottom[draws[1]]


def _solved(
    both: JudgedSide,
    rows: np.ndarray,
    drawn: tuple[np.ndarray, np.ndarray],
    temperature: float | None,
) -> float:
    top, bottom = rows[drawn[0]], rows[drawn[1]]
    query = np.stack([top[:, -1], bottom[:, -1]])[:, :, None]  # (2, tasks, 1)
    plus = both.judge.pairs(query, top[None, :, :-1]).mean(axis=2)
    minus = both.judge.pairs(query, bottom[None, :, :-1]).mean(axis=2)
    margin = (plus - minus)[0] - (plus - minus)[1]
    if temperature is not None:
        return float(special.expit(margin / temperature).mean())
    tied = np.abs(margin) <= 1e-12
    return float(np.where(tied, 0.5, margin > 0).mean())


def _gathered(
    both: JudgedSide,
    found: np.ndarray,
    reasons: list[str],
    active: np.ndarray,
) -> UnitScores:
    count, m = found.shape
    known = np.isfinite(found)
    number = known.sum(axis=0)
    values = np.where(number > 0, np.nansum(found, axis=0) / np.maximum(number, 1), np.nan)
    for unit in np.flatnonzero((number == 0) & np.array([not reason for reason in reasons])):
        reasons[unit] = "excited by too few stimuli of any group"
    influence = np.zeros((GROUPS, m))  # groups beyond those drawn have no influence
    away = np.where(known, found - values, 0.0) / np.maximum(number, 1)
    scale = np.sqrt(np.maximum(number, 1) / np.maximum(number - 1, 1) * (GROUPS - 1) / GROUPS)
    influence[:count] = away * scale
    se = np.sqrt(GROUPS / (GROUPS - 1) * np.square(influence).sum(axis=0))
    return UnitScores(
        measure="machine_interpretability",
        values=values,
        se=np.where(number > 1, np.where(se > 0, se, np.nan), np.nan),
        chance=np.full(m, 0.5),
        reasons=tuple(reasons),
        n=len(both),
        judge=both.judge.name,
        influence=influence if count > 1 else None,
        names=both.responses.units,
        details={"active": active, "active_share": active / len(both)},
        freedom=max(1, count - 1),
    )
