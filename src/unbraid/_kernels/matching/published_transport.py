"""Exact transport by the very solver that the published code calls.

Where several plans are optimal, as with binary codes, only the same solver picks the same one, and
their held-out scores differ. Everything else uses ``network_simplex``, which is faster.
"""

from __future__ import annotations

import warnings

import numpy as np

from unbraid._kernels.matching.simplex import TransportPlan
from unbraid._optional import need
from unbraid.errors import ConvergenceError

_ITERATIONS = 100_000 * 1_000  # as published; the solver's default stops early on large inputs


def published_transport(similarity: np.ndarray) -> TransportPlan:
    """Plan that maximises ``sum_ij P_ij S_ij`` with uniform marginals, by ``ot.emd``."""
    ot = need("ot", "published", "Soft matching by a published protocol")
    p, q = similarity.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its status is read below
        plan, log = ot.emd(
            np.full(p, 1 / p), np.full(q, 1 / q), 1 - similarity, numItermax=_ITERATIONS, log=True
        )
    if log["warning"] is not None:
        raise ConvergenceError(f"Optimal transport of {p} x {q} units failed: {log['warning']}")
    sources, targets = np.nonzero(plan)
    value = float(plan[sources, targets] @ similarity[sources, targets])
    of_source = 1 - np.asarray(log["u"])  # with 1 - S as the cost, duals of S up to a constant
    of_target = (similarity - of_source[:, None]).max(axis=0)
    return TransportPlan(
        sources=sources,
        targets=targets,
        mass=plan[sources, targets],
        value=value,
        gap=max(0.0, float(of_source.mean() + of_target.mean()) - value),
        pivots=0,
    )
