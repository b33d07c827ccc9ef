"""Difference of two scores, for other stimuli, units, seeds or subjects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from unbraid import stats
from unbraid._validate import as_rng, check_count
from unbraid.align._score import Score
from unbraid.errors import InputError

LEVELS = ("stimuli", "units", "seeds", "subjects")


def difference(
    a: Any,
    b: Any,
    *,
    over: Sequence[str] = ("stimuli", "seeds", "subjects"),
    resamples: int = 2000,
    level: float = 0.95,
    rng: int | np.random.Generator | None = 0,
) -> stats.Difference:
    """Mean of ``a - b`` with an interval for other stimuli, units, seeds and subjects.

    Stimuli are shared by all scores: their part of the uncertainty is that of deleting a stimulus
    from all of them at once. Subjects, each with its own units and seeds, are drawn as wholes;
    that includes what their units and seeds add. With one subject, seeds and units are drawn. The
    parts are independent and add up; each has Student's t for as many pieces as it has.

    Parameters
    ----------
    a, b : Score, sequence of Scores (one per seed), or mapping of subjects to either
        Of one structure; a single Score stands for every seed. Pairs must have the same stimuli,
        folds and, for ``"units"``, the same targets.
    over : sequence of {"stimuli", "units", "seeds", "subjects"}
        What the conclusion is meant to hold for, beyond what was sampled. A level of which there
        is only one piece adds nothing.
    resamples : int
        Draws of the difference, for its interval and p-value.
    level : float
        Confidence level, in (0, 1).
    rng : int, Generator or None
        Seed of the draws.

    Returns
    -------
    stats.Difference
        ``p_value`` is two-sided, of no difference.

    Raises
    ------
    InputError
        Scores made with ``resamples=0`` (no stimulus was deleted), different numbers of stimuli,
        seeds, subjects or targets.

    Notes
    -----
    What was fitted is held fixed over stimuli and units. First order: products of levels
    (a subject's own way with a stimulus) count to the higher level.

    References
    ----------
    Efron & Tibshirani (1993), chapter 8; Saravanan, Berman & Sober (2020), hierarchical bootstrap.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.align import semi_matching
    >>> rng = np.random.default_rng(0)
    >>> z, noise = rng.normal(size=(2, 200, 8))
    >>> gain = difference(semi_matching(z + 0.5 * noise, z), semi_matching(z + noise, z))
    >>> bool(gain.low > 0), gain.p_value < 0.01
    (True, True)
    """
    return differences([(a, b)], over=over, resamples=resamples, level=level, rng=rng)[0]


def differences(
    pairs: Iterable[tuple[Any, Any]],
    *,
    over: Sequence[str],
    resamples: int = 2000,
    level: float = 0.95,
    rng: int | np.random.Generator | None = 0,
) -> list[stats.Difference]:
    """Return the ``difference`` of each pair; what is drawn is the same for all, and drawn once."""
    check_count(resamples, "resamples")
    if isinstance(over, str) or not isinstance(over, Iterable):
        raise InputError(f"over must be a sequence of names such as ('stimuli',), got {over!r}.")
    unknown = set(over) - set(LEVELS)
    if unknown or not over:
        raise InputError(f"over must name some of {', '.join(LEVELS)}, got {tuple(over)!r}.")
    streams = dict(zip(LEVELS, as_rng(rng).spawn(len(LEVELS)), strict=True))
    found = [_value_and_losses(_pairs(a, b), over) for a, b in pairs]
    drawn = [np.zeros(resamples) for _ in found]
    for name in LEVELS:
        same: dict[int, list[int]] = {}  # those with as many pieces share what is drawn
        for i, (_, losses) in enumerate(found):
            if name in losses:
                same.setdefault(len(losses[name]), []).append(i)
        for several in same.values():
            stacked = np.array([found[i][1][name] for i in several])
            steps = stats.student_steps(stacked, resamples, deepcopy(streams[name]))
            for i, each in zip(several, steps, strict=True):
                drawn[i] += each
    zeros = np.zeros(resamples)
    return [
        stats.paired_difference(value, 0.0, value + steps, zeros, level)
        for (value, _), steps in zip(found, drawn, strict=True)
    ]


def _value_and_losses(
    pairs: list[list[tuple[Score, Score]]], over: Sequence[str]
) -> tuple[float, dict[str, np.ndarray]]:
    """Return the mean difference, and what deleting each piece of each level takes from it."""
    values = [np.array([first.value - second.value for first, second in seeds]) for seeds in pairs]
    losses = {}
    if "stimuli" in over:
        losses["stimuli"] = np.mean([_stimuli(seeds) for seeds in pairs], axis=0)
    if "subjects" in over and len(pairs) > 1:
        losses["subjects"] = _of_mean(np.array([part.mean() for part in values]))
    elif len(pairs) == 1:
        if "seeds" in over and len(values[0]) > 1:
            losses["seeds"] = _of_mean(values[0])
        if "units" in over:
            losses["units"] = _of_mean(_units(pairs[0]))
    return float(np.mean([part.mean() for part in values])), losses


def _pairs(a: Any, b: Any) -> list[list[tuple[Score, Score]]]:
    """Return the pairs of each seed of each subject."""
    if isinstance(a, Mapping) != isinstance(b, Mapping) or (
        isinstance(a, Mapping) and set(a) != set(b)
    ):
        raise InputError("a and b must both be mappings of the same subjects, or neither.")
    if isinstance(a, Mapping) and not a:
        raise InputError("a and b must name at least one subject, got none.")
    subjects = [(a[name], b[name]) for name in a] if isinstance(a, Mapping) else [(a, b)]
    return [_seeds(first, second) for first, second in subjects]


def _seeds(a: Any, b: Any) -> list[tuple[Score, Score]]:
    first, second = (_scores(side) for side in (a, b))
    n_seeds = max(len(first), len(second))
    if not n_seeds or {len(first), len(second)} - {1, n_seeds}:
        raise InputError(
            f"a and b must have the same number of seeds, got {len(first)} and {len(second)}."
        )
    first, second = (side * n_seeds if len(side) == 1 else side for side in (first, second))
    return list(zip(first, second, strict=True))


def _scores(side: Any) -> list[Score]:
    scores = [side] if isinstance(side, Score) or not isinstance(side, Iterable) else list(side)
    for score in scores:
        if not isinstance(score, Score):
            raise InputError(
                f"a and b must be Scores, sequences of them or mappings of subjects to either, got "
                f"{type(score).__name__}. Pass what a metric returns, not its value."
            )
    return scores


def _stimuli(seeds: list[tuple[Score, Score]]) -> np.ndarray:
    sizes = {len(score.influence) for pair in seeds for score in pair}
    if len(sizes) > 1 or 0 in sizes:
        raise InputError(
            "Every score must know what deleting each of the same stimuli costs, got "
            f"{sorted(sizes)} stimuli or blocks. Make the scores with resamples >= 1 and the same "
            "folds, or leave 'stimuli' out of over."
        )
    return np.mean([first.influence - second.influence for first, second in seeds], axis=0)


def _units(seeds: list[tuple[Score, Score]]) -> np.ndarray:
    sizes = {len(score.per_target) for pair in seeds for score in pair}
    if len(sizes) > 1 or 0 in sizes:
        raise InputError(
            f"'units' needs the same targets in every score, got {sorted(sizes)}. Leave 'units' "
            "out of over."
        )
    gains = np.mean([first.per_target - second.per_target for first, second in seeds], axis=0)
    return gains[~np.isnan(gains)]


def _of_mean(values: np.ndarray) -> np.ndarray:
    """Return what deleting each value takes from their mean."""
    return (values - values.mean()) / max(len(values) - 1, 1)
