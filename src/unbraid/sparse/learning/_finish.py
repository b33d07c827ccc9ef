"""What every learning ends with: validation stimuli, and a dictionary of the best candidate."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._evidence import Evidence
from unbraid.sparse._method import Method
from unbraid.sparse.inference._floor import learned_floor
from unbraid.sparse.inference._infer import codes_from_units, solved, validation_rows
from unbraid.sparse.learning._candidate import Candidate, candidate
from unbraid.sparse.learning._start import spread
from unbraid.sparse.training._source import split

# Fewer choose by chance; more cost time and choose the same
_VALIDATION_LEAST, _VALIDATION_MOST = 4, 800


def rough(wide: Dictionary, validation: np.ndarray) -> Candidate:
    """Return a dictionary as a candidate; an offset of exactly zero stays so."""
    atoms = np.ascontiguousarray(wide.atoms, validation.dtype)
    return candidate(validation, atoms, wide.offset.astype(validation.dtype), wide.signed)


def scaled(x: np.ndarray) -> tuple[np.ndarray, float]:
    """Return ``x`` in single precision with unit root mean square about its mean, and the scale."""
    scale = spread(x)
    return np.ascontiguousarray(x / scale, np.float32), scale


def validation_split(
    x: np.ndarray, rng: np.random.Generator, order: str = "auto"
) -> tuple[np.ndarray, np.ndarray]:
    """Return training rows and validation rows: a fifth, 4 to 800; all rows, where too few."""
    rows, validation = split(x, min(0.2, _VALIDATION_MOST / len(x)), rng, order)
    return rows, validation if len(validation) >= _VALIDATION_LEAST else np.arange(len(x))


def finish(method: Method, best: Candidate, validation: np.ndarray, scale: float) -> Dictionary:
    """Return a dictionary that encodes as the candidate does; validation stimuli decide its floor.

    That of ``l0`` is what a latent must explain there.
    """
    x, problem = validation_rows(validation - best.offset), best.choice.problem
    floor = problem.least
    if floor is None:
        floor = learned_floor(x, best.atoms, partial(codes_from_units, x, best.atoms, problem))
    active, codes, _ = solved(x, best.atoms, problem)
    counts = (active >= 0) & (np.abs(codes) > floor)
    return Dictionary(
        atoms=best.atoms,
        offset=best.offset * best.offset.dtype.type(scale),
        method=method,
        by=problem.by,
        k=max(1, round(float(counts.sum(1).mean()))),
        penalty=best.penalty * scale,
        floor=floor * scale,
        signed=best.signed,
        evidence=replace(Evidence(), fvu_held_out_units=best.error),
    )
