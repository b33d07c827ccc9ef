"""Centred kernel alignment with a Gaussian kernel."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid._validate import check_number
from unbraid.align._dense import check_memory
from unbraid.align._estimator import Estimator
from unbraid.align._judge import Judging, judge
from unbraid.align._score import Score
from unbraid.align.geometry._cka import Cka
from unbraid.align.geometry._rdm import squared_euclidean
from unbraid.errors import InputError


class KernelCka(Cka):
    """Alignment of U-centred Gaussian kernels."""

    debiased = True
    least = -1.0

    def __init__(self, x, y, folds, *, bandwidth: float) -> None:
        Estimator.__init__(self, x, y, folds)
        n = len(x)
        if n < 4:
            raise InputError(f"kernel_cka needs at least 4 stimuli, got {n}.")
        check_number(bandwidth, "bandwidth")
        if not 0 < bandwidth < np.inf:
            raise InputError(f"bandwidth must be positive and finite, got {bandwidth}.")
        check_memory(4 * 8.0 * n * n, f"kernel CKA of {n} stimuli")
        self.by_kernel = True
        self.take(_gaussian(side, bandwidth) for side in (x, y))


def _gaussian(x: np.ndarray, bandwidth: float) -> np.ndarray:
    distance = squared_euclidean(x)
    median = np.median(distance[np.triu_indices(len(x), 1)])
    if not median > 0:
        median = distance.mean()
    return np.exp(-distance / (2 * bandwidth**2 * median)) if median > 0 else np.ones_like(distance)


def kernel_cka(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
    bandwidth: float = 1.0,
) -> Score:
    """Debiased centred kernel alignment with Gaussian kernels.

    ``k(s, t) = exp(-|s - t|^2 / (2 b^2 median|s - t|^2))``, U-centred, then as ``cka_debiased``.

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, order
        As in ``cka_debiased``.
    bandwidth : float
        ``b``, in units of the root median squared distance of each side.

    Returns
    -------
    Score
        In [-1, 1]; 1 for rotated and scaled copies, 0 on average for unrelated systems.

    Notes
    -----
    Symmetric. Invariant to rotation, common scaling and shift. With a large bandwidth it tends to
    ``cka_debiased``. Cost O(n^2 (p + q)) time, O(n^2) memory.

    References
    ----------
    Kornblith et al. (2019), section 4; Song et al. (2012).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(kernel_cka(x, 2 * x[:, ::-1] + 1).value, 9)
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order,
    )  # fmt: skip
    return judge(
        "kernel_cka", {"unbraid": KernelCka}, x, y, judging, bandwidth=bandwidth, held_out=False
    )
