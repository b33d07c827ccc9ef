"""Both systems under every dictionary: learned, or given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from unbraid._progress import Progress
from unbraid.comparison._config import CompareConfig
from unbraid.comparison._split import Split
from unbraid.comparison.controls._made import Side, is_frozen
from unbraid.comparison.dictionaries._given import Given
from unbraid.comparison.dictionaries._seeded import of_each_seed
from unbraid.comparison.dictionaries._system import Lifted, Pair, lift, lift_given
from unbraid.errors import InputError
from unbraid.responses import as_responses, follow


def sides_of(
    parts: Split, config: CompareConfig, given: bool, x: Any, untrained: tuple[Any, Any]
) -> tuple[Side, Side]:
    """Return what each system's dictionaries and controls learn from.

    ``x``: the first system as given to ``compare``, whose rows the untrained copies follow.
    """
    frozen = is_frozen(config, parts, given)
    if frozen and not parts.apart:
        raise InputError(
            "frozen controls need responses to learn from: give x_train and y_train, "
            "or train_share."
        )
    if untrained[0] is None and untrained[1] is not None:
        raise InputError("y_untrained needs x_untrained: give both.")
    first = as_responses(x, "x")
    found = []
    for name, train, scored, copy in zip(
        "xy", (parts.x_train, parts.y_train), (parts.x, parts.y), untrained, strict=True
    ):
        pair = None
        if copy is not None:
            followed = follow(first, copy, f"{name}_untrained")
            seen = followed.take(parts.rows)
            pair = (followed.take(parts.learned) if len(parts.learned) else seen, seen)
        found.append(Side(train=train, scored=scored, frozen=frozen, untrained=pair))
    return found[0], found[1]


def lift_all(
    sides: tuple[Side, Side],
    config: CompareConfig,
    given: Given | None,
    rng: np.random.Generator,
    tell: Progress,
) -> Iterator[Pair]:
    """Lift both systems, once for each seed: learn from a start of its own, or take what is given.

    A single dictionary that is paired with several of the other system encodes once.
    """
    methods = [config.method, config.method]
    last: list[Lifted | None] = [None, None]

    def one(seed: int, number: int, own: np.random.Generator, told: Progress) -> Lifted | None:
        if given is None:
            each = lift(sides[number], methods[number], config, own, told)
            methods[number] = each.dictionary.method  # the other seeds use what "auto" chose
            return each
        dictionary, before = given.pair(seed)[number], last[number]
        if dictionary is None:
            last[number] = None
        elif before is None or before.dictionary is not dictionary:
            last[number] = lift_given(sides[number], dictionary, config, own)
        return last[number]

    yield from of_each_seed(config.seeds if given is None else len(given), rng, tell, one)
