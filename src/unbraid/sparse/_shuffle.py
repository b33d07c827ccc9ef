"""The control that keeps each latent's values and breaks their link to the stimuli."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.responses import Codes, as_responses


def shuffle_latents(codes: Any, rng: int | np.random.Generator | None = None) -> Codes:
    """Codes with each latent permuted over the stimuli, independently of the others.

    Parameters
    ----------
    codes : Codes, CSR matrix or array of shape (n, m)
        Whose latents are permuted.
    rng : int or Generator, optional
        Seed of the permutations.

    Returns
    -------
    Codes
        Every latent keeps its values and density; stimulus ids stay where they were. Cost n + nnz a
        latent at most.

    Examples
    --------
    >>> import numpy as np
    >>> z = np.array([[1.0, 0], [2, 0], [0, 3]])
    >>> shuffle_latents(z, rng=0).sum(0)
    array([3., 3.])
    """
    rng = _validate.as_rng(rng)
    responses = as_responses(codes, "codes")
    columns = sp.csc_array(responses.values)
    columns.sum_duplicates()
    n = columns.shape[0]
    rows = np.empty_like(columns.indices)
    for start, stop in zip(columns.indptr[:-1], columns.indptr[1:], strict=True):
        rows[start:stop] = rng.choice(n, stop - start, replace=False)
    shuffled = sp.csc_array((columns.data, rows, columns.indptr), shape=columns.shape)
    return Codes(
        sp.csr_array(shuffled), stimuli=responses.stimuli, made_by={"shuffled": responses.made_by}
    )


def shuffled(codes: Codes, seed: int) -> Codes:
    """Shuffle what a ``ShuffledLatents`` dictionary encodes."""
    if codes.shape[0] == 1:
        raise InputError(
            "x must hold at least 2 stimuli for a dictionary of ShuffledLatents, which permutes "
            "codes over the stimuli that it is given, got 1."
        )
    return shuffle_latents(codes, rng=seed)
