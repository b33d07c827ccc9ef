"""Partial least squares: targets predicted from the few directions that vary with them."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from scipy.linalg import eigh
from scipy.sparse.linalg import ArpackNoConvergence, svds

from unbraid._validate import check_count
from unbraid.align._dense import densified, finite_mean, unit_columns
from unbraid.align._estimator import Estimator, Measured
from unbraid.align._judge import Judging, judge
from unbraid.align._score import Score
from unbraid.align.regression._nested_ridge import check_folds
from unbraid.align.regression._ridge import Ridge

_EXHAUSTED = 1e-12  # share of the first covariance below which nothing is left to predict

# with this many units on the smaller side, one vector is cheaper than a decomposition
_LANCZOS = 100


class Pls(Ridge):
    """Pooled correlation of held-out PLS predictions with targets."""

    by_target = False
    scaled = ("x", "y")

    def __init__(self, x, y, folds, *, components: int) -> None:
        Estimator.__init__(self, densified(x, "x"), densified(y, "y"), folds)
        check_count(components, "components", 1)
        check_folds(folds.n_folds, "pls", "number of components")
        self.components = int(components)
        self.in_fold = np.asarray(folds)[None] == np.arange(folds.n_folds)[:, None]

    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        y = self.y if order is None else self.y[order]
        per_target = np.full(y.shape[1], np.nan)
        scored = self._varies(y)
        if not scored.any() or not np.ptp(self.x, axis=0).any():
            nothing = "no unit of a side varies on every fold's training stimuli."
            return Measured(value=np.nan, per_target=per_target, warnings=(nothing,),
                            per_fold=np.full(len(self.in_fold), np.nan))  # fmt: skip
        y = y[:, scored]
        predicted, centred, counts = self._held_out(y)
        per_target[scored] = self.score(predicted, centred)
        value = finite_mean(per_target)
        if self.products is not None:
            self.products.add_rows(unit_columns(predicted), unit_columns(centred))
        if order is not None:
            return Measured(value=value)
        whole = pls_predictions(self.x, y, np.ones(len(y), bool), self.components)
        best = min(round(float(np.mean(counts))), len(whole.steps))
        at_edge = np.mean([count == self.components for count in counts])
        losses = self.influence(predicted, centred, per_target[scored]) if influence else None
        return Measured(
            value=value,
            per_fold=np.array([finite_mean(self.score(predicted[rows], centred[rows]))
                               for rows in self.in_fold]),
            per_target=per_target,
            influence=None if losses is None else losses / scored.sum(),
            chance=finite_mean(self.chance(predicted, centred)),
            in_sample=finite_mean(self.score(whole.steps[:best].sum(axis=0), whole.target)),
            notes=_edge_notes(float(at_edge), self.components, min(self.x.shape)),
        )  # fmt: skip

    def _held_out(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[int]]:
        """Return scaled predictions, scaled targets, and each fold's number of components."""
        n_folds = len(self.in_fold)
        errors = np.zeros((n_folds, self.components))
        for f, g in combinations(range(n_folds), 2):
            fit = pls_predictions(self.x, y, ~(self.in_fold[f] | self.in_fold[g]), self.components)
            for fold, other in ((f, g), (g, f)):
                errors[fold] += fit.errors(self.in_fold[other], self.components)
        predicted, centred, counts = np.zeros_like(y), np.zeros_like(y), []
        for fold, rows in enumerate(self.in_fold):
            fit = pls_predictions(self.x, y, ~rows, self.components)
            counts.append(min(int(errors[fold].argmin()) + 1, len(fit.steps)))
            answer = fit.steps[: counts[-1]].sum(axis=0)
            # as in ridge: the least shrunk fold must not dominate
            spread = answer[~rows].std(axis=0)
            predicted[rows] = answer[rows] / np.where(spread > 0, spread, 1.0)
            centred[rows] = fit.target[rows]
        return predicted, centred, counts


class PlsFit:
    """What each component adds to the prediction of every stimulus."""

    def __init__(self, steps: np.ndarray, target: np.ndarray) -> None:
        self.steps, self.target = steps, target

    def errors(self, rows: np.ndarray, components: int) -> np.ndarray:
        """Return the squared error on some stimuli with 1 .. ``components`` components."""
        residual, found = self.target[rows], []
        for step in self.steps[:, rows]:
            residual = residual - step
            found.append(float((residual**2).sum()))
        return np.array(found + found[-1:] * (components - len(found)))


