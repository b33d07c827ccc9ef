"""Dense products of a training, in torch where it is installed, else in NumPy.

torch's threads do not go on waiting for work on processors that the compiled kernels want, and it
multiplies in eight bits. Arrays in, arrays out: tensors share their memory.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import numpy as np

from unbraid._kernels.threads import installed_torch

_LONGEST = 2**17  # units: sums of so many products of eight bits fit 32


def multiply(rows: np.ndarray, columns: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Return ``rows @ columns`` in the first rows of ``out`` (int32), seen as their own kind."""
    out = out[: len(rows)]
    torch = installed_torch()
    if rows.dtype == np.int8:
        sides = torch.from_numpy(rows), torch.from_numpy(columns)
        return torch._int_mm(*sides, out=torch.from_numpy(out)).numpy()
    out = out.view(np.float32)
    if torch is None:
        return np.matmul(rows, columns, out=out)
    sides = torch.from_numpy(rows), torch.from_numpy(columns)
    return torch.mm(*sides, out=torch.from_numpy(out)).numpy()


def eight_bits_hold(p: int, batch: int) -> bool:
    """Whether torch sums such products rightly: where processors cannot, theirs overflow."""
    torch = installed_torch()
    if torch is None or p >= _LONGEST:
        return False
    most = torch.tensor([127, -127], dtype=torch.int8).repeat(batch // 2)
    right = torch.outer(most.int(), most.int()) * p
    side, out = most[:, None].repeat(1, p), torch.zeros_like(right)
    return torch.equal(torch._int_mm(side, side.T, out=out), right)  # some leave it unwritten


def alone(work: Callable[[int, int], None]) -> Callable[[int, int], None]:
    """Return work within which torch and the kernels use the calling thread only."""
    torch = installed_torch()
    if torch is None:
        return work

    def on_one_thread(start: int, stop: int) -> None:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            work(start, stop)
        finally:
            torch.set_num_threads(before)

    return on_one_thread


def numpy_on_one_thread() -> AbstractContextManager[Any]:
    """Return a context in which NumPy's products, if they are the ones used, start no threads."""
    return nullcontext() if installed_torch() is not None else _blas().limit(limits=1)


@cache
def _blas() -> Any:
    """Return what sets the threads of NumPy's products; to look for it takes milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def affine(bias: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return ``bias + rows @ columns``."""
    torch = installed_torch()
    if torch is None:
        return bias + rows @ columns
    return torch.addmm(*map(torch.from_numpy, (bias, rows, columns))).numpy()


def product(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return ``rows @ columns``."""
    torch = installed_torch()
    if torch is None:
        return rows @ columns
    return (torch.from_numpy(rows) @ torch.from_numpy(columns)).numpy()


def kth_largest(rows: np.ndarray, k: int) -> np.ndarray:
    """Return the k-th largest entry of each row, (n, 1)."""
    torch = installed_torch()
    if torch is None:
        return -np.partition(-rows, k - 1, axis=1)[:, k - 1 : k]
    largest = torch.topk(torch.from_numpy(rows), k, dim=1, sorted=False).values
    return largest.amin(1, keepdim=True).numpy()


def column_sums(rows: np.ndarray) -> np.ndarray:
    """Return the sum of each column."""
    torch = installed_torch()
    return rows.sum(0) if torch is None else torch.from_numpy(rows).sum(0).numpy()
