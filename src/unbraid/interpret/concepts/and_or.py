"""AND or OR: whether a unit needs all of its features together, or any of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.interpret._groups import GROUPS, stimulus_groups
from unbraid.interpret._scores import UnitScores, scores_from_groups
from unbraid.interpret.concepts._with_concepts import aucs, halves, labelled
from unbraid.interpret.judges._sides import common_level

_LEAST_STIMULI = 20  # stimuli that each number of features must occur in


def and_or_index(
    activations: Any,
    features: Any,
    *,
    count: int = 2,
    rng: int | np.random.Generator | None = 0,
) -> UnitScores:
    r"""How much of a unit's activity needs several of its features at once.

    The ``count`` features r that predict the unit's activity best (by AUC) are chosen on one half
    of the stimuli. On the other, with ``p_j = P(active | exactly j of the r features on)``, the
    index is ``sum_j (j / r) (p_j - p_{j-1})_+ / sum_j (p_j - p_{j-1})_+``.

    Parameters
    ----------
    activations : Responses, Codes or array of shape (n, m)
        Active is above the unit's median: for codes, above 0.
    features : Responses or array of shape (n, c)
        Known features, on where above 0.
    count : int
        r.
    rng : int or Generator
        Of the halves.

    Returns
    -------
    UnitScores
        1 for AND, 1/r for OR, ``(r + 1) / (2 r)`` for a unit that adds its features up (chance
        level here, what a linear unit in superposition has). ``conjunction`` in the details is
        ``log P(active) / P(active if these features were independent)``. NaN where some number of
        the features, 0 to r, occurs in fewer than 20 stimuli of the half that scores.

    Raises
    ------
    InputError
        A count below 2; fewer than 20 stimuli.

    Notes
    -----
    Sparse features are seldom on together: with r = 2 and 8 % each, 6,000 stimuli are needed.

    Examples
    --------
    >>> import numpy as np
    >>> on = np.random.default_rng(0).random((2000, 2)) < 0.3
    >>> both, either = on.all(axis=1), on.any(axis=1)
    >>> units = 1.0 * np.column_stack([both, either])
    >>> and_or_index(units, 1.0 * on).values.tolist()
    [1.0, 0.5]
    """
    _validate.check_count(count, "count", 2)
    both = labelled(activations, features)
    n, m = both.responses.shape
    first, second = halves(n, _validate.as_rng(rng))
    table = np.nan_to_num(aucs(both, first), nan=0.5)
    chosen = np.argsort(-table, axis=1, kind="stable")[:, :count]
    groups = stimulus_groups(n)[second]
    values, influence = np.full(m, np.nan), np.zeros((GROUPS, m))
    conjunction, reasons = np.full(m, np.nan), [""] * m
    dense = both.responses.toarray()
    for unit in range(m):
        column = dense[:, unit]
        if column.max() <= column.min():
            reasons[unit] = "constant"
            continue
        if chosen.shape[1] < count:
            reasons[unit] = f"fewer than {count} features"
            continue
        active = (column > common_level(column[:, None]))[second]
        present = both.present[np.ix_(second, chosen[unit])]
        number = present.sum(axis=1)
        counts = np.zeros((GROUPS, count + 1, 2))
        np.add.at(counts, (groups, number, active.astype(int)), 1)
        total = counts.sum(axis=0)
        if total.sum(axis=1).min() < _LEAST_STIMULI:
            reasons[unit] = (
                f"0 to {count} of its features on in fewer than {_LEAST_STIMULI} stimuli each"
            )
            continue
        values[unit] = _index(total)
        if not np.isfinite(values[unit]):
            reasons[unit] = "no feature makes it more active"
            continue
        left_out = np.array([_index(total - counts[g]) for g in range(GROUPS)])
        left_out = np.where(np.isfinite(left_out), left_out, values[unit])
        influence[:, unit] = (GROUPS - 1) / GROUPS * (left_out.mean() - left_out)
        conjunction[unit] = _conjunction(active, present)
    return scores_from_groups(
        "and_or_index",
        values,
        influence,
        chance=(count + 1) / (2 * count),
        reasons=tuple(reasons),
        n=n,
        judge="features",
        names=both.responses.units,
        details={"conjunction": conjunction},
    )


def _index(counts: np.ndarray) -> float:
    """Return the index from counts (r + 1, 2) of silent and active stimuli; NaN without a rise."""
    p = counts[:, 1] / np.maximum(counts.sum(axis=1), 1)
    rise = np.maximum(np.diff(p), 0)
    r = len(rise)
    return float((np.arange(1, r + 1) / r) @ rise / rise.sum()) if rise.sum() > 0 else float("nan")


def _conjunction(active: np.ndarray, present: np.ndarray) -> float:
    """Return log of how much more often the unit is active than if features were independent."""
    share = present.mean(axis=0)
    code = present @ (1 << np.arange(present.shape[1]))
    expected = 0.0
    for state in range(1 << present.shape[1]):
        on = (state >> np.arange(present.shape[1])) & 1 > 0
        rows = code == state
        weight = float(np.prod(np.where(on, share, 1 - share)))
        if not rows.any():
            if weight > 0:
                return float("nan")
            continue
        expected += weight * float(active[rows].mean())
    return float(np.log(active.mean() / expected)) if expected > 0 else float("nan")