def pls_predictions(x: np.ndarray, y: np.ndarray, train: np.ndarray, components: int) -> PlsFit:
    """Fit PLS2 on training stimuli by its covariance form (Dayal & MacGregor 1997), exactly.

    Each weight is the dominant left singular vector of the deflated ``X' Y``; targets are in units
    of their training standard deviation.
    """
    a = x - x[train].mean(axis=0)
    scale = y[train].std(axis=0)
    target = (y - y[train].mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    own = a[train]
    cross = own.T @ target[train]
    first, steps = float(np.linalg.norm(cross)), []
    rotations: list[np.ndarray] = []
    loadings: list[np.ndarray] = []
    for _ in range(min(components, *own.shape)):
        if not np.linalg.norm(cross) > _EXHAUSTED * first:
            break
        weight = _dominant(cross)
        rotation = weight.copy()
        for loading, earlier in zip(loadings, rotations, strict=True):
            rotation -= (loading @ weight) * earlier
        latent = own @ rotation
        size = latent @ latent
        if not size > _EXHAUSTED * (own**2).sum() * (rotation @ rotation):
            break
        loading, on_y = own.T @ latent / size, cross.T @ rotation / size
        cross = cross - np.outer(loading, on_y) * size
        rotations.append(rotation)
        loadings.append(loading)
        steps.append(np.outer(a @ rotation, on_y))
    return PlsFit(np.array(steps) if steps else np.zeros((1, *y.shape)), target)


def _dominant(cross: np.ndarray) -> np.ndarray:
    """Return the leading left singular vector: by the smaller Gram matrix, or by Lanczos."""
    by_row = cross.shape[0] <= cross.shape[1]
    if min(cross.shape) > _LANCZOS:
        longest = cross[:, (cross**2).sum(axis=0).argmax()], cross[(cross**2).sum(axis=1).argmax()]
        try:
            return svds(cross, k=1, v0=longest[0] if by_row else longest[1])[0][:, 0]
        except ArpackNoConvergence:
            pass  # leading directions that nearly tie: decompose
    gram = cross @ cross.T if by_row else cross.T @ cross
    leading = eigh(gram, subset_by_index=[len(gram) - 1] * 2, check_finite=False)[1][:, 0]
    left = leading if by_row else cross @ leading
    return left / np.linalg.norm(left)


def _edge_notes(share: float, components: int, most: int) -> tuple[str, ...]:
    if share <= 0.1 or components >= most:
        return ()
    return (f"all {components} components are used in {share:.0%} of folds: more may help.",)


def pls(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
    components: int = 25,
) -> Score:
    """Mean correlation of each target unit with its held-out PLS prediction from the source.

    PLS2 with all targets at once: component ``a`` is ``t_a = X w_a`` with ``w_a`` the direction of
    largest covariance with the targets that are left, each in units of its training standard
    deviation; the number of components is the one of least squared error on inner folds (the other
    outer folds), one number for all targets. Predictions are scored as in ``ridge``.

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, order
        As in ``ridge``, at least 3 folds; only the protocol ``unbraid`` exists.
    components : int
        Largest number tried.

    Returns
    -------
    Score
        In [-1, 1]; 1 if every target is a linear function of the source. ``warnings`` says so if
        folds use all the components allowed.

    Notes
    -----
    Invariant to rotation, shift and common scaling of ``x`` and to scaling and shift of each
    target; not to scaling single units of ``x``. Source -> target. Cost: for each pair of folds
    O(n p q + components (n + p) q) time, O(components n q) memory.

    References
    ----------
    Wold (1985); Dayal & MacGregor (1997), Improved PLS algorithms, algorithm 1; the encoding model
    of Schrimpf et al. (2018), Brain-Score, there with a fixed number of 25.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(100, 4))
    >>> round(pls(x, x @ rng.normal(size=(4, 9)), permutations=0).value, 6)
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order,
    )  # fmt: skip
    return judge("pls", {"unbraid": Pls}, x, y, judging, components=components)
