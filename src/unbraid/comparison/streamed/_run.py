"""A whole comparison of two systems that are read by workers."""

from __future__ import annotations

import time
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from unbraid._answers import made_with
from unbraid._progress import Progress, part
from unbraid.align import Score
from unbraid.comparison._comparison import Comparison
from unbraid.comparison._config import CompareConfig
from unbraid.comparison.dictionaries._given import Given, check_given, given_of
from unbraid.comparison.dictionaries._seeded import of_each_seed
from unbraid.comparison.dictionaries._system import Lifted, Pair
from unbraid.comparison.streamed._answer import Streamed
from unbraid.comparison.streamed._conclude import Found, concluded
from unbraid.comparison.streamed._learned import Learned, Material, learned, of_given
from unbraid.comparison.streamed._pass import summed
from unbraid.comparison.streamed._plan import checked, plans_of
from unbraid.comparison.streamed._scores import PassScores, scores_of, wanted
from unbraid.comparison.streamed._split import RowSplit, sample_of, split_rows
from unbraid.comparison.streamed._systems import RowSource, systems_of
from unbraid.stats._many_moments import ManyMoments

_FITTING = 0.4  # share of the work that learning stands for
_LEFT_OUT = (
    "the wide random expansion (so that no gain of prediction is claimed)",
    "how interpretable latents are",
    "whether stimuli were shown twice, or units are redundant",
)


def streamed_comparison(
    x: Any, y: Any, config: CompareConfig, on: Any, *, dictionaries: Any, groups: Any,
    names: tuple[str, str], seed: int | None, rng: np.random.Generator, tell: Progress,
) -> Comparison:  # fmt: skip
    """Return the comparison that ``compare(..., on=workers)`` gives."""
    started = time.perf_counter()
    config, unscored = checked(config)
    split_rng, lift_rng, score_rng = rng.spawn(3)
    extra = rng.spawn(3)  # what a comparison in memory does not draw
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        given = given_of(dictionaries, config)
        systems = systems_of(x, y)
        rows = split_rows(*systems, groups, config, split_rng, learns=given is None)
        if given is not None:
            sides: Any = systems
            check_given(given, *sides)
        shown = rows.shown(extra[0])
        first, second = (
            _material(number, system, rows, shown, extra[1].spawn(1)[0])
            for number, system in enumerate(systems)
        )
        pairs = _learned((first, second), config, given, lift_rng, part(tell, 0.0, _FITTING))
        way = "x->y" if given is None or given.x else "y->x"
        drawn = int(score_rng.integers(2**31)), way
        passes = wanted(pairs, config, way)
        plans, fold = plans_of(systems, rows, passes, config, way, extra[2])
        of_groups = fold, rows.folds.blocks is not None
        found: dict[tuple[int, int], Score] = {}
        lifted: list[Pair] = []
        for number, (one, plan) in enumerate(zip(passes, plans, strict=True)):
            share = (1 - _FITTING) / len(passes)
            begin = _FITTING + number * share
            rest = part(tell, begin + 0.7 * share, begin + share)
            moments = summed(plan, on, part(tell, begin, begin + 0.7 * share))
            found |= scores_of(one, moments, of_groups, config, drawn, rows.line.has_null, rest)
            lifted.append(_lifted(pairs[number], one, moments, number))
        streamed = Streamed(
            n=len(rows.rows), n_groups=len(fold), n_shown=len(shown),
            learned_from=(_learned_from(pairs, 0), _learned_from(pairs, 1)),
            sampled=(len(first.sample), len(second.sample)),
            n_bytes=max(plan.n_bytes for plan in plans),
            left_out=(*unscored, *_LEFT_OUT),
        )  # fmt: skip
        result = concluded(
            Found(systems=systems, rows=rows, lifted=tuple(lifted), shown=shown,
                   materials=(first, second), streamed=streamed,
                   scores=tuple(found[key] for key in sorted(found))),
            config, names, given,
        )  # fmt: skip
    said = {line for each in result.scores for line in each.warnings}
    said |= {
        line for pair in result.lifted for one in pair if one is not None
        for line in one.dictionary.evidence.warnings
    }  # fmt: skip
    told = {f"{each.metric}: {line}" for each in result.scores for line in each.warnings} | said
    made = made_with(config) | {
        system.name: {"sha256": system.sha256(), **system.made_by} for system in systems
    }
    made |= {"seed": seed, "given": given is not None}
    made["seconds"] = round(time.perf_counter() - started, 1)
    lines = [*result.warnings, *(str(w.message) for w in caught if str(w.message) not in told)]
    return replace(result, provenance=made, warnings=()).with_warnings(dict.fromkeys(lines))


def _material(
    number: int, system: RowSource, rows: RowSplit, shown: np.ndarray, rng: np.random.Generator
) -> Material:
    drawn = sample_of(rows.learned, system.shape[1], rng)
    sample = system.take(drawn)
    return Material(
        system=number,
        whole=system.part(rows.learned) if len(drawn) < len(rows.learned) else sample,
        sample=sample,
        shown=system.take(rows.rows[shown]),
    )


def _learned_from(pairs: list[tuple[Learned | None, Learned | None]], side: int) -> int:
    """Return how many stimuli a system's dictionaries learned from, 0 where they were given."""
    return max((one.learned_from for pair in pairs if (one := pair[side]) is not None), default=0)


def _learned(
    materials: tuple[Material, Material], config: CompareConfig, given: Given | None,
    rng: np.random.Generator, tell: Progress,
) -> list[tuple[Learned | None, Learned | None]]:  # fmt: skip
    """Learn both systems' dictionaries, once for each seed, or take what is given."""
    methods = [config.method, config.method]

    def one(seed: int, number: int, own: np.random.Generator, told: Progress) -> Learned | None:
        if given is None:
            each = learned(materials[number], methods[number], config, own, told)
            methods[number] = each.dictionary.method
            return each
        dictionary = given.pair(seed)[number]
        return None if dictionary is None else of_given(materials[number], dictionary, config, own)

    return list(of_each_seed(config.seeds if given is None else len(given), rng, tell, one))


def _lifted(
    pair: tuple[Learned | None, Learned | None], one: PassScores, moments: ManyMoments, seed: int
) -> Pair:
    """Return both systems' dictionaries, with how many latents were silent on all stimuli."""
    found: list[Lifted | None] = []
    for name, each in zip("xy", pair, strict=True):
        if each is None:
            found.append(None)
            continue
        least, most = moments.sums[one.keys.index((name, "codes", seed))][2:]
        dead = float(np.mean(most.max(axis=0) <= least.min(axis=0)))
        found.append(Lifted(dictionary=each.dictionary, codes=each.codes, fvu=each.fvu, dead=dead))
    return found[0], found[1]
