"""What a score loses when a group of stimuli is deleted and everything is fitted again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unbraid import stats


def refitted_losses(
    build: Callable[..., Any],
    sides: tuple[Any, Any],
    folds: stats.Folds,
    groups: np.ndarray,
    options: dict[str, Any],
) -> np.ndarray:
    """Return value - value without each group (n_groups,), by estimators fitted again."""
    values = []
    everything = build(*sides, folds, **options).estimate(None, influence=False).value
    for group in range(int(groups.max()) + 1):
        keep = np.flatnonzero(groups != group)
        part = stats.as_folds(np.asarray(folds)[keep], len(keep))
        part.blocks = None if folds.blocks is None else folds.blocks[keep]
        own = {name: _kept(option, keep) if name == "repeats" else option
               for name, option in options.items()}  # fmt: skip
        estimator = build(*(side[keep] for side in sides), part, **own)
        values.append(estimator.estimate(None, influence=False).value)
    return everything - np.array(values)


def _kept(repeats: Any, keep: np.ndarray) -> Any:
    return tuple(None if trials is None else trials[:, keep] for trials in repeats)
