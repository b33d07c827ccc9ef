"""Soft matching: exact optimal transport between the units of two systems."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid._validate import check_number
from unbraid.align._estimator import Estimator
from unbraid.align._judge import Judging, judge
from unbraid.align._score import Score
from unbraid.align.matching.solvers._dense_matched import DenseMatched
from unbraid.align.matching.solvers._marginals import MatchedSide
from unbraid.align.matching.solvers._plan import MatchingPlan, untied
from unbraid.align.published._longon2025 import PUBLISHED, LongonSoft
from unbraid.errors import InputError

_PARTS = 1000  # resolution of ``mass``


class SoftMatched(DenseMatched):
    """The transport plan of largest training correlation, uniform marginals on varying units."""

    def __init__(self, x: Any, y: Any, folds: Any, **options: Any) -> None:
        super().__init__(x, y, folds, **options)
        self.mass = check_mass(self.options.setdefault("mass", 1.0))

    def plans(self, target: MatchedSide, scored: np.ndarray, all_too: bool) -> list[MatchingPlan]:
        return [
            transport_plan(r, self.source.of.varies[fold], scored, self.absolute, self.mass)
            for fold, r in self.correlations(target, all_too)
        ]


def check_mass(mass: float) -> float:
    """Return the share of each side that must be matched."""
    check_number(mass, "mass")
    if not 0 < mass <= 1:
        raise InputError(f"mass must lie in (0, 1], got {mass}.")
    return mass


def transport_plan(
    r: np.ndarray, alive: np.ndarray, scored: np.ndarray, absolute: bool, mass: float
) -> MatchingPlan:
    """Return the best plan with uniform marginals on the sources alive and the targets scored."""
    from unbraid._kernels.matching.network_simplex import transport  # compiles: not at import

    sources, targets = np.flatnonzero(alive), np.flatnonzero(scored)
    r, shape = untied(r[np.ix_(sources, targets)]), r.shape
    worth = np.abs(r) if absolute else r
    solved = transport(worth) if mass == 1 else transport(*_with_idle(worth, mass))
    real = (solved.sources < len(sources)) & (solved.targets < len(targets))
    i, j = solved.sources[real], solved.targets[real]
    weights = solved.mass[real] / solved.mass[real].sum() * len(targets)  # columns sum to 1
    if absolute:
        weights = np.where(r[i, j] < 0, -weights, weights)
    return MatchingPlan(
        sp.csc_array((weights, (sources[i], targets[j])), shape=shape), gap=solved.gap
    )


def _estimator(x: Any, y: Any, folds: Any, **options: Any) -> Estimator:
    if not (sp.issparse(x) and sp.issparse(y)) or options["mass"] != 1:
        return SoftMatched(x, y, folds, **options)
    from unbraid.align.matching.solvers._sparse_plans import SparseSoft  # compiles: not at import

    return SparseSoft(x, y, folds, sign=options["sign"])


def _with_idle(worth: np.ndarray, mass: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return similarities and marginals with one idle unit per side, for what is not matched.

    Exactly ``1 - mass`` of each side goes to the other's idle unit, worth 0; their pairing with
    each other is made too expensive to occur.
    """
    p, q = worth.shape
    padded = np.zeros((p + 1, q + 1))
    padded[:p, :q] = worth
    padded[p, q] = -4.0
    idle = round((1 - mass) * _PARTS) * p * q
    supply = np.append(np.full(p, q * _PARTS), idle)
    return padded, supply, np.append(np.full(q, p * _PARTS), idle)


def soft_matching(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
    sign: str = "signed",
    mass: float = 1.0,
    device: Any = None,
) -> Score:
    r"""Held-out correlation under the optimal transport plan between the units.

    On training stimuli ``P`` maximises ``sum_ij P_ij corr(x_i, y_j)`` over plans with uniform
    marginals ``1/p`` and ``1/q``, exactly (network simplex); on held-out stimuli the pairs are
    scored with the plan's weights, pooled over folds as in ``semi_matching``.

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, order, sign
        As in ``semi_matching``. Under ``longon2025`` the value is ``sum_ij P_ij C_ij`` with the
        correlations ``C`` of each test fold.
    mass : float
        Share of each side that must be matched, in (0, 1]; the rest, left out where it helps the
        total most, stays idle (partial soft matching). A target with any mass is scored and
        weighs the same; ``coverage`` counts those without. Codes are made dense for ``mass < 1``.
    device : str, optional
        As in ``semi_matching``.

    Returns
    -------
    Score
        In [-1, 1]; 1 if both hold the same units in the same proportions, up to positive scale
        and shift. ``gap`` is the largest duality gap of the plans, in units of correlation: the
        plan is optimal to within it.

    Notes
    -----
    Units that are constant on training stimuli carry no mass. In sample, soft matching never
    exceeds semi-matching, and equals one-to-one matching for equal sizes. With unequal sizes mass
    is spread: surplus sources lower the score. Where several plans are optimal one of them is
    scored, not always the same one for CSR as for the array. Cost: O(n p q), and for the plan a
    few passes over the p x q correlations; O(p q) memory.

    References
    ----------
    Khosla & Williams (2024), Soft matching distance, arXiv 2311.09466; partial: 2602.19331.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(100, 4))
    >>> round(soft_matching(x, np.hstack([x, x]), permutations=0).value, 12)
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order, device=device,
    )  # fmt: skip
    estimators = {"unbraid": _estimator, **dict.fromkeys(PUBLISHED, LongonSoft)}
    return judge(
        "soft_matching",
        estimators,
        x,
        y,
        judging,
        sparse=protocol == "unbraid",
        sign=sign,
        mass=mass,
    )
