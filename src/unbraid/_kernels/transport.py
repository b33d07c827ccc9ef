"""Exact optimal transport between uniform marginals, with a certificate of optimality."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from unbraid.errors import ConvergenceError

_ITERATIONS = 2_000_000_000  # POT's default stops early from about 4096 x 4096


@dataclass(frozen=True, eq=False)
class Transport:
    """The stored entries of a transport plan, its cost, and how far it can be from optimal."""

    sources: np.ndarray
    targets: np.ndarray
    mass: np.ndarray
    """Sums to 1; 1/p for each source and 1/q for each target."""
    cost: float
    gap: float
    """Cost minus a dual feasible value, >= 0: the optimum lies within it."""


def transport(cost: np.ndarray) -> Transport:
    """Optimal plan of ``cost (p, q)`` between uniform marginals, by network simplex."""
    import ot

    p, q = cost.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its status is read below
        plan, log = ot.emd(
            np.full(p, 1 / p), np.full(q, 1 / q), cost, numItermax=_ITERATIONS, log=True
        )
    if log["warning"] is not None:
        raise ConvergenceError(f"Optimal transport of {p} x {q} units failed: {log['warning']}")
    i, j = np.nonzero(plan)
    mass = plan[i, j]
    primal = float(mass @ cost[i, j])
    return Transport(i, j, mass, primal, primal - dual_value(cost, np.asarray(log["u"])))


def dual_value(cost: np.ndarray, u: np.ndarray) -> float:
    """Value of the best dual solution with source potentials ``u``: a lower bound of the cost.

    ``mean_i u_i + mean_j min_i (cost_ij - u_i)``, feasible whatever ``u``.
    """
    v = np.full(cost.shape[1], np.inf)
    for row, potential in zip(cost, u, strict=True):
        np.minimum(v, row - potential, out=v)
    return float(u.mean() + v.mean())
