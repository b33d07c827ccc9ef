"""Both systems under every seed, each with a stream and a share of the progress of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np

from unbraid._progress import Progress, part

T = TypeVar("T")


def of_each_seed(
    count: int,
    rng: np.random.Generator,
    tell: Progress,
    one: Callable[[int, int, np.random.Generator, Progress], T],
) -> Iterator[tuple[T, T]]:
    """Yield ``one(seed, system, rng, tell)`` of both systems (0 and 1), once for each seed."""
    for seed, seeded in enumerate(rng.spawn(count)):
        both = []
        for number, name in enumerate("xy"):
            what = f"dictionary of {name}, seed {seed + 1} of {count}"
            begin, end = ((2 * seed + number + i) / (2 * count) for i in (0, 1))
            tell(what, begin)
            told = part(tell, begin, end, f"{what}: ")
            both.append(one(seed, number, seeded.spawn(1)[0], told))
        yield both[0], both[1]
