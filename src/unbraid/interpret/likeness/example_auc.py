"""Whether other examples of a unit can be separated from the rest by what they look like."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.interpret._groups import GROUPS, in_groups, stimulus_groups
from unbraid.interpret._scores import UnitScores, scores_from_groups
from unbraid.interpret.judges._sides import JudgedSide, activity, common_level, constant, side

_ENOUGH = 20  # positives at least, where the share holds fewer
_LEAST_EXAMPLES = 3  # positives that each half must hold: fewer give no interval


def example_auc(
    activations: Any,
    judge: Any,
    *,
    top: float = 0.05,
    splits: int = 3,
    rng: int | np.random.Generator | None = 0,
) -> UnitScores:
    r"""Share of pairs in which a stimulus that excites a unit looks more like its examples.

    Stimuli are split into halves. One gives the references: P, those that excite the unit, and N,
    those that do not. For each stimulus q of the other half
    ``D(q) = mean sim(q, P) - mean sim(q, N)``; the score is the area under the ROC curve of D
    between the positives and the negatives of that half, averaged over both directions and
    ``splits`` random splits.

    Parameters
    ----------
    activations : Responses, Codes or array of shape (n, m)
        Units, or latents of a sparse code.
    judge : Judge, embeddings of shape (n, d) or labels of shape (n,)
        Which stimuli are alike: **another** system's embeddings, labels, or a similarity
        (``interpret.similarity``). Rows are matched by id where both sides have ids.
    top : float
        Positives are the stimuli of this share (20 at least) with the largest activations, as far
        as they lie above the unit's median; equal ones are drawn at random. Negatives are all
        stimuli at or below the median: for a sparse code, those on which it is silent. Others take
        no part, so that small codes that say nothing do no harm.
    splits : int
        Random splits into halves; the score is their mean.
    rng : int or Generator
        Of the splits and of ties.

    Returns
    -------
    UnitScores
        In [0, 1]; 1 if examples are always separated from the rest, chance .5 (exactly, for a unit
        whose activations were permuted over stimuli). NaN for constant units, and for those with
        fewer than 3 positives in a half, in every split.

    Raises
    ------
    InputError
        A share outside (0, 1/2], too few stimuli, or a judge of other stimuli.

    Notes
    -----
    Only the positive pole of a unit is scored. Intervals are for as many other stimuli: the halves'
    scores vary together (without an effect both are the same product of two means), so that their
    mean varies as each does. Cost: ``splits n m (d + log n)``.
    It ranks directions or layers in the mean; it does not predict single answers of people. A unit
    that mixes features which the judge distinguishes loses little: its examples are alike in part,
    and unlike the rest. ``intrusion`` and ``monosemanticity`` look at pairs, and lose more.

    References
    ----------
    Evaluating sparse autoencoders without explanations (2025), arXiv 2507.08473.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> kinds = rng.integers(4, size=400)  # a unit for each of four kinds of stimuli, and noise
    >>> units = np.column_stack([np.eye(4)[kinds], rng.normal(size=400)])
    >>> found = example_auc(units, kinds)
    >>> bool((found.values[:4] > 0.95).all()), bool(abs(found.values[4] - 0.5) < 0.15)
    (True, True)
    """
    _check(top, splits)
    both = side(activations, judge)
    rng = _validate.as_rng(rng)
    n, m = len(both), both.n_units
    halves = [np.array_split(rng.permutation(n), 2) for _ in range(splits)]
    groups = stimulus_groups(n)
    values, influence = np.full(m, np.nan), np.zeros((GROUPS, m))
    active, reasons = np.zeros(m), [""] * m
    for first, block in both.blocks():
        flat, positive = constant(block), _positives(block, top, rng)
        negative = block <= common_level(block)
        active[first : first + block.shape[1]] = activity(block)
        total, told = np.zeros(block.shape[1]), np.zeros(block.shape[1])
        psi = np.zeros((GROUPS, block.shape[1]))
        for a, b in halves:
            for of, to in ((a, b), (b, a)):
                auc, parts = _one_way(both, positive, negative, of, to)
                fine = np.isfinite(auc) & ~flat
                total[fine] += auc[fine]
                told += fine
                psi[:, fine] += in_groups(parts, to, groups)[:, fine]
        known = told > 0
        here = first + np.flatnonzero(known)
        values[here] = total[known] / told[known]
        influence[:, here] = np.sqrt(2) * psi[:, known] / told[known]
        for unit in np.flatnonzero(~known):
            few = f"fewer than {_LEAST_EXAMPLES} stimuli excite it in one half of them"
            reasons[first + unit] = "constant" if flat[unit] else few
    return scores_from_groups(
        "example_auc",
        values,
        influence,
        chance=0.5,
        reasons=tuple(reasons),
        n=n,
        judge=both.judge.name,
        names=both.responses.units,
        details={"active": active},
    )


def _check(top: float, splits: int) -> None:
    _validate.check_number(top, "top")
    _validate.check_count(splits, "splits", 1)
    if not 0 < top <= 0.5:
        raise InputError(f"top must lie in (0, .5], got {top!r}: it is a share of the stimuli.")


def _positives(block: np.ndarray, top: float, rng: np.random.Generator) -> np.ndarray:
    """Return the mask of the largest activations above the median, equal ones drawn at random."""
    n = len(block)
    count = min(max(int(np.ceil(top * n)), _ENOUGH), n // 2)
    luck = rng.permutation(n)
    order = luck[np.argsort(-block[luck], axis=0, kind="stable")[:count]]
    mask = np.zeros(block.shape, dtype=bool)
    np.put_along_axis(mask, order, True, axis=0)
    return mask & (block > common_level(block))


def _one_way(
    both: JudgedSide, positive: np.ndarray, negative: np.ndarray, of: np.ndarray, to: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the AUC of each unit (b,), NaN where too few, and each query's influence."""
    p, q = positive[of], negative[of]
    enough = (p.sum(0) >= _LEAST_EXAMPLES) & (q.sum(0) >= _LEAST_EXAMPLES)
    enough &= (positive[to].sum(0) >= _LEAST_EXAMPLES) & (negative[to].sum(0) >= _LEAST_EXAMPLES)
    weights = p / np.maximum(p.sum(0), 1) - q / np.maximum(q.sum(0), 1)
    margin = both.judge.toward(to, of, weights)
    auc, psi = np.full(p.shape[1], np.nan), np.zeros(margin.shape)
    for unit in np.flatnonzero(enough):
        plus, minus = positive[to, unit], negative[to, unit]
        above = _shares_below(margin[plus, unit], margin[minus, unit])
        beneath = 1 - _shares_below(margin[minus, unit], margin[plus, unit])
        auc[unit] = above.mean()
        psi[plus, unit] = (above - auc[unit]) / len(above)
        psi[minus, unit] = (beneath - auc[unit]) / len(beneath)
    return auc, psi


def _shares_below(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the share of ``others`` below each value, equal ones (up to rounding) by half."""
    ordered = np.sort(others)
    slack = 1e-9 * max(float(np.abs(ordered).max()), float(np.abs(values).max()))
    below = np.searchsorted(ordered, values - slack, side="left")
    upto = np.searchsorted(ordered, values + slack, side="right")
    return np.asarray((below + upto) / (2 * len(ordered)))
