"""Monosemanticity: how alike the stimuli are that excite a unit, weighted by how strongly."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.interpret._groups import GROUPS, stimulus_groups
from unbraid.interpret._scores import UnitScores, scores_from_groups
from unbraid.interpret.judges._sides import activity, constant, side
from unbraid.interpret.judges.judge import Judge


def monosemanticity(
    activations: Any,
    judge: Any,
    *,
    centre: bool = False,
    shuffles: int = 0,
    rng: int | np.random.Generator | None = 0,
) -> UnitScores:
    r"""Mean similarity of pairs of stimuli, weighted by the product of their activations.

    ``MS = sum_{i<l} a_i a_l sim(i, l) / sum_{i<l} a_i a_l``, with activations a scaled to [0, 1]
    for each unit. In closed form, with S the similarities,
    ``(a' S a - sum_i a_i^2 S_ii) / ((sum a)^2 - sum a^2)``.

    Parameters
    ----------
    activations : Responses, Codes or array of shape (n, m)
        Units, or latents of a sparse code.
    judge : Judge, embeddings of shape (n, d) or labels of shape (n,)
        Which stimuli are alike, said by **another** system, as in ``example_auc``.
    centre : bool
        Take similarities about the mean stimulus. The published score does not: a dense unit then
        sits at the mean similarity of the data, its chance level here.
    shuffles : int
        Permutations of the stimuli behind ``null_sd`` in the details: the standard deviation of the
        score of the same activations without meaning, unit by unit.
    rng : int or Generator
        Of the permutations.

    Returns
    -------
    UnitScores
        In [-1, 1] for cosines. ``chance`` is the mean similarity of two stimuli, which is exactly
        the mean of the score over all permutations of the stimuli; ``excess`` in the details is
        the score less chance. NaN for constant units, and those excited by one stimulus alone.

    Raises
    ------
    InputError
        Fewer than 20 stimuli; a judge of other stimuli.

    Notes
    -----
    A latent that fires on two nearly identical stimuli has 1, and the best of more units is higher
    in any case: read means and quantiles, with ``active``, beside random directions. Intervals are
    by deletion of groups of stimuli. Cost: ``n m d``, where the published code loops over
    ``n^2 m`` pairs.

    References
    ----------
    Pach et al. (2025), Sparse autoencoders learn monosemantic features in vision-language models,
    arXiv 2504.02821.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> kinds = rng.integers(4, size=400)  # a unit for each of four kinds of stimuli, and noise
    >>> units = np.column_stack([np.eye(4)[kinds], rng.normal(size=400)])
    >>> found = monosemanticity(units[:, :4], kinds)
    >>> bool(np.allclose(found.values, 1)), bool(abs(found.chance[0] - 0.25) < 0.01)
    (True, True)
    """
    _validate.check_count(shuffles, "shuffles")
    both = side(activations, judge)
    rng = _validate.as_rng(rng)
    alike = both.judge.centred() if centre else both.judge
    n, m = len(both), both.n_units
    values, active = np.full(m, np.nan), np.zeros(m)
    influence, spread, reasons = np.zeros((GROUPS, m)), np.full(m, np.nan), [""] * m
    orders = [rng.permutation(n) for _ in range(shuffles)]
    for first, block in both.blocks():
        here = slice(first, first + block.shape[1])
        low, high = block.min(axis=0), block.max(axis=0)
        flat = constant(block)
        a = (block - low) / np.where(flat, 1.0, high - low)
        values[here], influence[:, here] = _scores(alike, a)
        active[here] = activity(block)
        if shuffles > 1:
            spread[here] = np.std([_whole(alike, a[order]) for order in orders], axis=0, ddof=1)
        values[here] = np.where(flat, np.nan, values[here])
        for unit in np.flatnonzero(~np.isfinite(values[here])):
            reasons[first + unit] = "constant" if flat[unit] else "excited by one stimulus alone"
    influence = np.where(np.isfinite(values), influence, 0.0)
    details = {"active": active, "excess": values - alike.mean_pair}
    if shuffles > 1:
        details["null_sd"] = spread
    return scores_from_groups(
        "monosemanticity_centred" if centre else "monosemanticity",
        values,
        influence,
        chance=alike.mean_pair,
        reasons=tuple(reasons),
        n=n,
        judge=both.judge.name,
        names=both.responses.units,
        details=details,
        lowest=-1.0 if alike.matrix is None else -np.inf,
        highest=1.0 if alike.matrix is None else np.inf,
    )


def _whole(judge: Judge, a: np.ndarray) -> np.ndarray:
    """Return the scores (b,) of scaled activations, NaN where no pair has weight."""
    everyone = np.arange(len(a))
    product = (a * judge.toward(everyone, everyone, a)).sum(axis=0)
    return _ratio(product, judge.own @ np.square(a), a.sum(axis=0), np.square(a).sum(axis=0))


def _scores(judge: Judge, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores (b,) and the influence of each group of stimuli (20, b)."""
    n = len(a)
    groups, everyone = stimulus_groups(n), np.arange(n)
    along = judge.toward(everyone, everyone, a)  # S a
    square = np.square(a)
    own = judge.own[:, None] * square
    total = (a * along).sum(axis=0)
    value = _ratio(total, own.sum(axis=0), a.sum(axis=0), square.sum(axis=0))
    left_out = np.tile(value, (GROUPS, 1))
    for g in range(min(GROUPS, n)):
        rows = np.flatnonzero(groups == g)
        part = a[rows]
        inside = (part * judge.toward(rows, rows, part)).sum(axis=0)
        left_out[g] = _ratio(
            total - 2 * (part * along[rows]).sum(axis=0) + inside,
            own.sum(axis=0) - own[rows].sum(axis=0),
            a.sum(axis=0) - part.sum(axis=0),
            square.sum(axis=0) - square[rows].sum(axis=0),
        )
    left_out = np.where(np.isfinite(left_out), left_out, value)
    return value, (GROUPS - 1) / GROUPS * (left_out.mean(axis=0) - left_out)


def _ratio(
    product: np.ndarray, own: np.ndarray, total: np.ndarray, square: np.ndarray
) -> np.ndarray:
    weight = np.square(total) - square
    real = weight > 1e-12 * np.square(total)
    return np.where(real, (product - own) / np.where(real, weight, 1.0), np.nan)
