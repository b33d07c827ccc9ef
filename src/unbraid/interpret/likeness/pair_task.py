"""Pair task: which of two units a stimulus excites, decided by its likeness to examples of both."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.interpret._groups import GROUPS, in_groups, stimulus_groups
from unbraid.interpret._scores import UnitScores, scores_from_groups
from unbraid.interpret.judges._sides import activity, constant, side

_EACH = 5  # references, and test stimuli, of a unit


def pair_task(
    activations: Any,
    judge: Any,
    *,
    rounds: int = 10,
    rng: int | np.random.Generator | None = 0,
) -> UnitScores:
    """Share of test stimuli given to their own unit, of two, by the most similar reference.

    A unit's ten most exciting stimuli are split at random into five references and five tests.
    Units are paired at random, ``rounds`` times; a test stimulus goes to that unit of the pair
    that owns the reference most like it, by half where both are equally near.

    Parameters
    ----------
    activations : Responses, Codes or array of shape (n, m)
        Units, or latents of a sparse code.
    judge : Judge, embeddings of shape (n, d) or labels of shape (n,)
        Which stimuli are alike, said by **another** system, as in ``example_auc``.
    rounds : int
        How often units are paired.
    rng : int or Generator
        Of the pairs, the split and the order of stimuli of equal activation.

    Returns
    -------
    UnitScores
        In [0, 1], chance .5. NaN for constant units, and for those excited by fewer than ten
        stimuli. Free of parameters, but two units with the same meaning lower each other's score.

    Raises
    ------
    InputError
        Fewer than two units that ten stimuli excite; a judge of other stimuli.

    References
    ----------
    Klindt et al. (2023), arXiv 2310.11431, the pair task of the published code.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> kinds = rng.integers(4, size=400)  # a unit for each of four kinds of stimuli, and noise
    >>> units = np.column_stack([np.eye(4)[kinds], rng.normal(size=400)])
    >>> pair_task(units[:, :4], kinds).value
    1.0
    """
    _validate.check_count(rounds, "rounds", 1)
    both = side(activations, judge)
    rng = _validate.as_rng(rng)
    n, m = len(both), both.n_units
    chosen, reasons, active = np.zeros((m, 2 * _EACH), dtype=int), [""] * m, np.zeros(m)
    for first, block in both.blocks():
        flat, high = constant(block), activity(block)
        active[first : first + block.shape[1]] = high
        luck = rng.permutation(n)
        order = luck[np.argsort(-block[luck], axis=0, kind="stable")[: 2 * _EACH]]  # (10, b)
        for unit in range(block.shape[1]):
            if flat[unit] or high[unit] < 2 * _EACH:
                few = f"excited by fewer than {2 * _EACH} stimuli"
                reasons[first + unit] = "constant" if flat[unit] else few
            chosen[first + unit] = rng.permutation(order[:, unit])
    usable = np.flatnonzero([not reason for reason in reasons])
    if len(usable) < 2:
        raise InputError(
            f"The pair task needs two units that ten stimuli excite, got {len(usable)} of {m}."
        )
    right, asked = _asked(both.judge, chosen, usable, rounds, rng)
    values = np.full(m, np.nan)
    done = asked.sum(axis=1) > 0
    values[done] = right[done].sum(axis=1) / asked[done].sum(axis=1)
    for unit in np.flatnonzero(~done):
        reasons[unit] = reasons[unit] or "never paired: raise rounds"
    influence = _influence(chosen, right, asked, values, n)
    return scores_from_groups(
        "pair_task",
        values,
        influence,
        chance=0.5,
        reasons=tuple(reasons),
        n=n,
        judge=both.judge.name,
        names=both.responses.units,
        details={"active": active},
    )


def _asked(
    judge: Any, chosen: np.ndarray, usable: np.ndarray, rounds: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return how often each unit's tests were given to it, and how often asked: (m, 5) each."""
    right, asked = np.zeros((len(chosen), _EACH)), np.zeros((len(chosen), _EACH))
    references, tests = chosen[:, :_EACH], chosen[:, _EACH:]
    for _ in range(rounds):
        order = rng.permutation(usable)
        a, b = order[0 : len(order) - 1 : 2], order[1::2]
        for own, other in ((a, b), (b, a)):
            near = judge.pairs(tests[own][:, :, None], references[own][:, None, :]).max(axis=2)
            far = judge.pairs(tests[own][:, :, None], references[other][:, None, :]).max(axis=2)
            tied = np.isclose(near, far, rtol=0, atol=1e-12)
            right[own] += np.where(tied, 0.5, near > far)
            asked[own] += 1
    return right, asked


def _influence(
    chosen: np.ndarray, right: np.ndarray, asked: np.ndarray, values: np.ndarray, n: int
) -> np.ndarray:
    groups = stimulus_groups(n)
    influence = np.zeros((GROUPS, len(chosen)))
    for unit in np.flatnonzero(np.isfinite(values)):
        psi = (right[unit] - values[unit] * asked[unit]) / asked[unit].sum()
        # references count as much as tests: their errors double the variance
        influence[:, unit] = np.sqrt(2) * in_groups(psi, chosen[unit, _EACH:], groups)
    return influence
