"""Which unit detects a concept, and which concept a unit detects, chosen on other stimuli."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.interpret._groups import GROUPS, in_groups, stimulus_groups
from unbraid.interpret._scores import UnitScores, scores_from_groups
from unbraid.interpret.concepts._with_concepts import (
    WithConcepts,
    aucs,
    halves,
    labelled,
    placements,
)


def best_unit(
    activations: Any, concepts: Any, *, rng: int | np.random.Generator | None = 0
) -> UnitScores:
    """How well the best single unit detects each concept: area under the ROC curve, held out.

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
        Of concepts. The unit (and its sign) with the largest ``|AUC - 1/2|`` on one half of the
        stimuli is scored on the other, in both directions; 1 is perfect, chance .5. Details:
        ``unit``, the one chosen on the first half; ``same_unit``, 1 where both halves choose it;
        ``average_precision`` of the chosen unit. NaN for concepts present or absent in fewer than
        5 stimuli of a half.

    Raises
    ------
    InputError
        Fewer than 20 stimuli; concepts of other stimuli.

    Notes
    -----
    A choice of the best among m units on the stimuli that score it would be above .5 for noise.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> features = rng.random((1000, 4)) * (rng.random((1000, 4)) < 0.2)
    >>> best_unit(features, features).value
    1.0
    """
    return _matched(activations, concepts, rng, axis=0)


def selectivity(
    activations: Any, concepts: Any, *, rng: int | np.random.Generator | None = 0
) -> UnitScores:
    """How well each unit detects its best concept: area under the ROC curve, held out.

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
        Of units. The concept (and sign) with the largest ``|AUC - 1/2|`` on one half of the stimuli
        is scored on the other, in both directions; chance .5. Details: ``concept``, the one chosen
        on the first half; ``same_concept``; ``responsiveness``, 2 AUC - 1; ``average_precision``,
        the purity of the unit: 1 where no stimulus without the concept is above one with it.

    Raises
    ------
    InputError
        Fewer than 20 stimuli; concepts of other stimuli.

    References
    ----------
    Puri et al. (2025), FADE: why bad descriptions happen to good features, arXiv 2502.16994:
    responsiveness and purity, without a language model.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> features = rng.random((1000, 4)) * (rng.random((1000, 4)) < 0.2)
    >>> found = selectivity(features[:, ::-1], features)
    >>> found.value, found.details["concept"].tolist()
    (1.0, [3, 2, 1, 0])
    """
    return _matched(activations, concepts, rng, axis=1)


def _matched(activations: Any, concepts: Any, rng: Any, axis: int) -> UnitScores:
    """Score the best partner of each column (axis 0: of concepts) or row of the table of AUCs."""
    both = labelled(activations, concepts)
    n, m = both.responses.shape
    parts = halves(n, _validate.as_rng(rng))
    tables = [aucs(both, rows) for rows in parts]
    usable = both.enough(parts[0]) & both.enough(parts[1])
    for table in tables:
        table[:, ~usable] = np.nan
    away = [np.abs(np.nan_to_num(table, nan=0.5) - 0.5) for table in tables]
    chosen = [each.argmax(axis=axis) for each in away]
    count = m if axis else both.present.shape[1]
    values, precision = np.full(count, np.nan), np.full(count, np.nan)
    influence, reasons = np.zeros((GROUPS, count)), [""] * count
    groups = stimulus_groups(n)
    columns = both.responses.values
    columns = columns.tocsc() if both.responses.is_sparse else columns
    moving = _moving(both)
    for index in range(count):
        reasons[index] = _why_not(axis, usable, moving, index)
        if reasons[index]:
            continue
        scores, precisions = [], []
        for choose, judge in ((0, 1), (1, 0)):
            partner = int(chosen[choose][index])
            unit, concept = (index, partner) if axis else (partner, index)
            sign = 1.0 if tables[choose][unit, concept] >= 0.5 else -1.0
            column = columns[:, [unit]]
            dense = (column.toarray() if both.responses.is_sparse else column)[parts[judge], 0]
            present = both.present[parts[judge], concept]
            place = placements(sign * dense, present)
            auc = place[present].mean()
            number = np.where(present, present.sum(), (~present).sum())
            influence[:, index] += in_groups((place - auc) / number / 2, parts[judge], groups)
            scores.append(auc)
            precisions.append(_average_precision(sign * dense, present))
        values[index], precision[index] = np.mean(scores), np.mean(precisions)
    # near chance both halves owe their score to one sign if they choose the same pair: their
    # errors are shared, and the mean is known no better than either
    influence *= np.sqrt(2)
    partner = "concept" if axis else "unit"
    return scores_from_groups(
        "selectivity" if axis else "best_unit",
        values,
        influence,
        chance=0.5,
        reasons=tuple(reasons),
        n=n,
        judge="concepts",
        names=both.responses.units if axis else both.names,
        of="units" if axis else "concepts",
        details={
            partner: chosen[0],
            f"same_{partner}": (chosen[0] == chosen[1]).astype(float),
            "responsiveness": 2 * values - 1,
            "average_precision": precision,
        },
    )


def _moving(both: WithConcepts) -> np.ndarray:
    """Return which units vary (m,)."""
    values = both.responses.values
    if both.responses.is_sparse:
        return np.asarray((values.max(axis=0) - values.min(axis=0)).toarray()).ravel() > 0
    return np.asarray(values.max(axis=0) > values.min(axis=0))


def _why_not(axis: int, usable: np.ndarray, moving: np.ndarray, index: int) -> str:
    if axis and not moving[index]:
        return "constant"
    if axis and not usable.any():
        return "no concept is present and absent often enough"
    if not axis and not usable[index]:
        return "present or absent in fewer than 5 stimuli of a half"
    return ""


def _average_precision(values: np.ndarray, present: np.ndarray) -> float:
    """Return the mean precision at the positives, equal values taken together."""
    order = np.argsort(-values, kind="stable")
    ordered, hits = values[order], np.cumsum(present[order])
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    gained = np.diff(np.append(0, hits[last]))
    return float((gained * hits[last] / (last + 1)).sum() / present.sum())
