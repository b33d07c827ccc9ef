"""Which latents some systems have and others do not, by best partners on held-out stimuli."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from unbraid import stats
from unbraid._documented import documented_answer
from unbraid._validate import as_rng, check_count, check_mapping
from unbraid.align._dense import to_dense
from unbraid.align._order import arrange, notes_of
from unbraid.align.matching._semi_matching import SemiMatched
from unbraid.align.matching.solvers._matched import StimulusMatched
from unbraid.errors import InputError
from unbraid.responses import pair

if TYPE_CHECKING:
    import pandas as pd

_BLOCKS = 20  # of stimuli, deleted one at a time


@documented_answer
@dataclass(frozen=True, eq=False, repr=False)
class Sharedness:
    """One row per target latent: how much more the ones share it than the others."""

    delta: np.ndarray
    """(q,) least squared correlation over the systems within, less the largest over those
    without."""
    low: np.ndarray
    """(q,) lower end of the interval of ``delta``, level .95."""
    high: np.ndarray
    """(q,) upper end of the interval of ``delta``."""
    p_value: np.ndarray
    """(q,) of a delta so large by wrong pairings of all systems with the target."""
    q_value: np.ndarray
    """(q,) adjusted by Benjamini-Hochberg over latents."""
    null: float
    """Mean delta with the target's rows permuted, everything refitted."""
    r: Mapping[str, np.ndarray]
    """(q,) held-out correlation with the best partner, of each system."""
    within: tuple[str, ...]
    """Names of the systems that should share it."""
    without: tuple[str, ...]
    """Names of the other systems."""
    order: str
    """How the order of the stimuli was taken, as in ``Score``."""
    warnings: tuple[str, ...]
    """What voids or weakens the answer, in sentences."""

    def __repr__(self) -> str:
        said = f"in {' and '.join(self.within)}"
        said += f", not in {' or '.join(self.without)}" if self.without else ""
        return f"Sharedness({int(self.found.sum())} of {len(self.delta)} latents {said})"

    @property
    def found(self) -> np.ndarray:
        """(q,) whether delta is above 0: its whole interval, and a q-value of .05 at most."""
        return (np.nan_to_num(self.low, nan=-1) > 0) & (np.nan_to_num(self.q_value, nan=1) <= 0.05)

    def table(self) -> pd.DataFrame:
        """Return one row per latent."""
        import pandas as pd

        columns = {f"r_{name}": r for name, r in self.r.items()}
        return pd.DataFrame({
            "latent": np.arange(len(self.delta)), "delta": self.delta, "low": self.low,
            "high": self.high, "p": self.p_value, "q": self.q_value, **columns,
        })  # fmt: skip


def sharedness(
    target: Any,
    within: Mapping[str, Any],
    without: Mapping[str, Any] | None = None,
    *,
    permutations: int = 20,
    folds: Any = 5,
    rng: int | np.random.Generator | None = 0,
    order: str | None = None,
) -> Sharedness:
    r"""Latents of a system that all of some systems share and none of others does.

    .. math:: \Delta_j = \min_{g \in G} \rho_{jg}^2 - \max_{h \in H} \rho_{jh}^2

    with :math:`\rho` the held-out correlation of latent j with its best partner (chosen on training
    stimuli, as in ``semi_matching``), 0 where it is negative.

    Parameters
    ----------
    target : array (n, q), CSR matrix, Codes or Responses
        The system whose latents are asked about.
    within : mapping of names to systems
        G: all of them must share the latent.
    without : mapping of names to systems, optional
        H: none of them may.
    permutations : int
        Permutations of the target's rows (in time: rotations) with everything refitted; each gives
        one null value per latent, and all latents share one null distribution.
    folds, rng, order
        As in ``semi_matching``.

    Returns
    -------
    Sharedness
        ``delta`` in [-1, 1]; NaN where a latent could not be scored in some system. Intervals come
        from deleting one of twenty blocks of stimuli at a time, partners held fixed.

    Raises
    ------
    InputError
        No system to be shared with; a name that is in both groups; rows that cannot be matched.

    Notes
    -----
    The published measure weighs delta by the latent's summed activation, which orders latents and
    is left to the reader. In its code the minimum starts from zeros, so that delta never exceeds 0;
    here it is the minimum. That no partner is found in H is weak evidence of absence: a system
    in superposition has few latents that follow any feature, and ``unbraid.joint`` asks more
    sharply. Cost: one semi-matching per system and permutation.

    References
    ----------
    Cornet et al. (2025), comparative sharedness, arXiv 2507.18512.

    Examples
    --------
    >>> import numpy as np
    >>> z = np.maximum(np.random.default_rng(0).normal(size=(400, 3)), 0)
    >>> sharedness(z, {"a": z[:, :2]}, {"b": z[:, 1:]}).found
    array([ True, False, False])
    """
    without = {} if without is None else without
    for group, name in ((within, "within"), (without, "without")):
        check_mapping(group, name)
    check_count(permutations, "permutations", 1)
    if not within:
        raise InputError("within must name at least one system, got none.")
    both = sorted(set(within) & set(without))
    if both:
        raise InputError(f"{', '.join(both)} cannot be both in within and in without.")
    streams = as_rng(rng).spawn(2)
    given = {**within, **without}
    sides = {name: pair(each, target) for name, each in given.items()}
    first = next(iter(sides.values()))
    plan = arrange(*first, folds, streams[0], order)
    rows, labels = plan.folds.used, plan.folds.of(plan.folds.used)
    fits = []
    for name, (left, right) in sides.items():
        if len(right) != len(first[1]):
            raise InputError(f"{name} must answer the stimuli that the others answer.")
        fits.append(_fit_of(left.take(rows), right.take(rows), labels))
    n_within = len(within)
    seen = [_sums(fit, None) for fit in fits]
    rho = [_rho(each.sum(axis=1)) for each in seen]
    delta = _delta(rho, n_within)
    deleted = np.array([
        _delta([_rho(each.sum(axis=1) - each[:, block]) for each in seen], n_within)
        for block in range(seen[0].shape[1])
    ])  # fmt: skip
    reach = _reach(deleted)
    p, null = np.full(len(delta), np.nan), float("nan")
    if plan.has_null:
        draws = [
            _delta([_rho(_sums(fit, each).sum(axis=1)) for fit in fits], n_within)
            for each in stats.permuted_rows(len(rows), permutations, streams[1], labels.blocks)
        ]
        p, null = _p_of(delta, np.concatenate(draws))
    return Sharedness(
        delta, delta - reach, delta + reach, p, stats.benjamini_hochberg(p), null,
        dict(zip(given, rho, strict=True)), tuple(within), tuple(without), plan.order,
        notes_of(plan, float("nan")),
    )  # fmt: skip


