"""Latents of all grades of interpretability, each beside the unit most like it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from unbraid import report
from unbraid._answers import Pictures, pictures_of
from unbraid.evaluation._side_score import title_of
from unbraid.interpret import feature_correlations

if TYPE_CHECKING:
    from unbraid.evaluation._evaluation import Evaluation

# Latents from best to worst, and stimuli each: what a person looks through
_SHOWN, _STIMULI = 12, 6


def latents_and_units(result: Evaluation, pictures: Any = None) -> report.MatchedUnits:
    """Return latents from the most to the least interpretable, in equal steps of rank.

    Beside each stands the raw unit that correlates with it most.
    """
    shown = pictures_of(pictures, result.responses.stimuli, result.rows, "evaluate")
    scores = result.find("codes").seeds[0]
    ranked = np.argsort(-scores.values, kind="stable")[: int(scores.scored.sum())]
    picked = ranked[np.unique(np.linspace(0, len(ranked) - 1, _SHOWN).round().astype(int))]
    picked = picked if len(ranked) else ranked
    codes = result.codes.values.tocsc()[:, result.latents[picked]]
    units = result.responses.toarray()
    r = feature_correlations(units, codes.toarray()) if len(picked) else None
    pairs = []
    for i, index in enumerate(picked):
        if r is None:
            break
        best = int(np.abs(r[:, i]).argmax())
        column = codes[:, [i]].toarray()[:, 0]
        sign = 1.0 if r[best, i] >= 0 else -1.0
        active = int((column != 0).sum())
        pairs.append(
            report.MatchedPair(
                r=float(scores.values[index]),
                source=_view(
                    result,
                    f"latent {result.latents[index]}",
                    f"active on {active / len(column):.1%} of the stimuli",
                    column,
                    shown,
                ),
                target=_view(
                    result,
                    f"{'minus ' if sign < 0 else ''}unit {_unit_name(result, best)}",
                    f"r {abs(r[best, i]):.2f} with the latent",
                    sign * units[:, best],
                    shown,
                ),
            )
        )
    median = float(np.median(scores.values[scores.scored])) if len(ranked) else float("nan")
    return report.MatchedUnits(
        title="Latents of every grade, beside the unit most like each",
        pairs=pairs,
        shown=4,
        measure=title_of(result.headline),
        caption=report.Caption(
            finding=f"From the most to the least interpretable latent in equal steps of rank (not "
            f"a choice of the best); the median has {median:.2f}. Each strip: the stimuli that "
            "excite it most.",
            n=len(result.rows),
            seed=0,
        ),
    )


def _view(
    result: Evaluation, name: str, note: str, column: np.ndarray, pictures: Pictures | None
) -> report.UnitView:
    best = np.argsort(-column, kind="stable")[:_STIMULI]
    ids = result.responses.stimuli
    return report.UnitView(
        name=name,
        note=note,
        stimuli=[
            report.Stimulus(
                id=str(result.rows[i] if ids is None else ids[i]),
                activation=float(column[i]),
                image=None if pictures is None else pictures(int(i)),
            )
            for i in best
            if column[i] != 0
        ],
    )


def _unit_name(result: Evaluation, unit: int) -> str:
    names = result.responses.units
    return str(unit if names is None else names[unit])
