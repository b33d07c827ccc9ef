"""A first answer while the rest is computed: scores of the units, and of the codes of one seed."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from unbraid import align
from unbraid._progress import SO_FAR
from unbraid.align import Score
from unbraid.comparison._config import CompareConfig
from unbraid.comparison._split import Split
from unbraid.comparison.dictionaries._system import Pair, forward


def so_far(units: Sequence[Score], pair: Pair, parts: Split, config: CompareConfig) -> str:
    """Return one line: the first metric of the units, and of the first seed's codes.

    Cost: one score without null and interval.
    """
    metric, way = config.scored[0], forward((pair,))
    before = next(s.value for s in units if s.metric == metric and s.systems == way)
    sides = [scored if one is None else one.codes
             for one, scored in zip(pair, (parts.x, parts.y), strict=True)]  # fmt: skip
    source, target = sides[::-1] if way == "y->x" else sides
    folds = parts.folds if config.protocol == "unbraid" else 5
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the score itself is computed later, and warns then
        bare = {"permutations": 0, "resamples": 0, "order": "exchangeable", "rng": 0}
        compute = align.METRICS[metric].compute
        after = compute(source, target, protocol=config.protocol, folds=folds, **bare)
    return (
        f"{SO_FAR}{metric} of units {before:.2f}, of codes {after.value:.2f} "
        "(one seed, no controls yet)"
    )
