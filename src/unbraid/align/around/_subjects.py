"""Ceilings across subjects: how well the others predict each, and the best possible score."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid._documented import documented_answer
from unbraid._validate import check_callable, check_mapping
from unbraid.align._dense import to_dense
from unbraid.align._score import Score
from unbraid.align.geometry._rdm import RDMS
from unbraid.align.geometry._rdm_compare import COMPARISONS
from unbraid.errors import InputError
from unbraid.responses import Responses, pair


@documented_answer
@dataclass(frozen=True, eq=False, repr=False)
class SubjectCeiling:
    """Bounds between which the best possible model's mean score over subjects lies."""

    lower: Mapping[str, float]
    """Each subject's score from the other subjects: a model as good as they are reaches it."""
    upper: Mapping[str, float]
    """Each subject's score that nothing can exceed on average; NaN where it is not known."""

    def __repr__(self) -> str:
        low, high = self.interval
        return f"SubjectCeiling([{low:.3f}, {high:.3f}] over {len(self.lower)} subjects)"

    @property
    def interval(self) -> tuple[float, float]:
        """Mean lower and mean upper bound."""
        return (float(np.mean(list(self.lower.values()))),
                float(np.mean(list(self.upper.values()))))  # fmt: skip


def rsa_ceiling(
    subjects: Mapping[str, Any], *, rdm: str = "euclidean", compare: str = "pearson"
) -> SubjectCeiling:
    """Bounds on the mean agreement of any model's RDM with those of the subjects.

    Upper: each subject's RDM against the mean of all of them, which for Pearson (standardised
    RDMs), cosine (unit size) and Spearman (ranks) is the RDM of largest mean agreement. Lower:
    against the mean of the others, which knows nothing of the subject's own noise.

    Parameters
    ----------
    subjects : mapping of names to responses (n, p_s)
        At least two; the same stimuli, in any order where they have ids.
    rdm : {"euclidean", "correlation"}
    compare : {"pearson", "spearman", "kendall", "cosine"}
        Kendall: ranks are averaged, so that its upper bound is approximate.

    Returns
    -------
    SubjectCeiling
        NaN for a subject whose dissimilarities are all equal.

    References
    ----------
    Nili et al. (2014), A toolbox for representational similarity analysis.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> z = rng.normal(size=(40, 6))
    >>> found = rsa_ceiling({str(s): z + rng.normal(size=z.shape) for s in range(4)})
    >>> 0 < found.interval[0] < found.interval[1] < 1
    True
    """
    for name, given, choices in (("rdm", rdm, RDMS), ("compare", compare, COMPARISONS)):
        if given not in choices:
            raise InputError(f"{name} must be one of {', '.join(choices)}, got {given!r}.")
    sides = _same_stimuli(subjects)
    for name, side in sides.items():
        if rdm == "correlation" and (np.ptp(to_dense(side, name), axis=1) == 0).any():
            raise InputError(
                "rdm='correlation' needs responses that differ over units, got stimuli of "
                f"{name!r} where they do not. Leave those out, or use rdm='euclidean'."
            )
    distances = {name: RDMS[rdm](to_dense(side, name)) for name, side in sides.items()}
    agreement = COMPARISONS[compare]
    level = COMPARISONS["spearman"] if compare == "kendall" else agreement
    scores = {name: level.prepare(square) for name, square in distances.items()}
    total = np.sum(list(scores.values()), axis=0)

    def found(pooled: np.ndarray, name: str) -> float:
        ties_kept = np.round(pooled, 12)  # sums of ranks, of the size of 1: equal but for rounding
        both = agreement(ties_kept, distances[name])
        return both.value() if both.defined else float("nan")

    return SubjectCeiling(
        {name: found(total - scores[name], name) for name in sides},
        {name: found(total, name) for name in sides},
    )


def subject_ceiling(
    subjects: Mapping[str, Any], metric: Callable[..., Score], **options: Any
) -> SubjectCeiling:
    """Bounds on a model's mean score with the subjects, for regression and matching metrics.

    Lower: all units of the other subjects together are the source, the subject is the target;
    whatever the subjects share, some model could know. Upper: the noise ceiling of the subject's
    own scored units, from its repeats.

    Parameters
    ----------
    subjects : mapping of names to responses (n, p_s)
        At least two; the same stimuli. Repeats give the upper bounds.
    metric : callable
        A metric of this room with a score for each target (``ridge``, ``semi_matching``, ...).
    **options
        For the metric.

    Returns
    -------
    SubjectCeiling
        Upper bounds are NaN for subjects without repeats.

    Notes
    -----
    The lower bound rises with the number of subjects and of their units; it is a bound for this
    many. Cost: one run of the metric a subject.

    References
    ----------
    Schrimpf et al. (2018), Brain-Score, and Hasson et al. (2004), intersubject prediction.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.align import ridge
    >>> rng = np.random.default_rng(0)
    >>> z = rng.normal(size=(100, 4))
    >>> found = subject_ceiling({s: z @ rng.normal(size=(4, 9)) for s in "abc"}, ridge)
    >>> round(found.lower["a"], 3)
    1.0
    """
    check_callable(metric, "metric")
    sides = _same_stimuli(subjects)
    lower, upper = {}, {}
    for name, target in sides.items():
        others = [to_dense(side, other) for other, side in sides.items() if other != name]
        source = Responses(np.hstack(others), stimuli=target.stimuli)
        score = metric(source, target, **{"permutations": 0, "resamples": 0, **options})
        if not len(score.per_target):
            raise InputError(
                f"{score.metric} has no score for single targets; use rsa_ceiling for RSA."
            )
        lower[name], upper[name] = score.value, score.ceiling
    return SubjectCeiling(lower, upper)


def _same_stimuli(subjects: Mapping[str, Any]) -> dict[str, Responses]:
    check_mapping(subjects, "subjects")
    if len(subjects) < 2:
        raise InputError(f"subjects must name at least two systems, got {len(subjects)}.")
    first = next(iter(subjects.values()))
    return {name: pair(first, side)[1] for name, side in subjects.items()}
