"""Atoms that stand for two features, split in two where held-out units are predicted better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from unbraid.sparse.inference._encoder import from_active
from unbraid.sparse.learning._alternating import code
from unbraid.sparse.learning._candidate import (
    Candidate,
    error_of,
    is_exact,
    polish,
    slack,
    with_best_penalty,
)
from unbraid.sparse.learning._refine import polish_rows

_ONE_IN = 8  # atoms, of those at the start, is split at most
_TRIES = 12  # atoms tried in vain that end it
_POLISHES = 8  # of a polishing, which every atom tried costs
# Iterations of power; and a length that only keeps from dividing by zero
_POWER, _TRACE = 12, 1e-30


def split_atoms(x: np.ndarray, validation: np.ndarray, best: Candidate) -> Candidate:
    """Return the candidate with atoms split as long as held-out units are predicted better.

    Where stimuli are few, one atom can end between two features. It is important, so that nothing
    takes its place; but what it stands for, each stimulus without the other atoms' share, then lies
    to both sides of it along one direction. Atoms are tried in the order of the energy along it.
    Cost: up to 12 polishings for each atom split, and one in eight is at most.
    """
    x = x[: polish_rows(best)]
    for _ in range(max(1, len(best.atoms) // _ONE_IN)):
        better = None if is_exact(best) else _first_that_pays(x, validation, best)
        if better is None:
            break
        best = better
    return best


def _first_that_pays(x: np.ndarray, validation: np.ndarray, best: Candidate) -> Candidate | None:
    enough = best.error - slack(best.error, len(best.atoms))
    for atom, two in _halves(x, best):
        atoms = np.concatenate([np.delete(best.atoms, atom, axis=0), two])
        new = with_best_penalty(validation, polish(x, replace(best, atoms=atoms), _POLISHES))
        if error_of(new) < enough:
            return new
    return None


def _halves(x: np.ndarray, now: Candidate) -> Iterator[tuple[int, np.ndarray]]:
    """Yield atoms and the two they would be split into, those first that vary most."""
    coded = code(x, now.atoms, now.offset, min(now.atoms.shape), now.penalty, now.signed)
    codes = from_active(coded.active, coded.codes, len(now.atoms)).tocsc()
    found: list[tuple[float, int, np.ndarray]] = []
    for atom, direction in enumerate(now.atoms):
        part = slice(codes.indptr[atom], codes.indptr[atom + 1])
        rows, size = codes.indices[part], codes.data[part][:, None]
        if len(rows) < 2:
            continue
        own = coded.residual[rows] + size * direction
        across = own - np.outer(own @ direction, direction)
        shares = across @ _along(across)
        weighted, side = size * own, np.sign(size[:, 0]) * shares > 0
        two = np.stack([weighted[side].sum(0), weighted[~side].sum(0)])
        length = np.linalg.norm(two, axis=1, keepdims=True)
        if length.min() > 0:
            found.append((float(np.linalg.norm(shares)), atom, two / length))
    found.sort(key=lambda each: -each[0])
    for _, atom, two in found[:_TRIES]:
        yield atom, two


def _along(rows: np.ndarray) -> np.ndarray:
    """Return nearly the direction in which rows have most energy, by power iteration."""
    direction = rows[np.argmax(np.square(rows).sum(1))]
    for _ in range(_POWER):
        direction = direction / max(np.linalg.norm(direction), _TRACE)
        direction = (rows @ direction) @ rows
    return direction / max(np.linalg.norm(direction), _TRACE)
