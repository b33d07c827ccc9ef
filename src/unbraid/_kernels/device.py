"""Where heavy steps are computed, and large dense products and decompositions there, in float64.

NumPy in, NumPy out; without a device NumPy and SciPy do the same. What lies on the device at once
is bounded, so that only the host must hold whole matrices.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from unbraid.errors import InputError

_BYTES = 2.0**30  # of the device's memory that a product may take
BLOCK_NUMBERS = 2**26  # of an array of a block of rows: a quarter of a GiB in single precision
_DEVICE: ContextVar[Any] = ContextVar("device", default=None)


@contextmanager
def computing_on(device: Any) -> Iterator[None]:
    """Let the kernels that have a twin in ``on_device`` compute on a device; None: as before.

    The main jobs (``fit``, ``encode``, ``compare``, ``joint``) enter here, and nobody else.
    """
    if device is None:
        yield
        return
    check_device(device)
    token = _DEVICE.set(device)
    try:
        yield
    finally:
        _DEVICE.reset(token)


def device_here() -> Any:
    """Return the device to compute on, None for the compiled kernels."""
    return _DEVICE.get()


def check_device(device: Any) -> None:
    """Refuse a device that torch cannot compute float64 on, here and now."""
    if device is None:
        return
    from unbraid._torch import torch

    try:
        torch.zeros(1, dtype=torch.float64, device=device).cpu()
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        why = str(error).splitlines()[0].rstrip(".")
        raise InputError(
            "device must be one on which torch computes float64 here, such as 'cuda', got "
            f"{device!r}: {why}. Leave it out to compute by NumPy."
        ) from None


def product(a: Any, b: Any, device: Any = None, out: np.ndarray | None = None) -> Any:
    """Return ``a @ b`` (in ``out``); on a device tile by tile, summed in float64 whatever comes."""
    if device is None:
        return a @ b if out is None else np.matmul(a, b, out=out)
    answer = np.empty((a.shape[0], b.shape[1]), np.result_type(a, b)) if out is None else out
    inner = a.shape[1]
    side = max(1, int(np.sqrt(inner**2 + _BYTES / 8) - inner))  # 8 (2 inner side + side^2) bytes
    for row in range(0, len(answer), side):
        rows = slice(row, row + side)
        left = _sent(a[rows], device)
        for column in range(0, answer.shape[1], side):
            columns = slice(column, column + side)
            answer[rows, columns] = (left @ _sent(b[:, columns], device)).cpu().numpy()
    return answer


def eigh(matrix: np.ndarray, device: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Return ascending eigenvalues and the vectors of a symmetric matrix."""
    if device is None:  # as SciPy does by "evd", but other threads can go on meanwhile
        return np.linalg.eigh(matrix)
    from unbraid._torch import torch

    values, vectors = torch.linalg.eigh(_sent(matrix, device))
    return values.cpu().numpy(), vectors.cpu().numpy()


def eigenvalues(matrix: np.ndarray, device: Any = None) -> np.ndarray:
    """Return ascending eigenvalues of a symmetric matrix."""
    if device is None:
        return np.linalg.eigvalsh(matrix)
    from unbraid._torch import torch

    return torch.linalg.eigvalsh(_sent(matrix, device)).cpu().numpy()


def svd(matrix: np.ndarray, device: Any = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the thin singular value decomposition."""
    if device is None:
        try:
            return np.linalg.svd(matrix, full_matrices=False)
        except np.linalg.LinAlgError:  # divide and conquer can fail where plain QR does not
            import scipy.linalg

            return scipy.linalg.svd(matrix, full_matrices=False, lapack_driver="gesvd")
    from unbraid._torch import torch

    left, values, right = torch.linalg.svd(_sent(matrix, device), full_matrices=False)
    return left.cpu().numpy(), values.cpu().numpy(), right.cpu().numpy()


def singular_values(matrix: np.ndarray, device: Any = None) -> np.ndarray:
    """Return the singular values of a matrix."""
    if device is None:
        return np.linalg.svd(matrix, compute_uv=False)
    from unbraid._torch import torch

    return torch.linalg.svdvals(_sent(matrix, device)).cpu().numpy()


def _sent(part: np.ndarray, device: Any) -> Any:
    """Return a float64 tensor on the device."""
    from unbraid._torch import torch

    if min(part.strides) < 0:  # which torch does not know
        part = part.copy()
    writable = np.require(part, requirements="W")  # torch warns of others
    return torch.from_numpy(writable).to(device, torch.float64)
