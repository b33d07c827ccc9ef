"""Ridge regression: how much of each target is a linear readout of the source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.statistics.deletion import BlockSums, Totals, losses
from unbraid.align._ceiling import Ceiling
from unbraid.align._dense import finite_mean
from unbraid.align._estimator import Blocks, Estimator, Measured
from unbraid.align._held_out import HeldOutProducts
from unbraid.align._judge import Judging, judge
from unbraid.align._score import Score
from unbraid.align._source import of_source
from unbraid.align.published._longon2025 import LongonRidge, LongonScaledRidge
from unbraid.align.regression._iterative_ridge import IterativeRidge
from unbraid.align.regression._leading import NestedLeading, check_leading
from unbraid.align.regression._nested_ridge import ALPHAS, Nested, NestedRidge, Predictions
from unbraid.errors import InputError
from unbraid.responses import Responses
from unbraid.stats._ceiling import measured_ceiling

_FIT_BLOCK = 2.0**27  # bytes of predictions held at once
_DIRECT = 3000  # smaller side of codes up to which they are decomposed
_SOLVED = 1e-7  # a warning is given from this relative residual upwards
_UNSURE = 0.05  # and from this share of choices made by rough fits


class Ridge(Estimator):
    """Pooled correlation of held-out predictions with targets."""

    scaled: tuple[str, ...] = ("x",)
    by_target = held_out_products = True

    def __init__(self, x, y, folds, **options) -> None:
        x = x if sp.issparse(x) else x - x.mean(axis=0)
        super().__init__(x, y, folds, **options)
        leading, device = options.get("leading"), self.device
        widths = None if leading is None else check_leading(leading, x)
        if _is_iterative(x):  # how well it was solved is said of one target's fits
            self.nested = _nested(x, folds, device, widths)
        else:
            parts = (x, folds, str(widths), str(device))
            self.nested = of_source("ridge", lambda: _nested(x, folds, device, widths), *parts)
        self.in_fold = np.asarray(folds)[None] == np.arange(folds.n_folds)[:, None]

    def comparable(self, found: Predictions) -> tuple[np.ndarray, np.ndarray]:
        """Return predictions and targets in units of their training standard deviation.

        Penalties differ between folds: unscaled, the least shrunk fold would dominate the pooled
        correlation, and bias it below 0 where nothing can be predicted.
        """
        predicted, centred = found.held_out.copy(), found.centred.copy()
        for fold, rows in enumerate(self.in_fold):
            spread, scale = found.scales[:, fold]
            predicted[rows] /= np.where(spread > 0, spread, 1.0)
            centred[rows] /= scale
        return predicted, centred

    def score(self, predicted: np.ndarray, centred: np.ndarray) -> np.ndarray:
        """Return the score of each target over these rows; NaN where the target is constant."""
        return self.ratio(np.einsum("tj,tj->j", predicted, centred), predicted, centred)

    def ratio(self, num: np.ndarray, predicted: np.ndarray, centred: np.ndarray) -> np.ndarray:
        """Return the score (q,) where the inner products of both are ``num``."""
        xx, yy = ((part**2).sum(axis=0) for part in (predicted, centred))
        with np.errstate(invalid="ignore", divide="ignore"):
            r = num / np.sqrt(xx * yy)
        return np.where((xx == 0) & (yy > 0), 0.0, r)  # a constant prediction explains nothing

    def chance(self, predicted: np.ndarray, centred: np.ndarray) -> np.ndarray:
        """Return the score (q,) in the mean over every order of the held-out stimuli."""
        return self.ratio(predicted.sum(axis=0) * centred.mean(axis=0), predicted, centred)

    def influence(self, predicted, centred, score):
        """Return what deleting each stimulus or block takes from the summed score."""
        sums = BlockSums(*(self._in_blocks(part) for part in
                      (predicted * centred, predicted**2, centred**2)))  # fmt: skip
        num, xx, yy = (part.sum(axis=0) for part in sums)
        return losses(sums, Totals(num, xx, yy, score, np.ones(len(score))))

    def _in_blocks(self, part: np.ndarray) -> np.ndarray:
        blocks = Blocks.of(self.folds)
        return blocks.sums(part) if blocks else part

    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        n, q = self.y.shape
        per_target, whole, chance = np.full((3, q), np.nan)
        per_fold = np.full((len(self.in_fold), q), np.nan)
        phi: Any = 0.0
        edges, used, leading = np.zeros(2), [], self.options.get("leading")
        step = max(1, int(_FIT_BLOCK / (8 * 6 * n)))
        for start in range(0, q, step):
            block = np.arange(start, min(start + step, q))
            y = self._targets(block, order)
            scored = self._varies(y)
            if not scored.any():
                continue
            y, block = y[:, scored], block[scored]
            found = self.nested.predict(y)
            predicted, centred = self.comparable(found)
            per_target[block] = self.score(predicted, centred)
            if self.products is not None:
                self._add_held_out(found, y, self.products, block)
            if order is not None:
                continue
            for fold, rows in enumerate(self.in_fold):
                per_fold[fold, block] = self.score(predicted[rows], centred[rows])
            chance[block] = self.chance(predicted, centred)
            whole[block] = self.score(self.nested.fit_all(y), y - y.mean(axis=0))
            used.append(found.leading.ravel())
            edges += [(found.alphas == 0).sum(), (found.alphas == len(ALPHAS) - 1).sum()]
            if influence:
                phi += self.influence(predicted, centred, per_target[block])
        n_scored = int((~np.isnan(per_target)).sum())
        if order is not None or not n_scored:
            return Measured(value=finite_mean(per_target), per_target=per_target,
                            per_fold=np.full(len(self.in_fold), np.nan),
                            warnings=() if n_scored else (NOTHING,))  # fmt: skip
        return Measured(
            value=finite_mean(per_target),
            per_fold=np.array([finite_mean(row) for row in per_fold]),
            per_target=per_target,
            influence=phi / n_scored if influence else None,
            chance=finite_mean(chance),
            in_sample=finite_mean(whole),
            gap=self.nested.residual,
            leading=None if leading is None else round(float(np.median(np.concatenate(used)))),
            warnings=_unsolved(self.nested.residual, self.nested.unsure),
            notes=edge_notes(edges / (len(self.in_fold) * n_scored)),
        )

    def _add_held_out(
        self, found: Predictions, y: np.ndarray, products: HeldOutProducts, block: np.ndarray
    ) -> None:
        """Add predictions and targets, in their training's and in whole standard deviations."""
        whole = y.std(axis=0)
        for group, (fold, rows) in enumerate(products.groups):
            spread = found.scales[0, fold]
            said = found.held_out[rows] / np.where(spread > 0, spread, 1.0)
            products.add(group, said, y[rows] / whole, block)

    def _targets(self, block: np.ndarray, order: np.ndarray | None) -> np.ndarray:
        y = self.y[:, block]
        y = y.toarray() if sp.issparse(y) else np.asarray(y)
        y = y if order is None else y[order]
        return y.astype(np.float64)

    def _varies(self, y: np.ndarray) -> np.ndarray:
        """Whether each target varies on the training stimuli of every fold."""
        return np.all([np.ptp(y[~rows], axis=0) > 0 for rows in self.in_fold], axis=0)

    def ceiling(self, x: Responses, y: Responses, estimate: Measured) -> Ceiling | None:  # noqa: ARG002

        if y.repeats is None:
            return None
        known = measured_ceiling(y.repeats)
        return Ceiling(self.best(known.ceiling_over_all), known.excluded, known.warnings)

    def best(self, ceiling: np.ndarray) -> np.ndarray:
        """Best score of each target, from its best correlation."""
        return ceiling


