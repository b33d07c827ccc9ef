"""What an inference is asked for, checked."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np

from unbraid.errors import InputError

By = Literal["encoder", "omp", "fista", "l0", "posterior"]


def check_by(by: Any) -> None:
    """Refuse the name of an inference that there is not."""
    if by not in get_args(By):
        raise InputError(f"by must be 'encoder', 'omp', 'fista', 'l0' or 'posterior', got {by!r}.")


def checked_k(k: int | None, n_latents: int) -> int | None:
    """Return ``k`` if so many latents can be active."""
    whole = isinstance(k, int | np.integer) and not isinstance(k, bool)
    if k is not None and not (whole and 1 <= k <= n_latents):
        raise InputError(f"k must be a whole number in 1..{n_latents}, got {k!r}.")
    return k


def checked_penalty(penalty: float | None) -> float | None:
    """Return the penalty if it is one."""
    if penalty is not None and not (np.isreal(penalty) and 0 <= penalty < np.inf):
        raise InputError(f"penalty must be a number of at least 0, got {penalty!r}.")
    return penalty
