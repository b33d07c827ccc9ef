"""Several feature sets at once: banded ridge, and what each explains that the others cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from unbraid._documented import documented_answer
from unbraid._validate import as_rng, check_count, check_mapping
from unbraid.align._dense import finite_mean, to_dense
from unbraid.align._order import arrange_all
from unbraid.align.regression._nested_ridge import NestedRidge
from unbraid.errors import InputError
from unbraid.responses import in_order_of

# Penalties of a band relative to another's: a decade apart, as those of one penalty nearly are
_CORNERS = (0.01, 0.1, 1.0)


@documented_answer
@dataclass(frozen=True, eq=False, repr=False)
class VariancePartition:
    """Held-out R2 of each target from all bands, from each alone, and uniquely from each."""

    full: np.ndarray
    """(q,) from all bands together."""
    alone: Mapping[str, np.ndarray]
    """(q,) from each band alone."""
    unique: Mapping[str, np.ndarray]
    """(q,) lost when the band is left out: ``full - R2(all others)``."""
    weights: np.ndarray
    """(n_bands, q) mean weight of each band's variance in the full model, summing to 1."""

    def __repr__(self) -> str:
        parts = ", ".join(f"{name} {finite_mean(r2):.3f}" for name, r2 in self.unique.items())
        return f"VariancePartition(R2 {finite_mean(self.full):.3f}; unique: {parts})"

    @property
    def shared(self) -> np.ndarray:
        """(q,) explained, but by no band uniquely; negative where bands help each other."""
        return self.full - sum(self.unique.values())


def variance_partition(
    bands: Mapping[str, Any],
    y: Any,
    *,
    folds: Any = 5,
    candidates: int = 20,
    rng: int | np.random.Generator | None = 0,
    order: str | None = None,
) -> VariancePartition:
    r"""Variance of each target explained by several feature sets, each with its own penalty.

    Banded ridge: bands are centred, brought to one total variance, weighted by
    ``sqrt(gamma_b)`` with ``sum_b gamma_b = 1`` and concatenated; weights and penalty of each
    target are chosen by squared error on inner folds, as in ``ridge_r2``. The R2 of all bands, of
    each alone and of all but each make the partition.

    Parameters
    ----------
    bands : mapping of names to responses (n, p_b)
        At least two.
    y : array (n, q) or Responses
        Target.
    folds : int or labels
        At least 3 folds.
    candidates : int
        Random weightings tried beside the even one and nearly pure ones (Dirichlet, seeded).
    rng : int, Generator or None
        Seed of the folds and the weightings.
    order : {None, "auto", "exchangeable", "time"}
        As in ``semi_matching``: of all bands and ``y`` together.

    Returns
    -------
    VariancePartition
        NaN for targets constant on the training stimuli of some fold.

    Notes
    -----
    All R2 are held out, so unique parts can be slightly negative. With one penalty for all bands
    (plain ridge on the concatenation) a wide noisy band hides a small informative one. Cost: one
    nested ridge for each weighting and each subset.

    References
    ----------
    Nunez-Elizalde et al. (2019); Dupre la Tour et al. (2022), Feature-space selection with banded
    ridge regression.

    Examples
    --------
    >>> import numpy as np
    >>> a, b = np.random.default_rng(0).normal(size=(2, 200, 4))
    >>> found = variance_partition({"a": a, "b": b}, a + b, candidates=2)
    >>> round(float(found.unique["a"].mean()), 1), round(float(found.alone["b"].mean()), 1)
    (0.5, 0.5)
    """
    check_mapping(bands, "bands")
    check_count(candidates, "candidates")
    if len(bands) < 2:
        raise InputError(f"bands must name at least two feature sets, got {len(bands)}.")
    y, sides = in_order_of(y, bands)
    streams = as_rng(rng).spawn(2)
    plan = arrange_all([(side, y) for side in sides.values()], folds, streams[0], order)
    rows, labels = plan.folds.used, plan.folds.of(plan.folds.used)
    target = to_dense(y.take(rows), "y")
    in_fold = np.asarray(labels)[None] == np.arange(labels.n_folds)[:, None]
    scored = np.all([np.ptp(target[~held], axis=0) > 0 for held in in_fold], axis=0)
    values = {name: _scaled(to_dense(side.take(rows), name)) for name, side in sides.items()}
    drawn = streams[1].dirichlet(np.full(len(values), 0.5), size=candidates)

    def explained(names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
        r2, weights = np.full(len(scored), np.nan), np.full((len(names), len(scored)), np.nan)
        parts = [values[name] for name in names]
        r2[scored], weights[:, scored] = _banded(
            parts, target[:, scored], labels, _weightings(len(names), drawn)
        )
        return r2, weights

    names = tuple(values)
    full, weights = explained(names)
    alone = {name: explained((name,))[0] for name in names}
    others = {(set(names) - set(kept)).pop(): (alone[kept[0]] if len(kept) == 1 else
              explained(kept)[0]) for kept in combinations(names, len(names) - 1)}  # fmt: skip
    unique = {name: full - others[name] for name in names}
    return VariancePartition(full, alone, unique, weights)


def _scaled(x: np.ndarray) -> np.ndarray:
    x = x - x.mean(axis=0)
    norm = np.linalg.norm(x)
    return x / norm if norm > 0 else x


def _weightings(n_bands: int, drawn: np.ndarray) -> list[np.ndarray]:
    """Return weightings of the bands: even, nearly pure ones, and random ones."""
    if n_bands == 1:
        return [np.ones(1)]
    found = [np.full(n_bands, 1 / n_bands)]
    for band in range(n_bands):
        for rest in _CORNERS[:-1]:
            weight = np.full(n_bands, rest / (n_bands - 1))
            weight[band] = 1 - rest
            found.append(weight)
    for row in drawn:
        found.append(row[:n_bands] / row[:n_bands].sum())
    return found


def _banded(parts, y, folds, weightings):
    """Return the pooled held-out R2 (q,) and the mean weights chosen (n_bands, q)."""
    n_folds, q = folds.n_folds, y.shape[1]
    least = np.full((n_folds, q), np.inf)
    held_out, centred = np.zeros_like(y), np.zeros_like(y)
    weights = np.zeros((n_folds, len(parts), q))
    rows = [np.flatnonzero(folds == fold) for fold in range(n_folds)]
    for weighting in weightings:
        x = np.hstack([np.sqrt(w) * part for w, part in zip(weighting, parts, strict=True)])
        nested = NestedRidge(x, folds)
        errors = nested.inner_errors(y)
        better = errors.min(axis=1) < least
        if not better.any():
            continue
        found = nested.predict(y, errors.argmin(axis=1))
        for fold in range(n_folds):
            here = better[fold]
            least[fold, here] = errors[fold].min(axis=0)[here]
            weights[fold][:, here] = weighting[:, None]
            held_out[np.ix_(rows[fold], here)] = found.held_out[np.ix_(rows[fold], here)]
            centred[rows[fold]] = found.centred[rows[fold]]
    r2 = 1 - ((centred - held_out) ** 2).sum(axis=0) / (centred**2).sum(axis=0)
    return r2, weights.mean(axis=0)