def _nested(x: Any, folds: Any, device: Any, widths: list[int] | None) -> Nested | NestedLeading:
    if widths is not None:
        return NestedLeading({m: _one(x[:, :m], folds, device) for m in widths})
    return _one(x, folds, device)


def _one(x: Any, folds: Any, device: Any) -> Nested:
    return IterativeRidge(x, folds) if _is_iterative(x) else NestedRidge(x, folds, device)


def _is_iterative(x: Any) -> bool:
    return sp.issparse(x) and min(x.shape) > _DIRECT


def given_leading(leading: Sequence[int] | None, protocol: str) -> dict[str, Any]:
    """Return the option where it was given."""
    if leading is None:
        return {}
    if protocol != "unbraid":
        raise InputError(f"protocol {protocol!r} takes every unit of x: leave leading out.")
    return {"leading": leading}


def _unsolved(residual: float, unsure: float) -> tuple[str, ...]:
    remedy = "Scale the codes' columns alike, or use fewer latents."
    found = []
    if residual > _SOLVED:
        found.append(
            f"conjugate gradients stopped at a relative residual of {residual:.1g}: scores are "
            f"less exact. {remedy}"
        )
    if unsure > _UNSURE:
        found.append(
            f"the penalties of {unsure:.0%} of targets and folds were chosen from fits that "
            f"conjugate gradients did not finish: scores can be lower. {remedy}"
        )
    return tuple(found)


