"""The same method from several seeds, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import numpy as np

from unbraid._kernels.threads import one_thread, this_thread_alone, workers
from unbraid.errors import InputError
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._fit import fit
from unbraid.sparse._method import Method
from unbraid.sparse.evidence._stability import with_stability
from unbraid.sparse.training._ranks import Ranks


def fit_seeds(
    x: Any,
    method: Method,
    seeds: Sequence[int | np.random.Generator],
    *,
    order: Literal["auto", "exchangeable", "time"] = "auto",
) -> tuple[Dictionary, ...]:
    """Learn one dictionary a seed; each is what ``fit(x, method, rng=seed)`` gives.

    Parameters
    ----------
    x : Responses, array of shape (n, p), memory map, or Store
        Responses to the training stimuli.
    method : Method
        How each dictionary is learned.
    seeds : sequence of int or Generator
        One a dictionary.
    order : {"auto", "exchangeable", "time"}
        As for ``fit``.

    Returns
    -------
    tuple of Dictionary
        In the order of ``seeds``. With up to 2048 latents each says how far the others hold its
        atoms (``evidence.stability``); ``consensus`` makes one dictionary of them.

    Raises
    ------
    InputError
        No seed; unusable responses, or options that do not suit them.

    Notes
    -----
    Autoencoders train at the same time, one per thread, from one copy of the responses: with c
    cores, s seeds take the time of s / c trainings, and no thread waits for another. Memory is that
    of c trainings. To the same bits as alone, for systems of up to 256 units; up to rounding
    beyond.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.sparse import PCA, fit_seeds
    >>> len(fit_seeds(np.eye(4), PCA(n_latents=2), seeds=range(3)))
    3
    """
    if not isinstance(seeds, Sequence | np.ndarray) or len(seeds) == 0:
        raise InputError(f"seeds must name at least one seed, such as range(5), got {seeds!r}.")
    at_once = min(len(seeds), workers())
    if not method.in_batches or at_once == 1 or Ranks().size > 1:
        return with_stability(
            [fit(x, method, rng=seed, progress=False, order=order) for seed in seeds]
        )
    with (
        one_thread(),
        ThreadPoolExecutor(at_once, initializer=this_thread_alone) as pool,
    ):
        return with_stability(
            list(
                pool.map(lambda seed: fit(x, method, rng=seed, progress=False, order=order), seeds)
            )
        )
