"""The mean of a score over seeds, with what other stimuli and other seeds would change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unbraid import align, stats
from unbraid.align import Score
from unbraid.errors import InputError


def mean_over_seeds(scores: Sequence[Score]) -> tuple[float, np.ndarray]:
    """Return the mean of scores that differ by seed, and its draws for other stimuli and seeds.

    The draws stay within the range of the metric: two seeds alone would reach far beyond it.
    """
    if not scores:
        raise InputError("The comparison holds no score of this kind.")
    values = np.array([score.value for score in scores])
    draws = np.mean([score.replicates for score in scores], axis=0)
    if len(values) > 1:
        losses = (values - values.mean()) / (len(values) - 1)
        draws = draws + stats.student_steps(losses, len(draws))
        metric = align.METRICS[scores[0].metric]
        draws = np.clip(draws, min(metric.low, values.min()), max(metric.high, values.max()))
    return float(values.mean()), draws
