"""Which latents of two systems match, as rows that a program can read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from unbraid import align, sparse, stats
from unbraid.comparison.scores._seed_means import mean_over_seeds
from unbraid.errors import InputError

if TYPE_CHECKING:
    from unbraid.comparison._comparison import Comparison

RATE = 0.05
"""False discovery rate at which a pair is shared, unless another is given."""
_FOLDS = 5  # in which a match is chosen and tested
_SHORT = 0.5  # a latent gets a feature's name from this correlation upwards


def pairs_of(result: Comparison, rate: float = RATE) -> align.SharedPairs:
    """Return for each latent of y its match in x, both of the first seed."""
    of_x, of_y = (result.of_side(side) for side in (0, 1))
    if not of_x or not of_y:
        raise InputError(
            "matched() needs dictionaries of both systems, and one was compared by its units only."
        )
    folds: Any = _FOLDS
    if result.groups is not None:
        folds = stats.grouped_folds(result.groups, _FOLDS, np.random.default_rng(0))
    return align.shared_pairs(
        of_x[0].codes,
        of_y[0].codes,
        rate=rate,
        folds=folds,
        refits=[each.codes for each in of_x[1:] if each is not of_x[0]],
        order=None if result.config.order == "auto" else result.config.order,
    )


def stability_of(result: Comparison, side: int) -> Sequence[float]:
    """Return how stable each latent of a system's first dictionary is; empty for one seed."""
    of = result.of_side(side)
    again = sparse.with_stability([each.dictionary for each in of]) if _alike(of) else []
    return again[0].evidence.stability if again else ()


def interpretability_of(result: Comparison, side: int) -> Sequence[float]:
    """Return how interpretable each latent of a system's first dictionary is; may be empty."""
    found = result.interpretability[side]
    return () if found is None else found.values.tolist()


def rows_of(result: Comparison, rate: float, top: int) -> list[dict[str, Any]]:
    """Return one record per latent of y that has a partner in x, the best first."""
    found = pairs_of(result, rate)
    targets = np.flatnonzero((found.source >= 0) & np.isfinite(found.r))
    targets = targets[np.argsort(-found.r[targets], kind="stable")]
    sides = []
    for side, latents in enumerate((found.source[targets], targets)):
        sides.append(
            sparse.latent_rows(
                result.of_side(side)[0].codes,
                latents.tolist(),
                stability=stability_of(result, side),
                interpretability=interpretability_of(result, side),
                labels=labels(result, side),
                top=top,
            )
        )
    return [
        {
            "x": x.latent,
            "y": y.latent,
            "r": float(found.r[target]),
            "q_value": float(found.q_value[target]),
            "shared": bool(found.shared[target]),
            **{f"{name}_{of}": getattr(row, name)
               for name in ("density", "stability", "interpretability", "label", "top")
               for of, row in (("x", x), ("y", y))},
            **_kinds(result, x.latent, y.latent),
        }
        for target, x, y in zip(targets, *sides, strict=True)
    ]  # fmt: skip


def _kinds(result: Comparison, x: int, y: int) -> dict[str, str]:
    """Return what became of both latents of a pair; nothing where there are two systems."""
    if not result.correspondences:
        return {}
    found = result.correspondences[0]
    return {"kind_x": str(found.first.kind[x]), "kind_y": str(found.second.kind[y])}


def _alike(of: list[Any]) -> bool:
    """Return whether these are several dictionaries of one shape."""
    return len({id(each) for each in of}) > 1 and len({each.codes.shape for each in of}) == 1


def labels(result: Comparison, side: int) -> dict[int, str]:
    """Name the latents of a system's first dictionary that are some true feature's best latent."""
    systems = f"{'xy'[side]}->truth"
    of = [score for score in result.scores if score.matching is not None and not score.seed]
    found = [s for s in of if (s.source, s.target, s.systems) == ("codes", "features", systems)]
    if not found:
        return {}
    score, names = found[0], result.feature_names
    ranked = np.argsort(np.nan_to_num(score.per_target, nan=-1.0))
    return {
        int(score.matching[feature]): f"{names[feature]} (r {score.per_target[feature]:.2f})"
        for feature in ranked
        if score.matching is not None and score.per_target[feature] > _SHORT
    }


def summary_of(result: Comparison) -> str:
    """Return the answer in at most ten lines."""
    metric, target = result.config.scored[0], result.targets[0]
    lines = [f"{result.names[0]} and {result.names[1]}, {result.n_scored} stimuli scored"]
    lines.append(result.verdict.sentence)
    one_system = bool(result.correspondences)
    lines += list(result.verdict.reasons)[: 2 if one_system else 1]
    units = [] if one_system else [("units", "base", "base")]
    for label, source, to in (*units, ("codes", "codes", target)):
        scores = result.find(metric, source, to)
        if scores:
            mean = mean_over_seeds(scores)[0]
            lines.append(f"{metric} of {label}: {mean:.2f} (null {scores[0].null:.2f})")
    rivals = [
        change
        for change in result.changes
        if change.metric == metric and change.name.startswith(f"codes->{target} - ")
    ][1:]
    if rivals and not one_system:
        best = max(rivals, key=lambda change: change.before)
        lines.append(f"best control ({best.name.partition(' - ')[2]}): {best.before:.2f}")
    for side in (0, 1):
        of = result.of_side(side)
        if of:
            lines.append(
                f"{result.names[side]}: {of[0].codes.shape[1]} latents, l0 {of[0].codes.l0:.1f}, "
                f"{of[0].fvu:.0%} of the variance unexplained, {of[0].dead:.0%} silent"
            )
    if result.warnings:
        more = f" (and {len(result.warnings) - 1} more)" if len(result.warnings) > 1 else ""
        lines.append(f"warning: {result.warnings[0]}{more}")
    return "\n".join(lines[:10])
