"""Codes of one system, or of several together, on stimuli that nothing was learned from."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from unbraid import sparse
from unbraid._progress import silent
from unbraid.sharing.learning._learn import learn
from unbraid.sharing.systems._stack import matched
from unbraid.studies.known_truth._known import fit


def joined_codes(
    training: Sequence[np.ndarray],
    tested: Sequence[np.ndarray],
    method: sparse.Method,
    rng: np.random.Generator,
) -> Any:
    """Return codes (n, m) of tested stimuli: of one system by ``fit``, of more by ``joint``."""
    if len(training) == 1:
        return fit(training[0], method, rng).encode(tested[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        learned = learn(
            matched({str(number): x for number, x in enumerate(training)}), method, rng, silent
        )
    x = learned.scale.apply(np.hstack(tested)).astype(learned.coder.atoms.dtype, copy=False)
    return learned.coder.floored(learned.coder.codes(x))


def wrongly_paired(systems: Sequence[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """Return the systems with the rows of all but the first permuted."""
    return [systems[0], *(x[rng.permutation(len(x))] for x in systems[1:])]