NOTHING = "no target varies on every fold's training stimuli, so nothing is scored."


def edge_notes(edges: np.ndarray) -> tuple[str, ...]:
    return tuple(
        f"alpha lies at the {side} edge of its grid for {share:.0%} of targets and folds."
        for side, share in zip(("lower", "upper"), edges, strict=True)
        if share > 0.1
    )


def ridge(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
    device: Any = None,
    leading: Sequence[int] | None = None,
) -> Score:
    r"""Mean correlation of each target unit with its held-out ridge prediction from the source.

    In each fold ``y_j`` is regressed on all of ``x`` with intercept, the penalty of each target
    chosen by squared error on inner folds (the other outer folds); predictions and targets, minus
    the training mean and in units of their training standard deviation, are correlated without
    further centring and pooled over folds.

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, order, device
        As in ``semi_matching``; at least 3 folds. ``longon2025``: scikit-learn's ``RidgeCV``, one
        penalty for all targets by leave-one-out, columns centred by hand and no intercept; it
        warns when ``p >= n_train``, where that procedure fails. ``longon2026``: the same on columns
        of unit norm, training and test rows each by their own, as the published code does since.
    leading : sequence of int, optional
        Numbers of leading units of ``x`` that may stand for it, for units in an order, such as
        nested expansions or principal components. One is chosen for each target with the penalty,
        on inner folds; ``Score.leading`` is the median choice. Protocol ``unbraid`` only.

    Returns
    -------
    Score
        In [-1, 1]; 1 if every target is a linear function of the source. NaN in ``per_target``
        where a target is constant on the training stimuli of some fold; 0 where the prediction
        does not vary. ``warnings`` says so if penalties lie at an edge of the grid
        (1e-8 .. 1e4 times the mean eigenvalue of the training Gram matrix; where a gap sets a tenth
        of them or more far below the others, it begins at 1e-8 times those). It names units whose
        scale sets them apart from the others.

    Notes
    -----
    Invariant to rotation, shift and common scaling of ``x`` and to scaling and shift of each
    target; not to scaling single units of ``x``. Source -> target. Cost: eigendecompositions of
    side ``min(p, n_train)``, one for each pair of folds, shared by all targets and permutations.
    Codes (CSR) are never densified; with more than 3000 stimuli and latents every fit is solved by
    conjugate gradients, all penalties at once, and ``gap`` is the largest relative residual of
    those that predict (penalties are chosen at 1e-6, in at most 500 steps; a warning says so if
    choices rest on fits that need more). There the unit of penalties counts latents that vary, not
    eigenvalues that are not 0: latents that are combinations of others shift the grid.

    References
    ----------
    Hoerl & Kennard (1970); Longon et al. (2025), arXiv 2510.03186.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(100, 4))
    >>> round(ridge(x, x @ rng.normal(size=(4, 9)), permutations=0).value, 6)
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order, device=device,
    )  # fmt: skip
    estimators = {"unbraid": Ridge, "longon2025": LongonRidge, "longon2026": LongonScaledRidge}
    return judge("ridge", estimators, x, y, judging, sparse=protocol == "unbraid",
                 **given_leading(leading, protocol))  # fmt: skip
