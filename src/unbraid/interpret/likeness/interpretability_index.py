"""Interpretability index and label purity: how alike a unit's most exciting stimuli are."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.interpret._groups import GROUPS, in_groups, stimulus_groups
from unbraid.interpret._scores import UnitScores, scores_from_groups
from unbraid.interpret.judges._sides import JudgedSide, activity, constant, side

_DRAWS = 2000  # random sets of stimuli for the chance level of purity


def interpretability_index(
    activations: Any,
    judge: Any,
    *,
    top: int = 5,
    rng: int | np.random.Generator | None = 0,
) -> UnitScores:
    """Mean similarity of two of a unit's ``top`` most exciting stimuli.

    Parameters
    ----------
    activations : Responses, Codes or array of shape (n, m)
        Units, or latents of a sparse code.
    judge : Judge, embeddings of shape (n, d) or labels of shape (n,)
        Which stimuli are alike, said by **another** system, as in ``example_auc``.
    top : int
        Number of stimuli used, at least 2.
    rng : int or Generator
        Of the order of stimuli of equal activation.

    Returns
    -------
    UnitScores
        In [-1, 1] for cosines; chance is the mean similarity of two stimuli. NaN for constant units
        and for those excited by fewer than ``top`` stimuli. Intervals are for other stimuli as
        exciting as these.

    Raises
    ------
    InputError
        Fewer than 20 stimuli; a judge of other stimuli.

    Notes
    -----
    The published code averages over the zero diagonal of distances too, a factor ``(k - 1) / k``
    that depends on the number of stimuli; here it is left out.

    References
    ----------
    Klindt et al. (2023), arXiv 2310.11431.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> kinds = rng.integers(4, size=400)  # a unit for each of four kinds of stimuli, and noise
    >>> units = np.column_stack([np.eye(4)[kinds], rng.normal(size=400)])
    >>> interpretability_index(units[:, :4], kinds).value
    1.0
    """
    _validate.check_count(top, "top", 2)
    both = side(activations, judge, least=max(20, top))
    chosen, reasons, active = _most_exciting(both, top, _validate.as_rng(rng))
    alike = both.judge.pairs(chosen[:, :, None], chosen[:, None, :])  # (m, k, k)
    alike = alike * (1 - np.eye(top))
    values = alike.sum(axis=(1, 2)) / (top * (top - 1))
    psi = 2 / top * (alike.sum(axis=2) / (top - 1) - values[:, None])
    return _finished(
        both,
        "interpretability_index",
        values,
        psi,
        chosen,
        reasons,
        chance=both.judge.mean_pair,
        active=active,
    )


def label_purity(
    activations: Any,
    labels: Any,
    *,
    top: int = 20,
    rng: int | np.random.Generator | None = 0,
) -> UnitScores:
    """Share of the commonest label among a unit's ``top`` most exciting stimuli.

    Parameters
    ----------
    activations : Responses, Codes or array of shape (n, m)
        Units, or latents of a sparse code.
    labels : labels of shape (n,), or a Judge of labels
        What kind each stimulus is of.
    top : int
        Number of stimuli used, at least 2.
    rng : int or Generator
        Of the order of stimuli of equal activation, and of the chance level.

    Returns
    -------
    UnitScores
        In [0, 1]; chance is the mean of random sets of ``top`` stimuli. ``entropy`` in the details
        is that of the labels there, in nats, 0 where all are equal. NaN for constant units and for
        those excited by fewer than ``top`` stimuli.

    Raises
    ------
    InputError
        A judge that has no labels; fewer than 20 stimuli.

    References
    ----------
    Klindt et al. (2023), arXiv 2310.11431.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> kinds = rng.integers(4, size=400)  # a unit for each of four kinds of stimuli, and noise
    >>> units = np.column_stack([np.eye(4)[kinds], rng.normal(size=400)])
    >>> found = label_purity(units, kinds)
    >>> found.values[:4].tolist(), bool(found.values[4] < 0.7)
    ([1.0, 1.0, 1.0, 1.0], True)
    """
    _validate.check_count(top, "top", 2)
    rng = _validate.as_rng(rng)
    both = side(activations, labels, least=max(20, top))
    if both.judge.classes is None:
        raise InputError("label_purity needs one label per stimulus; see interpret.labels.")
    which = np.unique(both.judge.classes, return_inverse=True)[1]
    chosen, reasons, active = _most_exciting(both, top, rng)
    counts = _counts(which[chosen], which.max() + 1)
    values = counts.max(axis=1) / top
    share = counts / top
    entropy = -(share * np.log(np.where(share > 0, share, 1))).sum(axis=1)
    common = which[chosen] == counts.argmax(axis=1)[:, None]
    psi = (common - values[:, None]) / top
    random = rng.random((_DRAWS, len(both))).argpartition(top - 1, axis=1)[:, :top]
    chance = float(_counts(which[random], which.max() + 1).max(axis=1).mean() / top)
    return _finished(
        both,
        "label_purity",
        values,
        psi,
        chosen,
        reasons,
        chance=chance,
        active=active,
        entropy=entropy,
    )


def _most_exciting(
    both: JudgedSide, top: int, rng: np.random.Generator
) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Return the rows (m, top) of each unit's most exciting stimuli, and why some have too few."""
    m = both.n_units
    chosen, reasons, active = np.zeros((m, top), dtype=int), [""] * m, np.zeros(m)
    for first, block in both.blocks():
        flat, high = constant(block), activity(block)
        luck = rng.permutation(len(block))
        order = luck[np.argsort(-block[luck], axis=0, kind="stable")[:top]]
        chosen[first : first + block.shape[1]] = order.T
        active[first : first + block.shape[1]] = high
        for unit in np.flatnonzero(flat | (high < top)):
            few = f"excited by fewer than {top} stimuli"
            reasons[first + unit] = "constant" if flat[unit] else few
    return chosen, reasons, active


def _counts(labels: np.ndarray, n_labels: int) -> np.ndarray:
    """Return how often each label occurs in each row."""
    counts = np.zeros((len(labels), n_labels))
    np.add.at(counts, (np.arange(len(labels))[:, None], labels), 1)
    return counts


def _finished(
    both: JudgedSide,
    measure: str,
    values: np.ndarray,
    psi: np.ndarray,
    chosen: np.ndarray,
    reasons: list[str],
    *,
    chance: float,
    active: np.ndarray,
    **details: np.ndarray,
) -> UnitScores:
    missing = np.array([bool(reason) for reason in reasons])
    groups = stimulus_groups(len(both))
    influence = np.zeros((GROUPS, len(values)))
    for unit in np.flatnonzero(~missing):
        influence[:, unit] = in_groups(psi[unit], chosen[unit], groups)
    k = chosen.shape[1]
    influence *= np.sqrt(k / (k - 1))
    cosine = both.judge.matrix is None or measure == "label_purity"
    return scores_from_groups(
        measure,
        np.where(missing, np.nan, values),
        influence,
        chance=chance,
        reasons=tuple(reasons),
        n=len(both),
        judge=both.judge.name,
        names=both.responses.units,
        details={"active": active, **{k: np.where(missing, np.nan, v) for k, v in details.items()}},
        lowest=(0.0 if measure == "label_purity" else -1.0) if cosine else -np.inf,
        highest=1.0 if cosine else np.inf,
        freedom=min(k, GROUPS) - 1,
    )
