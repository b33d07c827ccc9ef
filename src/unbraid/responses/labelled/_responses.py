"""What a system answered: values, and the names of the stimuli and units they belong to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import scipy.sparse as sp

from unbraid import _validate
from unbraid._notebook import card
from unbraid.errors import InputError
from unbraid.responses._files import free_memory
from unbraid.responses.labelled._ids import as_ids
from unbraid.responses.labelled._labelled import labelled
from unbraid.responses.labelled._match import in_rows_of
from unbraid.responses.labelled._repeats import in_one_order


@dataclass(frozen=True, eq=False, repr=False)
class Responses:
    """Responses of one system: rows are stimuli, columns are units.

    Parameters
    ----------
    values : array of shape (n, p), CSR matrix, or memory map
        Finite real numbers. Integers and booleans become float64; float32 stays float32. A pandas
        DataFrame brings its index as stimuli and its columns as units, an xarray DataArray its
        coordinates; what is given beside goes before them.
    stimuli : sequence of length n, optional
        Stimulus ids, unique. Two systems are matched by them, not by row order.
    units : sequence of length p, optional
        Unit ids, unique.
    repeats : array of shape (n_repeats, n, p), optional
        Single trials, of which ``values`` are the means; NaN where a repeat is missing. Noise
        ceilings need them.
    made_by : mapping, optional
        What made the values (model, layer, preprocessing, weights' hash): plain JSON data.

    Raises
    ------
    InputError
        Wrong rank, NaN or infinity, non-numbers, duplicate ids, ids of the wrong number.
    """

    values: Any
    stimuli: Any = None
    units: Any = None
    repeats: Any = None
    made_by: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        brought = labelled(self.values)
        if brought is not None:
            object.__setattr__(self, "values", brought.values)
            if self.stimuli is not None:
                ids = in_rows_of(brought.stimuli, self.stimuli, "stimuli", "values")
                object.__setattr__(self, "stimuli", ids)
            for name in ("stimuli", "units", "repeats"):
                if getattr(self, name) is None:
                    object.__setattr__(self, name, getattr(brought, name))
            object.__setattr__(self, "made_by", self.made_by or brought.made_by)
        values = _as_values(self.values)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "stimuli", as_ids(self.stimuli, values.shape[0], "stimuli"))
        object.__setattr__(self, "units", as_ids(self.units, values.shape[1], "units"))
        object.__setattr__(
            self, "repeats", _as_repeats(in_one_order(self.repeats, self.stimuli), values.shape)
        )
        object.__setattr__(self, "made_by", dict(self.made_by))

    def __len__(self) -> int:
        return self.values.shape[0]

    def _repr_html_(self) -> str:
        n, p = self.shape
        first = "none" if self.stimuli is None else ", ".join(map(str, self.stimuli[:3])) + ", ..."
        made = {name: self.made_by[name] for name in ("model", "layer") if name in self.made_by}
        repeats = "none" if self.repeats is None else len(self.repeats)
        return card("Responses", [("stimuli", n), ("units", p), ("stimulus ids", first),
                                  ("repeats", repeats), *made.items()])  # fmt: skip

    def __repr__(self) -> str:
        n, p = self.shape
        trials = "" if self.repeats is None else f", {len(self.repeats)} repeats"
        return f"Responses({n} stimuli x {p} units{trials})"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        dense = self.toarray()
        return np.array(dense, dtype=dtype, copy=copy) if copy else np.asarray(dense, dtype=dtype)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of stimuli and of units."""
        return self.values.shape

    @property
    def is_sparse(self) -> bool:
        """Whether the values are kept as CSR."""
        return sp.issparse(self.values)

    def toarray(self) -> np.ndarray:
        """Return the values as a dense array (n, p)."""
        return self.values.toarray() if self.is_sparse else np.asarray(self.values)

    def take(self, rows: Any) -> Self:
        """Return the responses to the stimuli at these row numbers (or under this mask).

        Parameters
        ----------
        rows : array of whole numbers, or of booleans of shape (n,)
            Row numbers, or a mask of all rows.

        Returns
        -------
        Responses
            With the ids, units and repeats of these rows.

        Raises
        ------
        InputError
            Numbers outside 0..n-1; a mask of another length.
        """
        rows = _rows(rows, len(self))
        repeats = None if self.repeats is None else self.repeats[:, rows]
        stimuli = None if self.stimuli is None else self.stimuli[rows]
        return replace(self, values=self.values[rows], stimuli=stimuli, repeats=repeats)

    def select(self, stimuli: Sequence[Any]) -> Self:
        """Return the responses to the stimuli with these ids, in this order.

        Parameters
        ----------
        stimuli : sequence of ids
            Ids of the stimuli.

        Returns
        -------
        Responses
            In the order of ``stimuli``.

        Raises
        ------
        InputError
            Responses without ids; an unknown id.
        """
        if self.stimuli is None:
            raise InputError("These responses have no stimulus ids; use take(rows) instead.")
        wanted = as_ids(stimuli, len(stimuli), "stimuli")
        if wanted is None:
            raise InputError("select(stimuli) needs stimulus ids, got None.")
        where = {name: row for row, name in enumerate(self.stimuli)}
        missing = [name for name in wanted if name not in where]
        if missing:
            raise InputError(
                f"{len(missing)} of {len(wanted)} stimulus ids are unknown, the first is "
                f"{str(missing[0])!r}."
            )
        return self.take([where[name] for name in wanted])


@runtime_checkable
class StoredResponses(Protocol):
    """Responses on disk, as ``open_store`` gives them."""

    shape: tuple[int, int]
    shards: tuple[np.ndarray, ...]

    def read(self) -> Responses:
        """Return everything in memory."""


def as_responses(values: Any, name: str = "x") -> Responses:
    """Wrap an array, CSR matrix, Codes, DataFrame, DataArray or Store; errors name the argument.

    Parameters
    ----------
    values : Responses, array of shape (n, p), CSR matrix, Codes, DataFrame, DataArray or Store
        Responses are returned as they are; Codes keep their ids. A Store is read into memory.
    name : str
        What messages call it.

    Returns
    -------
    Responses
        Checked: two axes, real numbers, finite.

    Raises
    ------
    InputError
        What ``Responses`` refuses; a Store whose double-precision copy memory cannot hold.

    Examples
    --------
    >>> as_responses([[1, 2], [3, 4]])
    Responses(2 stimuli x 2 units)
    >>> as_responses([["a", "b"]], "y")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    unbraid.errors.InputError: y must hold real numbers, got dtype <U1. ...
    """
    if isinstance(values, Responses):
        return values
    if isinstance(values, StoredResponses):
        return _read(values, name)
    _validate.check_no_path(values, name)
    remembers = sp.issparse(values)  # Codes do; a table's column of that name means nothing
    try:
        return Responses(
            values,
            stimuli=getattr(values, "stimuli", None) if remembers else None,
            made_by=getattr(values, "made_by", {}) if remembers else {},
        )
    except InputError as error:
        raise InputError(re.sub(r"\bvalues\b", name, str(error))) from None


def _rows(rows: Any, n: int) -> np.ndarray:
    """Return row numbers, or a mask of length n, as an index that fits."""
    index = np.asarray(rows)
    mask = index.dtype == bool
    if index.ndim != 1 or index.dtype.kind not in "biu" or (mask and len(index) != n):
        raise InputError(
            f"rows must be row numbers or a mask of length {n}, got shape {index.shape} of dtype "
            f"{index.dtype}."
        )
    if not mask and len(index) and not (-n <= index.min() and index.max() < n):
        raise InputError(f"rows must lie in 0..{n - 1}, got {index.min()}..{index.max()}.")
    return index


def _as_values(values: Any) -> Any:
    if sp.issparse(values):
        csr = sp.csr_array(values)
        if not csr.has_canonical_format:  # entries given twice add up, as in every dense copy
            csr = csr.copy()
            csr.sum_duplicates()
        _validate.check_matrix_shape(csr.shape, "values")
        data = _validate.as_floats(csr.data, "values")
        _validate.check_finite(data, "values")
        return sp.csr_array((data, csr.indices, csr.indptr), shape=csr.shape)
    return _validate.as_matrix(values, "values")


def _as_repeats(repeats: Any, shape: tuple[int, int]) -> np.ndarray | None:
    if repeats is None:
        return None
    array = _validate.as_floats(repeats, "repeats")
    if array.ndim != 3 or array.shape[1:] != shape:
        raise InputError(
            f"repeats must have shape (n_repeats, {shape[0]}, {shape[1]}), got {array.shape}."
        )
    if np.isinf(array).any():
        raise InputError("repeats must be finite or NaN (a missing repeat), got infinity.")
    return array


def _read(store: StoredResponses, name: str) -> Responses:
    """Read a store into memory, if that can hold what is computed from it."""
    n, p = store.shape
    needed, free = 8.0 * n * p, free_memory()  # most metrics make a copy in double precision
    if needed > 0.8 * free:
        raise InputError(
            f"{name} is a store of {n} stimuli x {p} units, of which a copy in memory needs "
            f"{needed / 2**30:.1f} GiB of {free / 2**30:.1f} GiB free. Give some of its rows, "
            f"store.read(rows), or score all of them from one pass over both stores: "
            "align.streamed with stats.fold_moments(x, y, on=workers)."
        )
    return store.read()
