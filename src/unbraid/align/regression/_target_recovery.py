"""Which of a target's reproducible dimensions are predicted, in place of one mean R2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.special import stdtrit

from unbraid import stats
from unbraid._documented import documented_answer
from unbraid._validate import as_rng, check_count
from unbraid.align._dense import to_dense
from unbraid.align._estimator import Blocks
from unbraid.align._order import arrange, notes_of
from unbraid.align.regression._reproducible import RecoverySums
from unbraid.errors import InputError
from unbraid.responses import pair

if TYPE_CHECKING:
    import pandas as pd

_SURELY = 2.0  # standard errors above 0 of a reproducible variance that others are divided by


@documented_answer
@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class TargetRecovery:
    """What is predicted of each dimension of the target that repeats itself."""

    share: np.ndarray
    """(d,) share of each dimension in the target's reproducible variance, on held-out stimuli; may
    be negative where nothing is reproducible."""
    recovered: np.ndarray
    """(d,) held-out R2 of the prediction over the reproducible share of the variance: 1 for a model
    that is right but for noise. NaN where the reproducible variance is not surely above 0."""
    low: np.ndarray
    """(d,) lower end of the interval of ``recovered``, level .95; what was fitted held fixed."""
    high: np.ndarray
    """(d,) upper end."""
    cumulative: np.ndarray
    """(d,) the same of each dimension and all before it together."""
    null: np.ndarray
    """(d,) mean of ``recovered`` with the target's rows permuted, everything fitted again."""
    p_value: np.ndarray
    """(d,) of a prediction so good by wrong pairings; 1 / (1 + permutations) at least."""
    q_value: np.ndarray
    """(d,) adjusted by Benjamini-Hochberg over dimensions."""
    value: float
    """All dimensions together: the last of ``cumulative``."""
    low_value: float
    """Lower end of its interval."""
    high_value: float
    """Upper end of its interval."""
    axes: str
    """``reproducible`` dimensions or ``units``."""
    n: int
    """Stimuli with two repeats or more, which alone are used."""
    order: str
    """How the order of the stimuli was taken, as in ``Score``."""
    warnings: tuple[str, ...]
    """What voids or weakens the answer, in sentences."""

    def __repr__(self) -> str:
        found = int((np.nan_to_num(self.q_value, nan=1) <= 0.05).sum())
        return (
            f"TargetRecovery({self.value:.3f} [{self.low_value:.3f}, {self.high_value:.3f}] of the "
            f"reproducible variance of {len(self.share)} {_NAMES[self.axes]}, {found} of them "
            "predicted)"
        )

    def table(self) -> pd.DataFrame:
        """Return one row a dimension."""
        import pandas as pd

        return pd.DataFrame({
            "dimension": np.arange(len(self.share)), "share": self.share,
            "recovered": self.recovered, "low": self.low, "high": self.high,
            "cumulative": self.cumulative, "null": self.null, "p": self.p_value,
            "q": self.q_value,
        })  # fmt: skip


_NAMES = {"reproducible": "dimensions", "units": "units"}


