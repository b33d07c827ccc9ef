"""Which units are truly shared: matches that survive held-out stimuli, multiplicity and refits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid import stats
from unbraid._documented import documented_answer
from unbraid._validate import as_rng, check_count, check_number, check_scale
from unbraid.align._dense import to_dense
from unbraid.align._order import arrange, notes_of
from unbraid.align.matching._semi_matching import SemiMatched
from unbraid.align.matching.solvers._matched import StimulusMatched
from unbraid.align.matching.solvers._plan import carried, strongest
from unbraid.errors import InputError
from unbraid.responses import pair

_PAIR_BLOCK = 2**22  # responses of both sides rotated at once


@documented_answer
@dataclass(frozen=True, eq=False, repr=False)
class SharedPairs:
    """One row per target unit: its best source, and whether the match can be believed."""

    source: np.ndarray
    """(q,) source matched on all stimuli, -1 where none."""
    r: np.ndarray
    """(q,) held-out correlation; NaN where it could not be scored."""
    p_value: np.ndarray
    """(q,) p-values of the held-out correlations; NaN where there is no null."""
    q_value: np.ndarray
    """(q,) p-values adjusted by Benjamini-Hochberg over the targets."""
    stable: np.ndarray
    """(q,) whether most folds choose this source, and every refit finds the target again."""
    rate: float
    """The requested false discovery rate."""
    order: str = "exchangeable"
    """As in ``Score``."""
    warnings: tuple[str, ...] = ()
    """What voids or weakens the answer, in sentences."""

    def __repr__(self) -> str:
        return (
            f"SharedPairs({int(self.shared.sum())} of {len(self.r)} targets shared at a false "
            f"discovery rate of {self.rate:.0%})"
        )

    @property
    def shared(self) -> np.ndarray:
        """(q,) whether the target is matched significantly and stably."""
        return (np.nan_to_num(self.q_value, nan=1.0) <= self.rate) & self.stable


def shared_pairs(
    x: Any,
    y: Any,
    *,
    rate: float = 0.05,
    permutations: int = 20,
    refits: Sequence[Any] = (),
    folds: Any = 5,
    rng: int | np.random.Generator | None = 0,
    order: str | None = None,
) -> SharedPairs:
    """Target units whose match with a source is significant, stable over folds and over refits.

    Each target's source is chosen on training stimuli as in ``semi_matching``. The sum of
    held-out products, in units of its standard deviation over permutations within folds (in time:
    over rotations), is compared with those of
    all targets after the rows of ``y`` are permuted and everything is refitted;
    Benjamini-Hochberg controls the false discovery rate over targets. A pair is stable if at
    least half of the folds choose the source that all stimuli choose, and if the target is
    significant against every system in ``refits`` too.

    Parameters
    ----------
    x, y : array (n, p) and (n, q), CSR matrix, Codes or Responses
        Source and target.
    rate : float
        False discovery rate, in (0, 1).
    permutations : int
        Refits; each gives one null value per target, and all targets share one null distribution.
    refits : sequence
        The same source learned again (other seeds of a dictionary), same stimuli.
    folds, rng, order
        As in ``semi_matching``. Where both sides drift, or the requested folds split neighbours in
        time, p-values are NaN and no pair is shared.

    Returns
    -------
    SharedPairs
        Best source, held-out correlation, p- and q-value, and stability of each target unit.

    Notes
    -----
    Refitting matters: where all folds choose one source, held-out products of all folds together
    are those of the whole sample, and a null with fixed matches would be too narrow. One null for
    all targets makes small p-values affordable; it assumes that targets differ little in how rare
    and heavy-tailed they are. Cost: one ``semi_matching`` a permutation.

    References
    ----------
    Benjamini & Hochberg (1995).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> z, x, y = rng.normal(size=(3, 200, 10))
    >>> x[:, :4], y[:, :4] = x[:, :4] + z[:, :4], y[:, :4] + z[:, :4]
    >>> shared_pairs(x, y).shared.tolist()[:4]
    [True, True, True, True]
    """
    check_number(rate, "rate")
    if not 0 < rate < 1:
        raise InputError(f"rate must lie strictly between 0 and 1, got {rate}.")
    check_count(permutations, "permutations", 1)
    streams = as_rng(rng).spawn(2)
    left, right = pair(x, y)
    plan = arrange(left, right, folds, streams[0], order)
    rows, labels = plan.folds.used, plan.folds.of(plan.folds.used)
    scored = right.take(rows)
    first = _one(left.take(rows), scored, labels, permutations, streams[1])
    stable = first.agreement >= 0.5
    for refit in refits:
        again = pair(right, refit)[1].take(rows)
        found = _one(again, scored, labels, permutations, streams[1])
        stable &= np.nan_to_num(stats.benjamini_hochberg(found.p), nan=1.0) <= rate
    p = first.p if plan.has_null else np.full(len(first.p), np.nan)
    adjusted = stats.benjamini_hochberg(p)
    notes = notes_of(plan, float("nan"))
    return SharedPairs(first.source, first.r, p, adjusted, stable, rate, plan.order, notes)


@dataclass(frozen=True, eq=False)
class _Tested:
    source: np.ndarray
    r: np.ndarray
    p: np.ndarray
    agreement: np.ndarray


def _one(left, right, folds, permutations, rng) -> _Tested:
    fit = _fit_of(left, right, folds)
    plans, r, observed = _tested(fit, None)
    null = np.concatenate(
        [_tested(fit, order)[2] for order in
         stats.permuted_rows(len(left), permutations, rng, folds.blocks)]
    )  # fmt: skip
    null = np.sort(null[~np.isnan(null)])
    above = len(null) - np.searchsorted(null, observed - 1e-12, side="left")
    p = np.where(np.isnan(observed), np.nan, (1 + above) / (1 + len(null)))
    whole = strongest(plans[-1].weights)
    chosen = np.stack([strongest(plan.weights) for plan in plans[:-1]])
    return _Tested(whole, r, p, (chosen == whole).mean(axis=0) * (whole >= 0))


def _fit_of(left, right, folds) -> StimulusMatched:
    if not (left.is_sparse and right.is_sparse):
        return SemiMatched(to_dense(left, "x"), to_dense(right, "y"), folds)
    from unbraid.align.matching.solvers._sparse_matched import SparseSemi  # compiles: not at import

    for side, name in ((left, "x"), (right, "y")):
        check_scale(side.values, name)
    x, y = (side.values.astype(np.float64) for side in (left, right))
    return SparseSemi(x, y, folds)


def _tested(fit: StimulusMatched, order: np.ndarray | None) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return the plans, each target's held-out correlation, and the statistic to be tested."""
    target = fit.target(order)
    scored = target.of.always
    plans = fit.plans(target, scored, all_too=order is None)
    r = fit.pool(target, plans[: len(fit.rows)], scored).r
    blocks = fit.folds.blocks
    in_time = blocks is not None and bool((np.diff(blocks) >= 0).all())
    return plans, r, _statistic(fit.x, target.values, fit.rows, plans, r, in_time)