def _fit_of(left: Any, right: Any, folds: Any) -> StimulusMatched:
    if not (left.is_sparse and right.is_sparse):
        return SemiMatched(to_dense(left, "x"), to_dense(right, "y"), folds)
    from unbraid.align.matching.solvers._sparse_matched import SparseSemi  # compiles: not at import

    x, y = (side.values.astype(np.float64) for side in (left, right))
    return SparseSemi(x, y, folds)


def _sums(fit: StimulusMatched, order: np.ndarray | None) -> np.ndarray:
    """Return held-out sums (3, blocks, q): of products, of partners' and of targets' squares."""
    target = fit.target(order)
    plans = fit.plans(target, target.of.always, all_too=False)
    block = np.arange(len(fit.fold)) * _BLOCKS // len(fit.fold)
    found = np.zeros((3, _BLOCKS, len(target.of.always)))
    for rows, plan in zip(fit.rows, plans, strict=True):
        a, b = fit.held_out(target, plan, rows)
        if sp.issparse(a):  # codes are scaled, not centred
            a = a.toarray() - _mean(fit.source) @ plan.weights
            b = b.toarray() - _mean(target)
        for at, values in enumerate((a * b, a * a, b * b)):
            np.add.at(found[at], block[rows], values)
    found[:, :, ~target.of.always] = np.nan
    return found


def _rho(sums: np.ndarray) -> np.ndarray:
    """Return the correlation (q,) of summed products, at least 0."""
    size = np.sqrt(sums[1] * sums[2])
    r = np.divide(sums[0], size, out=np.zeros_like(size), where=size > 0)
    return np.where(np.isnan(size), np.nan, np.maximum(r, 0))


def _delta(rho: list[np.ndarray], n_within: int) -> np.ndarray:
    squares = np.square(rho)
    least = squares[:n_within].min(axis=0)
    return least - squares[n_within:].max(axis=0) if len(rho) > n_within else least


def _reach(deleted: np.ndarray) -> np.ndarray:
    """Return half the width of the interval (q,), from values (blocks, q) with one deleted."""
    from scipy.special import stdtrit

    count = len(deleted)
    spread = np.square(deleted - deleted.mean(axis=0)).sum(axis=0) * (count - 1) / count
    return np.asarray(stdtrit(count - 1, 0.975) * np.sqrt(spread))


def _p_of(delta: np.ndarray, null: np.ndarray) -> tuple[np.ndarray, float]:
    null = np.sort(null[~np.isnan(null)])
    above = len(null) - np.searchsorted(null, delta - 1e-12, side="left")
    p = (1 + above) / (1 + len(null))
    return np.where(np.isnan(delta), np.nan, p), float(null.mean()) if len(null) else float("nan")


def _mean(side: Any) -> np.ndarray:
    """Return the mean of each unit in its standard deviations."""
    return np.asarray(np.nan_to_num(side.of.mean[-1] / side.of.scale[-1]))
