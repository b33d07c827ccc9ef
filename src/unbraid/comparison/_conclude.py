"""The conclusion of a comparison: differences, verdict, warnings."""

from __future__ import annotations

from dataclasses import replace

from unbraid.align import Score
from unbraid.comparison._comparison import Comparison
from unbraid.comparison._config import CompareConfig
from unbraid.comparison._order import doubts
from unbraid.comparison._split import Split
from unbraid.comparison.controls._wide_expansion import warnings_of_widths
from unbraid.comparison.dictionaries._surplus import warnings_of_surplus
from unbraid.comparison.dictionaries._system import Pair, forward, side_of, targets
from unbraid.comparison.dictionaries._truth import Truth
from unbraid.comparison.scores._changes import changes
from unbraid.comparison.verdict._clones import warnings_of_clones
from unbraid.comparison.verdict._grounds import grounds_of
from unbraid.comparison.verdict._one_system import (
    verdict_of_one,
    warnings_of_one,
)
from unbraid.comparison.verdict._predict import Prediction, predictions
from unbraid.comparison.verdict._verdict import verdict
from unbraid.comparison.verdict._warn import (
    bound,
    warnings_of,
    warnings_of_joining,
    warnings_of_scores,
    warnings_of_stimuli,
)
from unbraid.sparse import Correspondence


def concluded(
    parts: Split,
    lifted: tuple[Pair, ...],
    truth: Truth,
    scores: tuple[Score, ...],
    config: CompareConfig,
    names: tuple[str, str],
    latents: tuple[Correspondence, ...],
) -> Comparison:
    """Return the answer without what made it."""
    way, after = forward(lifted), targets(lifted)

    def find(metric: str, source: str, target: str) -> list[Score]:
        wanted = (metric, source, target, way)
        return [s for s in scores if (s.metric, s.source, s.target, s.systems) == wanted]

    n_units = (parts.x.shape[1], parts.y.shape[1])
    told = parts.line.sentence()
    beyond, noted = False, [*filter(None, [told]), *warnings_of_stimuli(parts)]
    needs: list[float] = []
    for side in (0, 1):
        of_side = side_of(lifted, side)
        if not of_side:
            continue
        needed = bound(of_side, truth.counts)
        beyond = beyond or n_units[side] < needed[0]
        needs.append(needed[0])
        noted += warnings_of(names[side], of_side, n_units[side], needed)
    if len(needs) == len(n_units):
        noted += warnings_of_joining([parts.x.toarray(), parts.y.toarray()], needs)
    noted += warnings_of_surplus(config.scored[0], lifted[0], scores, names)
    source = side_of(lifted, 0) or side_of(lifted, 1)
    noted += warnings_of_widths(source[0].controls.get("wide_expansion"))
    found = changes(config.scored, find, config.level, after)
    expected: tuple[Prediction, ...] = ()
    if truth.train is not None:
        expected = predictions(parts, lifted, truth.train, config.by, scores)
    grounds = grounds_of(config.scored[0], lifted, scores, beyond)
    if latents:
        said = verdict_of_one(latents, scores, config.scored[0], names)
    else:
        said = verdict(config.scored, found, grounds, doubts(parts.line, scores, way), after)
        noted += warnings_of_one(latents, parts, lifted)
        noted += warnings_of_clones(config.scored, parts, scores, names, way)
    first = [told] if parts.line.contiguous else []  # what voids the answer opens the sentence
    return Comparison(
        config=config,
        scores=scores,
        changes=found,
        verdict=replace(said, reasons=(*first, *said.reasons)),
        warnings=tuple(noted + warnings_of_scores(scores)),
        lifted=lifted,
        names=names,
        stimuli=parts.x.stimuli if parts.x.stimuli is not None else parts.rows.astype(str),
        rows=parts.rows,
        groups=parts.groups,
        feature_names=truth.names,
        n_train=(len(parts.x_train), len(parts.y_train)) if parts.apart else (0, 0),
        n_units=n_units,
        predictions=expected,
        correspondences=latents,
        provenance={},
    )