def _statistic(x, y, rows, plans, r, in_time) -> np.ndarray:
    """Return each target's sum of held-out products, standardised within folds; NaN: no match."""
    matched = [carried(x[part], plan.weights) for part, plan in zip(rows, plans, strict=False)]
    targets = [y[part] for part in rows]
    level, spread = _permutation_moments(matched, targets)
    if in_time:
        spread = _rotation_spread(matched, targets, rows)
    total = sum(_products(z, b) for z, b in zip(matched, targets, strict=True))
    alive = (spread > 0) & ~np.isnan(r)
    return np.where(alive, (total - level) / np.where(spread > 0, spread, 1.0), np.nan)


def _rotation_spread(matched, targets, rows) -> np.ndarray:
    """Return the root mean square of each target's sum of products over all rotations but none.

    Two slow units have few independent stimuli: their sum varies more than that of fast ones, and
    one null distribution serves all targets only if each is measured by its own.
    """
    order = np.argsort(np.concatenate(rows))
    answer = np.empty(targets[0].shape[1])
    step = max(1, _PAIR_BLOCK // len(order))
    for start in range(0, len(answer), step):
        part = slice(start, start + step)
        z, b = (
            np.concatenate([_centred(fold[:, part]) for fold in side])[order]
            for side in (matched, targets)
        )
        cross = np.fft.rfft(z, axis=0) * np.fft.rfft(b, axis=0).conj()
        rotated = np.fft.irfft(cross, len(order), axis=0)[1:]
        answer[part] = np.sqrt(np.mean(rotated**2, axis=0))
    return answer


def _centred(values: Any) -> np.ndarray:
    values = values.toarray() if sp.issparse(values) else values
    return values - values.mean(axis=0)


def _products(z: Any, b: Any) -> np.ndarray:
    if sp.issparse(z):
        return np.asarray(z.multiply(b).sum(axis=0)).ravel()
    return np.einsum("tj,tj->j", z, b)


def _permutation_moments(matched, targets):
    """Return the mean and sd over permutations of each target's sum of products."""
    level, variance = 0.0, 0.0
    for z, b in zip(matched, targets, strict=True):
        n = z.shape[0]
        sums = [np.asarray(v.sum(axis=0)).ravel() for v in (z, b)]
        squares = [_products(v, v) - s**2 / n for v, s in zip((z, b), sums, strict=True)]
        level = level + sums[0] * sums[1] / n
        variance = variance + np.maximum(squares[0] * squares[1], 0) / max(n - 1, 1)
    return level, np.sqrt(variance)
