"""Constants that an inference needs beside the atoms, learned once and kept in the dictionary."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from unbraid.sparse.inference._asked import By
from unbraid.sparse.inference._codes_by import needed_encoder
from unbraid.sparse.inference._infer import Choice, choose_inference, choose_l0, normalised
from unbraid.sparse.inference._monte_carlo_em import PRIOR_ROWS, fitted_prior
from unbraid.sparse.training._source import spaced

if TYPE_CHECKING:
    from unbraid.sparse._dictionary import Dictionary

D = TypeVar("D", bound="Dictionary")


def prepared(learned: D, values: np.ndarray, by: By) -> D:
    """Return the dictionary with the penalty, floor or prior that ``by`` needs, if it lacks it."""
    if by == "encoder":
        needed_encoder(learned)
    if by == "posterior" and learned.prior is None:
        rows = values[spaced(np.arange(len(values)), PRIOR_ROWS)]
        prior = fitted_prior(learned.centred(rows), learned.atoms, learned.signed)
        return replace(learned, prior=prior)
    if by == "fista" and learned.penalty is None:
        return replace(learned, penalty=chosen_penalty(learned, values).problem.penalty)
    if by == "l0" and not learned.floor:
        atoms, x = _unit_atoms(learned, values)
        return replace(learned, floor=choose_l0(x, atoms, signed=learned.signed).problem.least)
    return learned


def chosen_penalty(learned: Dictionary, rows: np.ndarray) -> Choice:
    """Return the lasso that best predicts units of ``rows`` which it was not shown."""
    atoms, x = _unit_atoms(learned, rows)
    return choose_inference(x, atoms, k=1, by="fista", signed=learned.signed)


def _unit_atoms(learned: Dictionary, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the atoms at unit length, and responses without the offset."""
    atoms, _ = normalised(learned.atoms)
    return atoms, np.ascontiguousarray(learned.centred(rows), atoms.dtype)
