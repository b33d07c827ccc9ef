"""The latents of a dictionary one by one: how interpretable each is, and what excites it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from unbraid import report, sparse
from unbraid._answers import pictures_of
from unbraid.evaluation._side_score import title_of
from unbraid.responses import parts_of, tokens_by_id

if TYPE_CHECKING:
    from unbraid.evaluation._evaluation import Evaluation

_SCORED, _NOT_SCORED, _SILENT = range(3)  # groups, in the order in which a page lists them


def browser(
    result: Evaluation, pictures: Any = None, tokens: Any = None, parts: Any = None
) -> report.LatentBrowser:
    """Return the latents of the first dictionary; the rest as ``Evaluation.save`` has it."""
    density = np.bincount(result.codes.nonzero()[1], minlength=result.codes.shape[1])
    density = density / len(result.rows)
    scores = {
        score.measure: _of_all(result, score.seeds[0].values)
        for score in result.scores
        if score.side == "codes" and score.seeds[0].of == "units"
    }
    measures = [
        report.LatentMeasure(name=title_of(name), values=values, help=f"{title_of(name)} alone")
        for name, values in scores.items()
        if np.isfinite(values).any()
    ]
    share = report.LatentMeasure(
        name="density", values=density, digits=4, help="share of the stimuli that it is active on"
    )
    scored = np.any([np.isfinite(values) for values in scores.values()] or [density > 1], axis=0)
    group = np.where(density == 0, _SILENT, np.where(scored, _SCORED, _NOT_SCORED))
    first = next(iter(scores.values()), density)
    ids = result.responses.stimuli
    names = result.rows.astype(str) if ids is None else ids
    shown, whole = _parts(result, parts, names), parts_of(names)
    return report.LatentBrowser(
        title="Latents and how interpretable they are",
        sides=[
            report.BrowserSide(
                name="Dictionary",
                measures=[*measures, share],
                groups=_GROUPS,
                group=group,
                details=lambda latents: _details(result, latents, shown),
                parts=None if shown is None else shown.kind,
                first=np.argsort(-np.nan_to_num(first, nan=-np.inf), kind="stable").tolist(),
            )
        ],
        stimuli=[str(each) for each in names],
        picture=pictures_of(pictures, ids, result.rows, "evaluate"),
        tokens=None if tokens is None else tokens_by_id(tokens, names),
        whole=None if whole is None else whole.whole.tolist(),
        at=None if whole is None else whole.position.tolist(),
        notes=[f"{len(result.rows):,} stimuli that are scored; the first dictionary."],
    )


_GROUPS = (
    report.LatentGroup(name="scored", mark="full", help="at least one measure could score it"),
    report.LatentGroup(name="not scored", mark="ring", help="too few stimuli excite it"),
    report.LatentGroup(name="silent", mark="none", help="no stimulus excites it"),
)


def _of_all(result: Evaluation, values: np.ndarray) -> np.ndarray:
    """Return scores of scored latents as those of all, NaN for the others."""
    found = np.full(result.codes.shape[1], np.nan)
    found[result.latents] = values
    return found


def _parts(result: Evaluation, given: Any, names: np.ndarray) -> sparse.LatentParts | None:
    """Return what is known of the parts of the stimuli: given, their trials, or their own."""
    own = result.responses
    return sparse.parts_shown(
        result.dictionaries[0],
        result.codes,
        names,
        result.rows,
        given=own if given is None and own.repeats is not None else given,
        by=result.config.by,
    )


def _details(
    result: Evaluation, latents: Sequence[int], parts: sparse.LatentParts | None
) -> Iterator[report.LatentDetail]:
    names = result.responses.units
    for view in sparse.latent_views(
        result.codes, result.dictionaries[0].atoms, latents, parts=parts
    ):
        units = view.named_units(names)
        braid = report.Braid(system="the system", units=units, spread=view.spread)
        yield report.LatentDetail.of(view, [braid])
