"""One system under two dictionaries: what the answer says in place of a gain over units."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from unbraid._answers import Verdict
from unbraid._progress import Progress
from unbraid.align import Score
from unbraid.comparison._split import Split
from unbraid.comparison.dictionaries._system import Lifted, Pair
from unbraid.comparison.scores._seed_means import mean_over_seeds
from unbraid.responses import Responses
from unbraid.sparse.evidence.splitting.correspondence import (
    Correspondence,
    of_codes,
    said_of,
)

TONE = "one system"
_MOST = 16_384  # latents of a side, beyond which this takes longer than all scores


def pairs_of_one(parts: Split, lifted: Sequence[Pair]) -> list[tuple[Lifted, Lifted]]:
    """Return the pairs of dictionaries, one per seed, where both sides answer alike to the bit.

    None where one side has no dictionary, or the sides are two systems.
    """
    pairs = [(one, other) for one, other in lifted if one is not None and other is not None]
    return pairs if pairs and is_one_system(parts.x, parts.y) else []


def is_one_system(x: Responses, y: Responses) -> bool:
    """Return whether both sides answer alike to the bit."""
    return x.shape == y.shape and np.array_equal(x.toarray(), y.toarray())


def correspondences(
    parts: Split, lifted: Sequence[Pair], tell: Progress
) -> tuple[Correspondence, ...]:
    """Return what became of the latents, one answer a seed; none where two systems were given."""
    pairs = pairs_of_one(parts, lifted)
    found = []
    for number, pair in enumerate(pairs):
        tell("looking for split and absorbed latents", number / len(pairs))
        if max(each.codes.shape[1] for each in pair) > _MOST:
            return ()
        random = [each.controls["random_dictionary"] for each in pair]
        atoms = [each.dictionary.atoms for each in pair]
        found.append(of_codes([each.codes for each in pair], parts.folds, atoms, random))
    return tuple(found)


def verdict_of_one(
    found: Sequence[Correspondence],
    scores: Sequence[Score],
    headline: str,
    names: tuple[str, str],
) -> Verdict:
    """Return how many latents both dictionaries hold, beside random directions and other seeds."""
    first = found[0]
    shares = [each.first.count("shared") / len(each.first) for each in found]
    chance = first.first.chance.get("shared", math.nan)
    sentence = (
        f"Two dictionaries of one system: of {names[0]} {said_of(first.first)}; of {names[1]} "
        f"{said_of(first.second)}."
    )
    reasons = [
        f"Beside random directions in place of {names[1]}, {chance:.0%} of {names[0]}'s latents "
        f"would be called shared, {first.first.chance.get('split', math.nan):.0%} split and "
        f"{first.first.chance.get('absorbed', math.nan):.0%} absorbed."
    ]
    if len(found) > 1:
        reasons.append(
            f"Over {len(found)} seeds {min(shares):.0%} to {max(shares):.0%} of {names[0]}'s "
            "latents are shared."
        )
    agreed, random = (
        [s for s in scores if (s.metric, s.source, s.target) == (headline, side, side)
         and s.systems == "x->y"]
        for side in ("codes", "random_dictionary")
    )  # fmt: skip
    if agreed and random:
        reasons.append(
            f"Codes agree to {mean_over_seeds(agreed)[0]:.2f} ({headline.replace('_', '-')}), two "
            f"random dictionaries of the same rule to {mean_over_seeds(random)[0]:.2f}; the units "
            "are the same, so that no gain over them can be."
        )
    return Verdict(tone=TONE, sentence=sentence, reasons=tuple(reasons))


def warnings_of_one(
    found: Sequence[Correspondence], parts: Split, lifted: Sequence[Pair]
) -> list[str]:
    """Return a line where there are too many latents to say what became of each."""
    pairs = [] if found else pairs_of_one(parts, lifted)
    if not pairs:
        return []
    most = max(each.codes.shape[1] for each in pairs[0])
    return [
        f"Both sides answer alike, so that these are dictionaries of one system; with {most:,} "
        f"latents (more than {_MOST:,}) it was not looked which are split or absorbed."
    ]
