"""The pairs of latents that match best on held-out stimuli, with what excites each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from unbraid import report
from unbraid.errors import InputError

if TYPE_CHECKING:
    from unbraid.comparison._comparison import Comparison

_PAIRS, _STIMULI = 24, 6


def matched_units(result: Comparison, pictures: Any = None) -> report.MatchedUnits:
    """Return the best pairs of the first seed, best first, no source latent twice."""
    pictures = _as_pictures(pictures, result)
    metric = next(
        (name for name in result.config.scored if _has_matching(result, name)),
        None,
    )
    pairs = [] if metric is None else _pairs(result, metric, pictures)
    n_good = sum(pair.r > 0.5 for pair in pairs)
    return report.MatchedUnits(
        title="What matched codes stand for",
        pairs=pairs,
        shown=4,
        caption=report.Caption(
            finding=f"{n_good} of the {len(pairs)} pairs shown correlate above .5 on stimuli that "
            "did not choose them. Each strip: the stimuli that excite that latent most.",
            n=len(result.rows),
            seed=0,
        ),
    )


def _has_matching(result: Comparison, metric: str) -> bool:
    found = result.find(metric, "codes", "codes")
    return bool(found) and found[0].matching is not None


def _pairs(result: Comparison, metric: str, pictures: np.ndarray | None) -> list[Any]:
    score = result.find(metric, "codes", "codes")[0]
    matching = np.asarray(score.matching)
    quality = np.where(np.isfinite(score.per_target), score.per_target, -np.inf)
    labels = _labels(result, metric)
    of_x, of_y = (result.of_side(side)[0].codes.values.tocsc() for side in (0, 1))
    pairs: list[Any] = []
    taken: set[int] = set()
    for target in np.argsort(-quality, kind="stable"):
        source = int(matching[target])
        if len(pairs) == _PAIRS or not np.isfinite(quality[target]):
            break
        if source < 0 or source in taken:
            continue
        taken.add(source)
        pairs.append(
            report.MatchedPair(
                r=float(quality[target]),
                source=_view(result, result.names[0], of_x, source, pictures),
                target=_view(result, result.names[1], of_y, int(target), pictures),
                label=labels.get(source, ""),
            )
        )
    return pairs


def _view(
    result: Comparison, system: str, codes: Any, latent: int, pictures: np.ndarray | None
) -> report.UnitView:
    """Return a latent with the stimuli that excite it most, ties in the order of the stimuli."""
    start, stop = codes.indptr[latent], codes.indptr[latent + 1]
    active, values = codes.indices[start:stop], codes.data[start:stop]
    best = np.lexsort((active, -np.abs(values)))[:_STIMULI]
    return report.UnitView(
        name=f"{system}, latent {latent}",
        note=f"active on {len(active) / codes.shape[0]:.1%} of the stimuli",
        stimuli=[
            report.Stimulus(
                id=str(result.stimuli[active[i]]),
                activation=float(values[i]),
                image=None if pictures is None else pictures[result.rows[active[i]]],
            )
            for i in best
        ],
    )


def _labels(result: Comparison, metric: str) -> dict[int, str]:
    """Name the latents of the first system that are some true feature's best latent."""
    found = result.find(metric, "codes", "features", "x->truth")
    if not found or found[0].matching is None:
        return {}
    names = result.feature_names
    ranked = np.argsort(np.nan_to_num(found[0].per_target, nan=-1.0))
    return {
        int(found[0].matching[feature]): f"{names[feature]} (r {found[0].per_target[feature]:.2f})"
        for feature in ranked
        if found[0].per_target[feature] > 0.5
    }


def _as_pictures(pictures: Any, result: Comparison) -> np.ndarray | None:
    if pictures is None:
        return None
    array = np.asarray(pictures)
    if array.dtype != np.uint8 or array.ndim not in (3, 4) or len(array) <= result.rows.max():
        raise InputError(
            "pictures must be uint8 of shape (n, height, width) or (n, height, width, 3), one a "
            f"stimulus given to compare, got {array.dtype} of shape {array.shape}."
        )
    return array
