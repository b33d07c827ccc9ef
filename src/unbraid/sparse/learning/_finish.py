"""What every learning ends with: validation stimuli, and a dictionary that encodes by the lasso."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._evidence import Evidence
from unbraid.sparse._method import Method
from unbraid.sparse.inference._floor import learned_floor
from unbraid.sparse.inference._lasso_and_pursuit import codes_from_units, judging_rows
from unbraid.sparse.learning._alternating import code
from unbraid.sparse.learning._candidate import Draft, draft
from unbraid.sparse.learning._start import spread
from unbraid.sparse.training._source import split

_JUDGES_LEAST, _JUDGES_MOST = 4, 800


def rough(wide: Dictionary, judged: np.ndarray, k: int) -> Draft:
    """Return a dictionary as a draft; an offset of exactly zero stays so."""
    atoms = np.ascontiguousarray(wide.atoms, judged.dtype)
    return draft(judged, atoms, wide.offset.astype(judged.dtype), k, wide.signed)


def scaled(x: np.ndarray) -> tuple[np.ndarray, float]:
    """Return ``x`` in single precision with unit root mean square about its mean, and the scale."""
    scale = spread(x)
    return np.ascontiguousarray(x / scale, np.float32), scale


def judges(x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to learn from and the fifth, 4 to 800, that judge; all, where too few."""
    rows, judged = split(x, min(0.2, _JUDGES_MOST / len(x)), rng)
    return rows, judged if len(judged) >= _JUDGES_LEAST else np.arange(len(x))


def finish(method: Method, best: Draft, judged: np.ndarray, scale: float) -> Dictionary:
    """Return a draft as a dictionary that encodes by the lasso; what counts the judges tell."""
    x, problem = judging_rows(judged - best.offset), best.choice.problem
    floor = learned_floor(x, best.atoms, partial(codes_from_units, x, best.atoms, problem))
    nothing = np.zeros_like(best.offset)
    turn = code(x, best.atoms, nothing, min(best.atoms.shape), best.penalty, best.signed)
    counts = (turn.active >= 0) & (np.abs(turn.codes) > floor)
    return Dictionary(
        atoms=best.atoms,
        offset=best.offset * best.offset.dtype.type(scale),
        method=method,
        by="fista",
        k=max(1, round(float(counts.sum(1).mean()))),
        penalty=best.penalty * scale,
        floor=floor * scale,
        signed=best.signed,
        evidence=replace(Evidence(), fvu_held_out_units=best.error),
    )
