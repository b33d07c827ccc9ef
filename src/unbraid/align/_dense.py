"""Dense float64 copies, refused in one line where they cannot fit, and sums over them."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid._validate import check_scale
from unbraid.errors import InputError
from unbraid.responses import Responses
from unbraid.responses._files import free_memory


def to_dense(responses: Responses, name: str) -> np.ndarray:
    """Return the values as float64, refusing to fill the machine's memory."""
    n, p = responses.shape
    check_scale(responses.values, name)
    check_memory(8.0 * n * p, f"a dense copy of {name} ({n} x {p})")
    if responses.is_sparse:
        return responses.values.toarray().astype(np.float64, copy=False)
    return np.asarray(responses.values, dtype=np.float64)


def densified(values: Any, name: str) -> np.ndarray:
    """Return values as a dense array, refusing to fill the machine's memory."""
    if not hasattr(values, "toarray"):
        return values
    check_memory(8.0 * values.shape[0] * values.shape[1], f"a dense copy of {name}")
    return values.toarray()


def check_memory(n_bytes: float, what: str, remedy: str = "") -> None:
    """Refuse an allocation of more than 80 % of the memory that is free."""
    free = free_memory()
    if n_bytes > 0.8 * free:
        remedy = remedy or "Use fewer stimuli or units, or a metric that keeps codes sparse."
        raise InputError(
            f"{what} needs {n_bytes / 2**30:.1f} GiB of {free / 2**30:.1f} GiB free. {remedy}"
        )


def row_chunks(n: int, columns: int, budget: float = 2**25) -> list[slice]:
    """Return slices of rows that hold about ``budget`` bytes of ``columns`` doubles each."""
    step = max(1, int(budget / (8 * max(columns, 1))))
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]


def finite_mean(values: np.ndarray, weights: Any = None) -> float:
    """Mean of the entries that are not NaN, weighted; NaN when there are none."""
    there = ~np.isnan(values)
    weights = there.astype(float) if weights is None else np.where(there, weights, 0.0)
    total = float(weights.sum())
    return float((np.where(there, values, 0.0) * weights).sum() / total) if total else float("nan")


def unit_columns(values: np.ndarray) -> np.ndarray:
    """Return the columns divided by their norms; those of zeros as they are."""
    norm = np.linalg.norm(values, axis=0)
    return values / np.where(norm > 0, norm, 1.0)
