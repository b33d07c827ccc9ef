"""Rows that some systems miss: codes from the units at hand, atoms from the rows that have them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from unbraid.sharing.learning._infer import Coder
from unbraid.sharing.systems._stack import Systems

_TURNS = 10  # of codes and least squares over all rows, where some are incomplete
_RIDGE = 1e-6  # of the largest diagonal: atoms that codes do not determine stay as they are


def with_incomplete_rows(x: np.ndarray, train: Systems, coder: Coder) -> Coder:
    """Return the coder after ten turns of codes and least squares over all rows."""
    patterns, which = np.unique(train.observed, axis=0, return_inverse=True)
    for _ in range(_TURNS):
        codes = np.zeros((len(x), len(coder.atoms)), x.dtype)
        for number, pattern in enumerate(patterns):
            rows = np.flatnonzero(which == number)
            shown = np.repeat(pattern, train.sizes)
            codes[rows] = coder.codes(x[rows], shown).toarray()
        atoms, offset = coder.atoms.copy(), coder.offset.copy()
        for system in range(len(train.sizes)):
            rows, columns = train.observed[:, system], train.columns(system)
            change, moved = _least_squares(
                codes[rows], x[rows, columns], coder.atoms[:, columns], coder.offset[columns]
            )
            atoms[:, columns] += change
            offset[columns] += moved
        length = np.sqrt(np.square(atoms, dtype=np.float64).sum(axis=1))
        atoms /= np.where(length > 0, length, 1)[:, None].astype(atoms.dtype)
        coder = replace(coder, atoms=np.ascontiguousarray(atoms), offset=offset)
    return coder


def _least_squares(
    codes: np.ndarray, x: np.ndarray, atoms: np.ndarray, offset: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the change of atoms and offset that fits the codes best."""
    left = x - offset - codes @ atoms
    mean_code, mean_left = codes.mean(axis=0), left.mean(axis=0)
    centred = codes - mean_code
    gram: Any = centred.T @ centred
    ridge = _RIDGE * max(float(gram.diagonal().max()), 1e-30)
    change = np.linalg.solve(gram + ridge * np.eye(len(gram)), centred.T @ (left - mean_left))
    return change, mean_left - mean_code @ change
