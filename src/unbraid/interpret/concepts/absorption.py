"""Absorption: whether a child feature's latent takes its parent's place."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.interpret._groups import GROUPS, in_groups, stimulus_groups
from unbraid.interpret._scores import UnitScores, scores_from_groups
from unbraid.interpret.concepts._with_concepts import LEAST, aucs, halves, labelled


def absorption(
    codes: Any,
    features: Any,
    parents: Any,
    *,
    rng: int | np.random.Generator | None = 0,
) -> UnitScores:
    """How much more often a parent's latent is silent where its child is active too.

    ``P(silent | parent on, child on) - P(silent | parent on, child off)`` of the parent's main
    latent, the one that detects the parent best (by AUC) on the other half of the stimuli.

    Parameters
    ----------
    codes : Responses, Codes or array of shape (n, m)
        A latent is silent where its code is at or below 0.
    features : Responses or array of shape (n, N)
        The true features, on where above 0.
    parents : array of whole numbers of shape (N,)
        Parent of each feature, -1 for none, as worlds give them.
    rng : int or Generator
        Of the halves.

    Returns
    -------
    UnitScores
        Of concepts: one for each child, in [-1, 1]. 0 where the parent's latent does not depend on
        the child (chance); 1 where the child's latent stands for the parent too, whenever both are
        on; below 0 where the main latent stands for the parent with this very child, and the parent
        is lost with the others. NaN for features without a parent. Details: ``parent``; ``latent``,
        the parent's main latent on the first half; ``silent``, the first of the two probabilities;
        ``missed``, ``P(silent | parent on)``, whatever else is on. Read the share ``above_chance``
        beside the mean, in which children of both signs cancel.

    Raises
    ------
    InputError
        Parents that are not one per feature, or are the feature itself; fewer than 20 stimuli.

    Notes
    -----
    With known features no probe is needed: the published measure takes a probe's direction for the
    feature, and thresholds of the latents' projections on it. For a dense unit "silent" has no
    meaning: give codes.

    References
    ----------
    Chanin et al. (2024), A is for absorption, arXiv 2409.14507; Karvonen et al. (2025), SAEBench,
    arXiv 2503.09532.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> features = rng.random((1000, 4)) * (rng.random((1000, 4)) < 0.2)
    >>> features[:, 1] *= features[:, 0] > 0  # feature 1 is a child of feature 0
    >>> whole = absorption(features, features, [-1, 0, -1, -1])
    >>> absorbed = features.copy()
    >>> absorbed[features[:, 1] > 0, 0] = 0  # the parent's latent leaves the child's stimuli alone
    >>> eaten = absorption(absorbed, features, [-1, 0, -1, -1])
    >>> float(whole.values[1]), float(eaten.values[1])
    (0.0, 1.0)
    """
    both = labelled(codes, features)
    n, count = len(both.responses), both.present.shape[1]
    above = _checked(parents, count)
    parts = halves(n, _validate.as_rng(rng))
    groups = stimulus_groups(n)
    main = [np.nan_to_num(aucs(both, rows), nan=0.5).argmax(axis=0) for rows in parts]
    values = np.full(count, np.nan)
    silence, missed = np.full(count, np.nan), np.full(count, np.nan)
    influence, reasons = np.zeros((GROUPS, count)), [""] * count
    active = both.responses.toarray() > 0
    for child in range(count):
        parent = above[child]
        if parent < 0:
            reasons[child] = "has no parent"
            continue
        scores, quiet, lost = [], [], []
        for choose, judge in ((0, 1), (1, 0)):
            rows = parts[judge][both.present[parts[judge], parent]]
            with_child = both.present[rows, child]
            if min(with_child.sum(), (~with_child).sum()) < LEAST:
                break
            silent = ~active[rows, main[choose][parent]]
            share = np.where(with_child, silent[with_child].mean(), silent[~with_child].mean())
            number = np.where(with_child, with_child.sum(), -(~with_child).sum())
            influence[:, child] += in_groups((silent - share) / number / 2, rows, groups)
            lost.append(silent.mean())
            quiet.append(silent[with_child].mean())
            scores.append(quiet[-1] - silent[~with_child].mean())
        if len(scores) < 2:
            reasons[child] = "its parent is on with it, or without it, in fewer than 5 stimuli"
            influence[:, child] = 0.0
            continue
        values[child], silence[child] = np.mean(scores), np.mean(quiet)
        missed[child] = np.mean(lost)
    return scores_from_groups(
        "absorption",
        values,
        influence,
        chance=0.0,
        reasons=tuple(reasons),
        n=n,
        judge="features",
        names=both.names,
        of="concepts",
        details={
            "parent": above,
            "latent": np.where(above >= 0, main[0][above], -1),
            "silent": silence,
            "missed": missed,
        },
        lowest=-1.0,
    )


def _checked(parents: Any, count: int) -> np.ndarray:
    above = np.asarray(parents)
    fine = above.shape == (count,) and above.dtype.kind in "iu"
    if not fine or (above >= count).any() or (above == np.arange(count)).any():
        raise InputError(
            f"parents must hold the parent of each of the {count} features, a row of them or -1, "
            f"got {above.dtype} of shape {above.shape}."
        )
    return np.maximum(above, -1)
