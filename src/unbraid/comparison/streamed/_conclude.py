"""The conclusion of a comparison by stream: differences, verdict, warnings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unbraid.align import Score
from unbraid.comparison._comparison import Comparison
from unbraid.comparison._config import CompareConfig
from unbraid.comparison._order import doubts
from unbraid.comparison.controls._which import is_prediction
from unbraid.comparison.dictionaries._given import Given, warnings_of_given
from unbraid.comparison.dictionaries._surplus import warnings_of_surplus
from unbraid.comparison.dictionaries._system import Pair, forward, side_of, targets
from unbraid.comparison.scores._changes import changes
from unbraid.comparison.streamed._answer import Streamed
from unbraid.comparison.streamed._learned import Material
from unbraid.comparison.streamed._split import RowSplit
from unbraid.comparison.streamed._systems import RowSource
from unbraid.comparison.verdict._grounds import grounds_of
from unbraid.comparison.verdict._verdict import verdict
from unbraid.comparison.verdict._warn import (
    bound,
    warnings_of,
    warnings_of_joining,
    warnings_of_scores,
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Found:
    """Everything that the conclusion rests on."""

    systems: tuple[RowSource, RowSource]
    rows: RowSplit
    lifted: tuple[Pair, ...]
    shown: np.ndarray
    materials: tuple[Material, Material]
    scores: tuple[Score, ...]
    streamed: Streamed


def concluded(
    found: Found, config: CompareConfig, names: tuple[str, str], given: Given | None
) -> Comparison:
    """Return the answer without what made it."""
    lifted, scores, rows = found.lifted, found.scores, found.rows
    way, after = forward(lifted), targets(lifted)

    def find(metric: str, source: str, target: str) -> list[Score]:
        asked = (metric, source, target, way)
        return [s for s in scores if (s.metric, s.source, s.target, s.systems) == asked]

    shown = (found.materials[0].shown, found.materials[1].shown)
    n_units = (found.systems[0].shape[1], found.systems[1].shape[1])
    noted = [*filter(None, [rows.line.sentence()]), *_of_stream(found, names)]
    if rows.wholes:
        noted.append(
            f"The {len(rows.rows)} alignment rows are parts of {rows.wholes} stimuli, by their "
            "ids: parts of one stimulus stay together, and intervals are for other stimuli."
        )
    beyond, needs = False, []
    for side in (0, 1):
        of_side = side_of(lifted, side)
        if of_side:
            needed = bound(of_side, None)
            beyond = beyond or n_units[side] < needed[0]
            needs.append(needed[0])
            noted += warnings_of(names[side], of_side, n_units[side], needed)
    if len(needs) == len(n_units):
        noted += warnings_of_joining([side.toarray() for side in shown], needs)
    noted += warnings_of_surplus(config.scored[0], lifted[0], scores, names)
    known = rows.apart and config.learned_from == "train"
    noted += warnings_of_given(names, given, shown, rows.apart, known)
    made = changes(config.scored, find, config.level, after)
    grounds = grounds_of(config.scored[0], lifted, scores, beyond)
    unsure = {**of_prediction(config, after), **doubts(rows.line, scores, way)}
    stimuli, places = found.systems[0].stimuli, rows.rows[found.shown]
    return Comparison(
        config=config,
        scores=scores,
        changes=made,
        verdict=verdict(config.scored, made, grounds, unsure, after),
        warnings=tuple(noted + warnings_of_scores(scores)),
        lifted=lifted,
        names=names,
        stimuli=places.astype(str) if stimuli is None else np.asarray(stimuli)[places],
        rows=places,
        groups=None if rows.groups is None else rows.groups[found.shown],
        feature_names=(),
        n_train=(len(rows.learned),) * 2 if rows.apart else (0, 0),
        n_units=n_units,
        predictions=(),
        provenance={},
        streamed=found.streamed,
    )


def _of_stream(found: Found, names: tuple[str, str]) -> list[str]:
    """Return what a reader must know of scores from moments."""
    how, n_learn = found.streamed, len(found.rows.learned)
    lines = [
        f"Scored block by block from the moments of {how.n:,} stimuli in {how.n_groups} groups, "
        f"whose deletion gives the intervals. Left out: {'; '.join(how.left_out)}."
    ]
    if how.n_shown < how.n:
        lines.append(
            f"Codes on pages, matched latents, l0 and unexplained variance are of {how.n_shown:,} "
            "scored stimuli, drawn at random."
        )
    for name, count, of in zip(names, how.sampled, how.learned_from, strict=True):
        if count == n_learn:
            continue
        whole = f"{n_learn:,} training stimuli, drawn at random"
        if of == count:
            lines.append(
                f"{name}: its method reads all stimuli at once, so that dictionaries were learned "
                f"from {count:,} of the {whole}; an autoencoder (TopK) learns from all."
            )
        else:
            lines.append(f"{name}: controls were learned from {count:,} of the {whole}.")
    return lines


def of_prediction(config: CompareConfig, after: Sequence[str]) -> dict[tuple[str, str], str]:
    """Return why no gain of prediction can be claimed, as ``doubts`` do."""
    why = "since no wide random expansion was compared with it"
    return {
        (name, f"codes->{target}"): why
        for name in config.scored
        if is_prediction(name)
        for target in after
    }
