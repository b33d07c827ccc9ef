"""Sparse probes: how well a few units detect a concept, and over how many a concept is split."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.interpret._groups import GROUPS, in_groups, stimulus_groups
from unbraid.interpret._scores import UnitScores, scores_from_groups
from unbraid.interpret.concepts._logistic import f1_score, logistic
from unbraid.interpret.concepts._with_concepts import WithConcepts, halves, labelled

MOST_SPLIT = 10  # latents tried for one concept, as published
SPLIT_GAIN = 0.03  # of F1 that one more latent must add, as published


def sparse_probe(
    activations: Any,
    concepts: Any,
    *,
    k: int | None = 1,
    rng: int | np.random.Generator | None = 0,
) -> UnitScores:
    """Balanced accuracy of a logistic regression on the k units that detect a concept best.

    On one half of the stimuli units are ranked by ``|mean with - mean without| / sd``, and the
    regression is fitted to the first k; it is scored on the other half, in both directions.

    Parameters
    ----------
    activations : Responses, Codes or array of shape (n, m)
        Units, or latents of a sparse code.
    concepts : Responses or array of shape (n, c), or names of shape (n,)
        Known features, concept vectors (present where above 0), or one label per stimulus.
    k : int, optional
        Units of the probe; None: all of them (the dense probe).
    rng : int or Generator
        Of the halves.

    Returns
    -------
    UnitScores
        Of concepts: mean of the shares right with and without the concept; 1 is perfect, chance .5.

    Raises
    ------
    InputError
        k below 1; fewer than 20 stimuli; concepts of other stimuli.

    Notes
    -----
    The published probe ranks by the difference alone, which depends on the units' scales, and
    draws equal numbers with and without; here both kinds have equal weight instead.

    References
    ----------
    Karvonen et al. (2025), SAEBench, arXiv 2503.09532, sparse probing.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> features = rng.random((1000, 4)) * (rng.random((1000, 4)) < 0.2)
    >>> braided = features @ rng.normal(size=(4, 3))  # no unit stands for one feature
    >>> sparse_probe(features, features).value > sparse_probe(braided, features).value
    True
    """
    if k is not None:
        _validate.check_count(k, "k", 1)
    both = labelled(activations, concepts)
    n = len(both.responses)
    parts = halves(n, _validate.as_rng(rng))
    dense = _standardised(both, parts)
    usable = both.enough(parts[0]) & both.enough(parts[1])
    count, groups = both.present.shape[1], stimulus_groups(n)
    values, influence = np.full(count, np.nan), np.zeros((GROUPS, count))
    for concept in np.flatnonzero(usable):
        scores = []
        for fit, test in ((0, 1), (1, 0)):
            present = both.present[:, concept]
            units = _ranked(dense[fit], present[parts[fit]])[:k]
            weights = logistic(dense[fit][:, units], present[parts[fit]])
            told = dense[fit, test][:, units] @ weights[1:] + weights[0] > 0
            right, on = told == present[parts[test]], present[parts[test]]
            share = np.where(on, right[on].mean(), right[~on].mean())
            number = np.where(on, on.sum(), (~on).sum())
            scores.append((right[on].mean() + right[~on].mean()) / 2)
            psi = (right - share) / number / 4
            influence[:, concept] += in_groups(psi, parts[test], groups)
        values[concept] = np.mean(scores)
    few = "present or absent in fewer than 5 stimuli of a half"
    return scores_from_groups(
        f"sparse_probe_{'all' if k is None else k}",
        values,
        influence,
        chance=0.5,
        reasons=tuple("" if fine else few for fine in usable),
        n=n,
        judge="concepts",
        names=both.names,
        of="concepts",
    )


def splitting(
    activations: Any, concepts: Any, *, rng: int | np.random.Generator | None = 0
) -> UnitScores:
    """Over how many units a concept is split: the k after which one more adds less than .03 of F1.

    Parameters
    ----------
    activations : Responses, Codes or array of shape (n, m)
        Units, or latents of a sparse code.
    concepts : Responses or array of shape (n, c), or names of shape (n,)
        Known features, concept vectors (present where above 0), or one label per stimulus.
    rng : int or Generator
        Of the halves.

    Returns
    -------
    UnitScores
        Of concepts, from 1 to 10; 1 where one unit detects the concept as well as two. No
        intervals. ``f1`` in the details is that of the best single unit.

    Raises
    ------
    InputError
        Fewer than 20 stimuli; concepts of other stimuli.

    References
    ----------
    Karvonen et al. (2025), SAEBench, arXiv 2503.09532, feature splitting.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> features = rng.random((1000, 4)) * (rng.random((1000, 4)) < 0.2)
    >>> splitting(features, features).values.tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    both = labelled(activations, concepts)
    parts = halves(len(both.responses), _validate.as_rng(rng))
    dense = _standardised(both, parts)
    usable = both.enough(parts[0]) & both.enough(parts[1])
    count = both.present.shape[1]
    values, single = np.full(count, np.nan), np.full(count, np.nan)
    most = min(MOST_SPLIT, both.responses.shape[1])
    for concept in np.flatnonzero(usable):
        f1 = np.zeros(most)
        for fit, test in ((0, 1), (1, 0)):
            present = both.present[:, concept]
            order = _ranked(dense[fit], present[parts[fit]])
            for size in range(1, most + 1):
                units = order[:size]
                weights = logistic(dense[fit][:, units], present[parts[fit]])
                told = dense[fit, test][:, units] @ weights[1:] + weights[0] > 0
                f1[size - 1] += f1_score(told, present[parts[test]]) / 2
        small = np.flatnonzero(np.diff(f1) < SPLIT_GAIN)
        values[concept] = small[0] + 1 if len(small) else most
        single[concept] = f1[0]
    few = "present or absent in fewer than 5 stimuli of a half"
    return UnitScores(
        measure="splitting",
        values=values,
        se=np.full(count, np.nan),
        chance=np.ones(count),
        reasons=tuple("" if fine else few for fine in usable),
        n=len(both.responses),
        judge="concepts",
        names=both.names,
        of="concepts",
        details={"f1": single},
        lowest=1.0,
        highest=float(most),
    )


def _standardised(
    both: WithConcepts, parts: tuple[np.ndarray, np.ndarray]
) -> dict[Any, np.ndarray]:
    """Return each half standardised by itself (key i), and the other by it (key i, j)."""
    values = both.responses.toarray().astype(np.float64)
    found: dict[Any, np.ndarray] = {}
    for fit, test in ((0, 1), (1, 0)):
        rows = values[parts[fit]]
        mean, sd = rows.mean(axis=0), rows.std(axis=0)
        sd = np.where(sd > 1e-12 * np.abs(rows).max(axis=0), sd, np.inf)
        found[fit], found[fit, test] = (rows - mean) / sd, (values[parts[test]] - mean) / sd
    return found


def _ranked(units: np.ndarray, present: np.ndarray) -> np.ndarray:
    apart = np.abs(units[present].mean(axis=0) - units[~present].mean(axis=0))
    return np.argsort(-apart, kind="stable")
