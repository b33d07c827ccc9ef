"""The pairs of latents that match best on held-out stimuli, with what excites each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from unbraid import report, sparse
from unbraid._answers import Pictures, pictures_of
from unbraid.comparison.scores._matched import labels

if TYPE_CHECKING:
    from unbraid.comparison._comparison import Comparison

# Pairs and stimuli each: what a person looks through, and a page of a few MB
_PAIRS, _STIMULI = 24, 6


def matched_units(result: Comparison, pictures: Any = None) -> report.MatchedUnits:
    """Return the best pairs of the first seed, best first, no source latent twice."""
    shown = pictures_of(pictures, result.stimuli, result.rows, "compare")
    metric = next(
        (name for name in result.config.scored if _has_matching(result, name)),
        None,
    )
    pairs = [] if metric is None else _pairs(result, metric, shown)
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


def _pairs(result: Comparison, metric: str, pictures: Pictures | None) -> list[Any]:
    score = result.find(metric, "codes", "codes")[0]
    matching = np.asarray(score.matching)
    quality = np.where(np.isfinite(score.per_target), score.per_target, -np.inf)
    names = labels(result, 0)
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
                source=_view(result, 0, source, pictures),
                target=_view(result, 1, int(target), pictures),
                label=names.get(source, ""),
            )
        )
    return pairs


def _view(result: Comparison, side: int, latent: int, pictures: Pictures | None) -> report.UnitView:
    """Return a latent with the stimuli that excite it most, ties in the order of the stimuli."""
    codes = result.of_side(side)[0].codes
    (row,) = sparse.latent_rows(codes, [latent], top=_STIMULI)
    place = {str(id): at for at, id in enumerate(result.stimuli)}
    named = codes.stimuli is not None
    at = [place[id] if named else int(id) for id in row.top]
    return report.UnitView(
        name=f"{result.names[side]}, latent {latent}",
        note=f"active on {row.density:.1%} of the stimuli",
        stimuli=[
            report.Stimulus(
                id=str(result.stimuli[where]),
                activation=code,
                image=None if pictures is None else pictures(where),
            )
            for where, code in zip(at, row.codes, strict=True)
        ],
    )
