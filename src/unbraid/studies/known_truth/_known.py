"""Dictionaries whose atoms are the truth, and scores without uncertainty, for studies."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from unbraid import align, sparse


def true_dictionary(encoding: np.ndarray, k: int, penalty: float) -> sparse.Dictionary:
    """Return the dictionary whose atoms are the rows of an encoding (N, p), offset 0."""
    return sparse.Dictionary(
        atoms=encoding,
        offset=np.zeros(encoding.shape[1]),
        method=sparse.Pursuit(n_latents=len(encoding), k=k, offset="zero"),
        by="fista",
        k=k,
        penalty=penalty,
    )


def fit(x: Any, method: sparse.Method, rng: int | np.random.Generator | None) -> sparse.Dictionary:
    """Learn a dictionary; dead latents and few stimuli are part of a study's finding."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return sparse.fit(x, method, rng=rng)


def value(metric: str, x: Any, y: Any, **options: Any) -> float:
    """Value of a metric, without null and interval: those come from the study's seeds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        score = align.METRICS[metric].compute(x, y, permutations=0, resamples=0, **options)
    return float(score.value)
