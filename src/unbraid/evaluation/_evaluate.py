"""How interpretable a system's codes are, beside its units and what could explain them away."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np

from unbraid import _validate, stats
from unbraid._answers import made_with
from unbraid._config import configured
from unbraid._progress import Progress, part, progress_to
from unbraid._severity import most_serious_first
from unbraid.errors import InputError
from unbraid.evaluation._baselines import (
    BASELINES,
    Activations,
    GivenToBaselines,
    baselines_of,
    made,
    plain,
)
from unbraid.evaluation._config import EvaluateConfig
from unbraid.evaluation._evaluation import Evaluation
from unbraid.evaluation._given import dictionaries_of, known_at, known_of, split, untrained_of
from unbraid.evaluation._measures import MEASURES, SMALLER_IS_BETTER, Known
from unbraid.evaluation._side_score import BaselineContrast, SideScore, contrast
from unbraid.evaluation._verdict import verdict
from unbraid.responses import Responses, as_responses

_LEARNING = 0.3  # share of the work that is learning
_DENSE = ("base", "untrained_units", "random_directions", "ica")


def evaluate(
    learned: Any,
    x: Any,
    config: EvaluateConfig | None = None,
    *,
    embeddings: Any = None,
    judge: Any = None,
    labels: Any = None,
    features: Any = None,
    parents: Any = None,
    x_train: Any = None,
    x_untrained: Any = None,
    rng: int | np.random.Generator | None = 0,
    progress: bool | None | Progress = None,
    **options: Any,
) -> Evaluation:
    """How interpretable codes are, beside the raw units and every baseline.

    Parameters
    ----------
    learned : Dictionary, sequence of Dictionaries, or Method
        A method is learned here, from three starts, on training stimuli alone.
    x : Responses or array of shape (n, p)
        Responses of the system that is judged.
    config : EvaluateConfig, optional
        All options; or give them one by one as keywords, e.g. ``measures="example_auc"``.
    embeddings : Responses or array of shape (n, d), optional
        Embeddings of the same stimuli by **another** system, whose cosines say what is alike.
    judge : Judge, optional
        In place of embeddings: ``interpret.similarity(s)``, ``interpret.pixels(pictures)``, ...
    labels : sequence of length n, optional
        One label per stimulus: for label purity; and the judge, where no other is given.
    features : Responses or array of shape (n, c), optional
        Known features or concepts, present where above 0; and the judge, where no other is given.
    parents : array of shape (c,), optional
        Parent of each feature, -1 for none: for absorption.
    x_train : Responses or array of shape (n_x, p), optional
        Responses to other stimuli, to learn the baselines (and dictionaries) from. Without them a
        share of the stimuli is set aside for it.
    x_untrained : Responses or array of shape (n, q), optional
        What an untrained copy of the system answers, row by row as ``x``. Its units, and the codes
        of a dictionary of them learned by the same method (for an imported dictionary: TopK of
        equal width and l0), become baselines. With ``x_train`` that dictionary learns from the
        stimuli that are scored, which favours it.
    rng : int, Generator or None
        Seed of the split, the dictionaries, the baselines and the measures.
    progress : bool or callable, optional
        Show progress on stderr, or report it to ``progress(message, share)``. By default it is
        shown where stderr is a terminal, and in notebooks.
    **options
        Options of ``EvaluateConfig``, in place of ``config``.

    Returns
    -------
    Evaluation
        Scores of every side unit by unit, contrasts with intervals, one sentence of verdict.

    Raises
    ------
    InputError
        Nothing that says which stimuli are alike; fewer than 40 stimuli to score; rows that cannot
        be matched.

    Notes
    -----
    A dictionary that is given may have been learned from the stimuli that score it; a method is
    not. Cost: one training per seed and three for the baselines, and about
    ``n m (d + log n)`` a measure and side.

    Examples
    --------
    >>> import numpy as np
    >>> import unbraid as ub
    >>> rng = np.random.default_rng(0)
    >>> z = rng.uniform(0.5, 1.5, (800, 12)) * (rng.random((800, 12)) < 0.1)
    >>> result = ub.evaluate(ub.SparseCoding(n_latents=12), z @ rng.normal(size=(12, 8)),
    ...                      features=z, measures="best_unit", baselines=(), seeds=1)
    >>> result.verdict.tone
    'gain'
    """
    config = configured(EvaluateConfig, config, options)
    started, seed = time.perf_counter(), rng if isinstance(rng, int) else None
    rng = _validate.as_rng(rng)
    split_rng, learn_rng, beside_rng, score_rng = rng.spawn(4)
    values = as_responses(x)
    told: list[str] = []
    known = known_of(values, embeddings, judge, labels, features, parents)
    train, rows = split(values, x_train, config, split_rng)
    scored, known = values.take(rows), known_at(known, rows)
    untrained = untrained_of(values, x_untrained, rows, apart=x_train is not None)
    names = baselines_of(config, bool(untrained))
    with warnings.catch_warnings(record=True) as caught, progress_to(progress) as tell:
        warnings.simplefilter("always", RuntimeWarning)
        dictionaries = dictionaries_of(
            learned, train, config, learn_rng, part(tell, 0.0, _LEARNING)
        )
        codes = [each.encode(scored, by=config.by) for each in dictionaries]
        beside = GivenToBaselines(
            train=train, scored=scored, dictionary=dictionaries[0], codes=codes[0], by=config.by,
            untrained=untrained,
        )  # fmt: skip
        sides: dict[str, list[Activations]] = {
            "base": [plain(scored, scored)],
            "codes": [
                Activations(values=plain(of, scored).values, dictionary=each, units=scored)
                for each, of in zip(dictionaries, codes, strict=True)
            ],
        }
        for name, own in zip(names, beside_rng.spawn(len(names)), strict=True):
            tell(BASELINES[name].title, _LEARNING)
            found_of, why_not = made(name, beside, own)
            told += [why_not] if why_not else []
            if found_of is not None:
                sides[name] = [found_of]
        drawn = int(score_rng.integers(2**31))
        scores, latents = _score_all(sides, known, config, drawn, tell)
    told += _order_said(scored, known)
    found = _contrasts(scores)
    headline = {s.side: s for s in scores if s.measure == scores[0].measure}
    said = verdict(headline, [c for c in found if c.measure == scores[0].measure])
    return Evaluation(
        config=config,
        scores=tuple(scores),
        contrasts=tuple(found),
        verdict=said,
        warnings=tuple(most_serious_first([*told, *(str(w.message) for w in caught)])),
        dictionaries=tuple(dictionaries),
        codes=codes[0],
        latents=latents,
        responses=scored,
        rows=rows,
        n_train=len(train),
        provenance={
            **made_with(config),
            "seed": seed,
            "judge": known.judge.name,
            "x": dict(values.made_by),
            "seconds": round(time.perf_counter() - started, 1),
        },
    )


def _score_all(
    sides: dict[str, list[Activations]],
    known: Known,
    config: EvaluateConfig,
    seed: int,
    tell: Progress,
) -> tuple[list[SideScore], np.ndarray]:
    """Return the scores, measure by measure, and which columns of the codes they are of."""
    kept = {
        name: [_some(each.values, config.most_units, seed) for each in of]
        for name, of in sides.items()
    }
    wanted = [name for name in config.measures if known.of(MEASURES[name].needs) is not None]
    if not wanted:
        raise InputError(
            f"None of the measures ({', '.join(config.measures)}) can be run on what is known: "
            "label_purity needs labels, concepts need features, absorption parents too."
        )
    wanted.sort(key=lambda name: name in SMALLER_IS_BETTER)  # the first is the headline
    if wanted[0] in SMALLER_IS_BETTER:
        raise InputError(
            f"{', '.join(wanted)} say what codes lose, not how interpretable they are: add a "
            "measure such as best_unit, which the verdict is about."
        )
    scores: list[SideScore] = []
    for i, measure in enumerate(wanted):
        needed = known.of(MEASURES[measure].needs)
        for name, of in kept.items():
            if MEASURES[measure].for_codes_alone and name in _DENSE:
                continue
            whole = MEASURES[measure].of_dictionaries
            if whole and sides[name][0].dictionary is None:
                continue
            tell(f"{measure} of {name}", _LEARNING + (1 - _LEARNING) * i / len(wanted))
            found = tuple(
                MEASURES[measure].compute(each, needed, np.random.default_rng(seed))
                for each in (sides[name] if whole else [some for some, _ in of])
            )
            scores.append(SideScore(side=name, measure=measure, seeds=found))
    tell("scored", 1.0)
    return scores, kept["codes"][0][1]


def _some(values: Responses, most: int, seed: int) -> tuple[Responses, np.ndarray]:
    """Return at most so many columns, drawn at random, and which."""
    m = values.shape[1]
    if m <= most:
        return values, np.arange(m)
    columns = np.sort(np.random.default_rng(seed).permutation(m)[:most])
    return Responses(values.values[:, columns], stimuli=values.stimuli), columns


def _contrasts(scores: list[SideScore]) -> list[BaselineContrast]:
    codes = {score.measure: score for score in scores if score.side == "codes"}
    return [
        contrast(codes[score.measure], score)
        for score in scores
        if score.side != "codes" and score.measure not in SMALLER_IS_BETTER
    ]


def _order_said(scored: Responses, known: Known) -> list[str]:
    alike = known.judge.embeddings
    if alike is None or not stats.order_of(scored.toarray(), alike).in_time:
        return []
    return [
        "The units and the judge both depend on their order in time: neighbouring stimuli are "
        "alike to both, so that any slow unit is above chance. Compare sides with each other, not "
        "with chance."
    ]
