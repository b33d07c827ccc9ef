"""Which of many candidates a vector points to."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.errors import InputError


def retrieval_ranks(
    queries: Any, candidates: Any, targets: Any, *, excluded: Any = None
) -> np.ndarray:
    """Rank of each query's target among all candidates, by cosine; 1 is the best.

    ``rank_i = 1 + #{j : cos(q_i, c_j) > cos(q_i, c_t)} + 1/2 #{j != t : cos equal}``.

    Parameters
    ----------
    queries : array of shape (n, p)
        What is looked for.
    candidates : array of shape (m, p)
        What may be found.
    targets : array of whole numbers of shape (n,)
        Row of the right candidate.
    excluded : array of whole numbers of shape (n,), optional
        Row of one candidate a query that does not compete, such as a part of the query itself.

    Returns
    -------
    array of shape (n,)
        In 1..m; by chance ``(m + 1) / 2`` on average. A vector of zeros has cosine 0.

    Raises
    ------
    InputError
        Queries and candidates in other units; rows that there are not; a target that is excluded.

    Examples
    --------
    >>> retrieval_ranks([[1, 0], [1, 1]], [[1, 0], [0, 1]], [0, 1]).tolist()  # the second ties
    [1.0, 1.5]
    """
    q, c = _validate.as_matrix(queries, "queries"), _validate.as_matrix(candidates, "candidates")
    if q.shape[1] != c.shape[1]:
        raise InputError(
            f"queries and candidates must live in the same units, got {q.shape[1]} and "
            f"{c.shape[1]}."
        )
    right = _rows(targets, len(q), len(c), "targets")
    cosines = _unit(q) @ _unit(c).T  # (n, m)
    own = cosines[np.arange(len(q)), right][:, None]
    equal = np.isclose(cosines, own, rtol=0, atol=1e-12)
    better = (cosines > own) & ~equal
    equal[np.arange(len(q)), right] = False
    if excluded is not None:
        out = _rows(excluded, len(q), len(c), "excluded")
        if (out == right).any():
            raise InputError("excluded must name other candidates than targets.")
        better[np.arange(len(q)), out] = equal[np.arange(len(q)), out] = False
    return np.asarray(1 + better.sum(axis=1) + equal.sum(axis=1) / 2)


def _rows(values: Any, n: int, m: int, name: str) -> np.ndarray:
    rows = np.asarray(values)
    if rows.shape != (n,) or rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= m:
        raise InputError(f"{name} must hold {n} rows of the {m} candidates, got {values!r}.")
    return rows


def _unit(x: np.ndarray) -> np.ndarray:
    norm = np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(x / np.where(norm > 0, norm, np.inf), dtype=np.float64)
