"""How interpretable each latent is, to the other system or to a judge that is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unbraid import interpret
from unbraid.comparison._split import Split
from unbraid.comparison.dictionaries._system import Pair
from unbraid.comparison.verdict._one_system import is_one_system
from unbraid.errors import InputError
from unbraid.interpret import Judge, UnitScores
from unbraid.responses import Codes, Responses, as_responses, follow

_MOST_CODES = 2.0**28  # codes, silent ones counted, that are ranked at most: half a minute

Judges = tuple[Judge | None, Judge | None]
"""What judges the latents of x, and what those of y."""


def judges_of(judge: Any, x: Any, parts: Split, names: tuple[str, str]) -> Judges:
    """Return what judges each side's latents: what was given, or the other system's units.

    Where both sides are one system, its own units would find meanings that do not exist: None.
    """
    if judge is not None:
        given, responses = interpret.as_judge(judge), as_responses(x)
        numbered = Responses(np.arange(len(given))[:, None], stimuli=given.stimuli)
        rows = follow(responses, numbered, "judge").toarray()[:, 0].astype(int)
        found = given.take(rows[parts.rows])
        return found, found
    if is_one_system(parts.x, parts.y):
        return None, None
    return _by_units(parts.y, names[1]), _by_units(parts.x, names[0])


def interpretability(
    judges: Judges, pair: Pair, seed: int, tell: Callable[[str, float], None]
) -> tuple[UnitScores | None, UnitScores | None]:
    """Return the intrusion score of every latent of one seed's dictionaries, side by side.

    None for a side without dictionary or judge, or with more codes than can be ranked in time.
    """
    found: list[UnitScores | None] = []
    for side, (judge, lifted) in enumerate(zip(judges, pair, strict=True)):
        if judge is None or lifted is None or _too_many(lifted.codes):
            found.append(None)
            continue
        tell("interpretability of latents", side / 2)
        found.append(interpret.intrusion(Responses(lifted.codes.values), judge, rng=seed))
    return found[0], found[1]


def _too_many(codes: Codes) -> bool:
    n, m = codes.shape
    return float(n) * m > _MOST_CODES


def _by_units(system: Responses, name: str) -> Judge | None:
    """Return the judge of a system's units; None where they tell no stimuli apart."""
    try:
        return interpret.embeddings(system, name=f"units of {name}")
    except InputError:
        return None
