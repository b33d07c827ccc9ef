"""The same networks together: MCC, and the agreement of disjoint groups of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from unbraid import interpret, sparse
from unbraid.studies.known_truth._known import value
from unbraid.studies.several._gain_sources import Recorded, Scores, expanded
from unbraid.studies.several._joined import joined_codes, wrongly_paired

Together = dict[tuple[str, int], list[float]]
"""What was measured, and how many networks together: its values."""


def together(
    nets: Sequence[Recorded], scores: Scores, options: Any, rng: np.random.Generator
) -> Together:
    """Return what one, two, four ... networks tell, by sparse coding of one width.

    *Agreement* is the semi-matching of codes of disjoint groups, beside that of random ReLU
    expansions of the groups' units; with the rows of all but the first network permuted there is a
    code that knows of one network alone.
    """
    training, tested = [net.training for net in nets], [net.tested for net in nets]
    truth = nets[0].truth
    method = sparse.SparseCoding(n_latents=options.n_latents)
    found: Together = {
        ("mcc", 1): list(scores["mcc", "sparse coding"].values()),
        ("agreement", 1): list(scores["semi_matching", "sparse coding"].values()),
        ("agreement of random relu", 1): list(scores["semi_matching", "random relu"].values()),
    }
    count = 2
    while count <= len(nets):
        groups = [slice(at, at + count) for at in range(0, len(nets) - count + 1, count)]
        codes = [joined_codes(training[g], tested[g], method, rng) for g in groups]
        found["mcc", count] = [interpret.mcc(each, truth) for each in codes]
        wide = [
            expanded(np.hstack(training[g]), np.hstack(tested[g]), options.n_latents, rng)
            for g in groups
        ]
        for name, sides in (("agreement", codes), ("agreement of random relu", wide)):
            if len(sides) > 1:
                found[name, count] = [value("semi_matching", *sides[:2], order="exchangeable")]
        count *= 2
    if len(nets) > 1:
        alone = joined_codes(wrongly_paired(training[:2], rng), tested[:2], method, rng)
        found["mcc, wrong pairing", 2] = [interpret.mcc(alone, truth)]
    return found