def target_recovery(
    x: Any,
    y: Any,
    *,
    axes: Literal["reproducible", "units"] = "reproducible",
    dimensions: int = 20,
    permutations: int = 99,
    folds: Any = 5,
    rng: int | np.random.Generator | None = 0,
    order: str | None = None,
) -> TargetRecovery:
    r"""Which reproducible dimensions of a target a source predicts.

    For a direction v of the target, with :math:`y_{ir}` the r-th of the :math:`R_i` responses to
    stimulus i, :math:`\bar y_i` their mean and :math:`\hat p_i` the held-out ridge prediction of
    :math:`\bar y_i \cdot v`,

    .. math::

        S_v = \sum_i \frac{1}{R_i (R_i - 1)} \sum_{r \neq s} (y_{ir} \cdot v)(y_{is} \cdot v),
        \qquad \text{recovered}_v = \frac{\sum_i 2 \hat p_i \, \bar y_i \cdot v - \hat p_i^2}{S_v}

    Both sums have no bias from noise: it is independent between repeats, and of the prediction.

    Parameters
    ----------
    x : array (n, p), Codes or Responses
        Source.
    y : Responses with ``repeats`` (R, n, q)
        Target; stimuli with fewer than two repeats are left out.
    axes : {"reproducible", "units"}
        Directions: the eigenvectors of the covariance across repeats, found on the training stimuli
        of each fold, in the order of their eigenvalues; or the target's units. For the latents of a
        dictionary of the target give their codes, ``Responses(codes, repeats=codes of repeats)``,
        and ``units``.
    dimensions : int
        Leading eigenvectors that are scored (of units: all are).
    permutations : int
        Permutations of the target's rows (in time: rotations), everything fitted again.
    folds, rng, order
        As in ``ridge``.

    Returns
    -------
    TargetRecovery
        Two sources of one mean score may recover different dimensions.

    Raises
    ------
    InputError
        No repeats; fewer than ten stimuli with two of them.

    Notes
    -----
    *Differs* from a plain eigendecomposition: directions are found on other stimuli than they are
    scored on, without which the leading ones look more reproducible than they are. The d-th
    dimension is the d-th of each fold; where eigenvalues are close, folds mix neighbours, and
    ``cumulative`` is what to read. Invariant to rotations, shifts and common scaling of the target
    (axes ``reproducible``). Cost: ``n q^2 R + q^3`` and a ridge of ``dimensions`` targets, for each
    fold and permutation.

    References
    ----------
    Target recovery profiles: arXiv 2605.20127. Cross-validated eigenspectra: Stringer et al.
    (2019), Nature 571, 361.

    Examples
    --------
    >>> import numpy as np
    >>> import unbraid as ub
    >>> rng = np.random.default_rng(0)
    >>> z = rng.normal(size=(300, 3)) * [3.0, 2.0, 1.0]
    >>> repeats = z + 0.5 * rng.normal(size=(4, 300, 3))
    >>> y = ub.Responses(repeats.mean(axis=0), repeats=repeats)
    >>> found = ub.align.target_recovery(z[:, [0, 2]], y, permutations=19)
    >>> bool(found.recovered[0] > 0.9), bool(found.recovered[1] < 0.1)
    (True, True)
    """
    if axes not in _NAMES:
        raise InputError(f"axes must be 'reproducible' or 'units', got {axes!r}.")
    check_count(dimensions, "dimensions", 1)
    check_count(permutations, "permutations", 1)
    streams = as_rng(rng).spawn(2)
    x, y = pair(x, y)
    if y.repeats is None:
        raise InputError(
            "y must have repeats, from which it is known what of it is reproducible: pass "
            "Responses(values, repeats=trials) with trials of shape (R, n, q)."
        )
    enough = np.flatnonzero((~np.isnan(y.repeats).any(axis=2)).sum(axis=0) >= 2)
    if len(enough) < 10:
        raise InputError(
            f"y must have at least 10 stimuli with two repeats or more, got {len(enough)}."
        )
    left_out = len(y) - len(enough)
    x, y = x.take(enough), y.take(enough)
    plan = arrange(x, y, folds, streams[0], order)
    rows, labels = plan.folds.used, plan.folds.of(plan.folds.used)
    source = to_dense(x.take(rows), "x")
    fit = RecoverySums(source, np.asarray(y.repeats[:, rows], np.float64), labels, axes, dimensions)
    both, total = fit.sums(None)
    drawn = np.empty((0, both.shape[2]))
    if plan.has_null:
        orders = stats.permuted_rows(len(rows), permutations, streams[1], labels.blocks)
        drawn = np.array([fit.sums(each)[0][0].sum(axis=0) for each in orders])
    notes = notes_of(plan, float("nan"))
    if left_out:
        notes += (f"{left_out} stimuli with fewer than two repeats are left out.",)
    return _answer(
        both, total, drawn, Blocks.of(labels), axes=axes, n=len(rows), order=plan.order, notes=notes
    )


def _answer(
    both: np.ndarray, total: np.ndarray, drawn: np.ndarray, blocks: Blocks | None, *,
    axes: str, n: int, order: str, notes: tuple[str, ...],
) -> TargetRecovery:  # fmt: skip
    parts = both if blocks is None else np.stack([blocks.sums(each) for each in both])
    predicted, whole = parts.sum(axis=1)
    sure = np.array([_is_sure(column) for column in parts[1].T])
    ends = np.array([_interval(*parts[:, :, d]) for d in range(len(whole))])
    low, high = np.where(sure, ends.T, np.nan)
    cumulative = np.divide(
        predicted.cumsum(), whole.cumsum(), out=np.full(len(whole), np.nan),
        where=whole.cumsum() > 0,
    )  # fmt: skip
    together = _interval(*parts.sum(axis=2))
    p = np.full(len(whole), np.nan)
    if len(drawn):
        p = (1 + (drawn >= predicted).sum(axis=0)) / (1 + len(drawn))
    scale = np.where(sure, whole, np.nan)
    everything = float(total.sum())
    if not sure.any():
        notes += ("no dimension is surely reproducible: the repeats do not agree.",)
    return TargetRecovery(
        share=whole / everything if everything > 0 else np.full(len(whole), np.nan),
        recovered=predicted / scale, low=low, high=high, cumulative=cumulative,
        null=drawn.mean(axis=0) / scale if len(drawn) else np.full(len(whole), np.nan),
        p_value=p, q_value=stats.benjamini_hochberg(p), value=float(cumulative[-1]),
        low_value=together[0], high_value=together[1], axes=axes, n=n, order=order, warnings=notes,
    )  # fmt: skip


def _is_sure(values: np.ndarray) -> bool:
    """Whether a sum of independent values is above 0 by two standard errors."""
    return float(values.sum()) > _SURELY * float(np.sqrt(len(values) * values.var(ddof=1)))


def _interval(predicted: np.ndarray, whole: np.ndarray) -> tuple[float, float]:
    """Return the interval of a ratio of sums, from deleting each stimulus or block."""
    a, b = float(predicted.sum()), float(whole.sum())
    if not b > 0:
        return (float("nan"), float("nan"))
    left = b - whole
    losses = a / b - np.divide(a - predicted, left, out=np.full(len(left), np.nan), where=left > 0)
    spread = stats.jackknife_spread(losses)
    reach = float(stdtrit(spread.df, 0.975)) * spread.error  # unbounded: noise moves it above 1
    return a / b - reach, a / b + reach
