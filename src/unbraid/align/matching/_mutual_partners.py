"""How many units choose each other, and how many would by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import stats
from unbraid._documented import documented_answer
from unbraid._validate import as_rng, check_count
from unbraid.align._dense import to_dense
from unbraid.align._order import arrange, notes_of
from unbraid.align.matching._mutual_best import MutualBest
from unbraid.align.matching.solvers._plan import strongest
from unbraid.responses import pair


@documented_answer
@dataclass(frozen=True, eq=False, repr=False)
class MutualPartners:
    """Which units choose each other on all stimuli."""

    partner: np.ndarray
    """(q,) source that each target chooses and is chosen by, -1 where none."""
    count: int
    """Targets that have such a source."""
    low: float
    """Lower end of the interval of the count, level .95."""
    high: float
    """Upper end of the interval of the count."""
    expected: float
    """Mean count with the target's rows permuted: what a best partner among many gives."""
    p_value: float
    """Of a count so large with the target's rows permuted."""
    order: str
    """How the order of the stimuli was taken, as in ``Score``."""
    warnings: tuple[str, ...]
    """What voids or weakens the answer, in sentences."""

    def __repr__(self) -> str:
        return (
            f"MutualPartners({self.count} of {len(self.partner)} targets, "
            f"{self.expected:.1f} expected by chance)"
        )


def mutual_partners(
    x: Any,
    y: Any,
    *,
    top: int = 1,
    permutations: int = 99,
    folds: Any = 5,
    rng: int | np.random.Generator | None = 0,
    order: str | None = None,
) -> MutualPartners:
    """Count targets whose best source has them among its ``top`` best, beside chance.

    Parameters
    ----------
    x, y : array (n, p) and (n, q), CSR matrix, Codes or Responses
        Source and target.
    top : int
        As in ``mutual_best``.
    permutations : int
        Permutations of the target's rows (in time: rotations).
    folds, rng, order
        As in ``mutual_best``; of the folds only whether stimuli follow each other in time matters.

    Returns
    -------
    MutualPartners
        Correlations of all stimuli choose: nothing is held out, and the count is to be read beside
        ``expected``. The interval is the count's plus what deleting one of twenty blocks of stimuli
        at a time tells (jackknife); ``mutual_best`` scores the pairs on held-out stimuli.

    Notes
    -----
    Cost O(n p q) a permutation, memory O(p q).

    References
    ----------
    Dravid et al. (2023), Rosetta neurons, arXiv 2306.09346.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(200, 6))
    >>> mutual_partners(x, x[:, ::-1]).count
    6
    """
    from scipy.special import stdtrit

    check_count(top, "top", 1)
    check_count(permutations, "permutations", 1)
    streams = as_rng(rng).spawn(2)
    left, right = pair(x, y)
    plan = arrange(left, right, folds, streams[0], order)
    rows, labels = plan.folds.used, plan.folds.of(plan.folds.used)
    values = to_dense(left.take(rows), "x"), to_dense(right.take(rows), "y")
    fit = MutualBest(values[0], values[1], labels, top=top)
    partner = _partners(fit, None)
    count = int((partner >= 0).sum())
    block = np.arange(len(rows)) * 20 // len(rows)
    deleted = []
    for number in range(int(block.max()) + 1):
        kept = block != number
        part = MutualBest(values[0][kept], values[1][kept], labels[kept], top=top)
        deleted.append(float((_partners(part, None) >= 0).sum()))
    size = len(deleted)
    spread = float(np.sqrt((size - 1) * np.var(deleted)))
    reach = float(stdtrit(size - 1, 0.975)) * spread
    expected, p = float("nan"), float("nan")
    if plan.has_null:
        orders = stats.permuted_rows(len(rows), permutations, streams[1], labels.blocks)
        null = np.array([(_partners(fit, each) >= 0).sum() for each in orders], float)
        expected, p = float(null.mean()), stats.permutation_p(count, null)
    return MutualPartners(
        partner, count, max(0.0, count - reach), min(len(partner), count + reach), expected, p,
        plan.order, notes_of(plan, float("nan")),
    )  # fmt: skip


def _partners(fit: MutualBest, order: np.ndarray | None) -> np.ndarray:
    target = fit.target(order)
    scored = target.of.varies[-1]
    return strongest(fit.plan_of_all(target, scored).weights)
