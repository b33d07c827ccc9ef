"""Sparse codes: a CSR matrix that remembers which stimuli its rows belong to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid.responses.labelled._ids import as_ids


class Codes(sp.csr_array):
    """Codes of ``n`` stimuli in ``m`` latents, CSR, with ids and evidence.

    It is a SciPy CSR array in every respect. Slices and products carry no ids;
    ``Responses(codes, stimuli=...).take(rows)`` keeps them.

    Parameters
    ----------
    values : anything that ``scipy.sparse.csr_array`` takes
        The codes, (n, m): one row per stimulus, one column per latent.
    shape : pair of int, optional
        As of a CSR array.
    dtype : numpy.dtype, optional
        As of a CSR array.
    copy : bool
        As of a CSR array.
    stimuli : sequence of length n, optional
        Stimulus ids.
    gap : float
        Largest violation of the inference's optimality condition over the stimuli; NaN for an
        encoder, which has none to meet.
    made_by : mapping, optional
        Dictionary, inference and versions: plain JSON data.
    taken : pair of arrays of shape (n, 1), optional
        Shift and scale that an input transform took from each stimulus before it was encoded, for
        ``decode`` to give back; None where nothing was taken.
    **options
        What else ``scipy.sparse.csr_array`` takes.
    """

    # scipy builds results of products and slices by calling the class with (values, shape, ...)
    def __init__(
        self,
        values: Any,
        shape: tuple[int, ...] | None = None,
        dtype: Any = None,
        copy: bool = False,
        *,
        stimuli: Any = None,
        gap: float = float("nan"),
        made_by: Mapping[str, Any] | None = None,
        taken: tuple[np.ndarray, np.ndarray] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(values, shape=shape, dtype=dtype, copy=copy, **options)
        self.stimuli = as_ids(stimuli, self.shape[0], "stimuli")
        self.gap = gap
        self.made_by = dict(made_by or {})
        self.taken = taken

    def __repr__(self) -> str:
        n, m = self.shape
        return f"Codes({n} stimuli x {m} latents, l0={self.l0:.3g})"

    __str__ = __repr__

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:  # noqa: ARG002
        if dtype is not None and np.dtype(dtype).kind == "O":  # as scipy.sparse.vstack asks
            whole = np.empty((), object)
            whole[()] = self
            return whole
        return self.toarray().astype(dtype) if dtype is not None else self.toarray()

    @property
    def _csr_container(self) -> type:  # what slices and products are made of
        return sp.csr_array

    @property
    def values(self) -> sp.csr_array:
        """The codes as a plain CSR array, sharing memory."""
        return sp.csr_array((self.data, self.indices, self.indptr), shape=self.shape)

    @property
    def l0(self) -> float:
        """Mean number of active latents per stimulus."""
        return self.count_nonzero() / self.shape[0]

    @property
    def n_active(self) -> float:
        """Effective number of active latents, the mean of ``(sum |z|)^2 / sum z^2``.

        ``l0`` where all codes of a stimulus are equally large, less where some are small; a
        stimulus without codes counts 0.
        """
        codes = self.values.astype(np.float64)
        size, energy = (np.asarray(abs(codes).power(order).sum(axis=1)) for order in (1, 2))
        return float(np.mean(size**2 / np.where(energy > 0, energy, 1)))
