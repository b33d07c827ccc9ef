"""How long each latent's atom is in a system, by stimuli that it was not learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_ROWS_A_LATENT = 4  # with this many stimuli in a half all latents are regressed upon together
_RIDGE = 1e-6  # of the largest square: float64 solves what is left, and no slope moves
_SURELY = 3.0  # standard errors
PRESENT = 0.2  # length of the atom in a system, relative to its largest: delta .1 of two systems


@dataclass(frozen=True, eq=False, kw_only=True)
class Lengths:
    """Squared lengths (m,), and their standard errors where the true length is 0.

    NaN for a latent that is hardly active.
    """

    square: np.ndarray
    error: np.ndarray

    def divided(self, size: float) -> Lengths:
        """Return the squared lengths divided by a number."""
        return Lengths(square=self.square / size, error=self.error / size)


def squared_lengths(codes: Any, left: np.ndarray, atoms: np.ndarray, block: np.ndarray) -> Lengths:
    """Return the squared length of the direction that each latent's codes ask for.

    Directions are regressed upon the codes in each half of the stimuli, every second block (n,):
    stimuli of different blocks are independent. The product of both halves' directions has no bias
    from noise: ``d + b`` in each, ``b`` the regression of the residual on all codes together (on
    each latent's alone where stimuli are fewer than eight times the latents). Where codes were
    inferred without these units, no noise of theirs is in them. NaN for one block.

    References
    ----------
    Minder et al. (2025), latent scaling, whose least squares this is, held out.
    """
    half = block % 2 == 0
    if half.all():
        nothing = np.full(codes.shape[1], np.nan)
        return Lengths(square=nothing, error=nothing)
    directions, precision, seen = [], [], np.ones(codes.shape[1], bool)
    for rows in (half, ~half):
        change, free, active = _regressed(codes[rows], left[rows])
        directions.append(atoms + change)
        noise = np.square(left[rows] - left[rows].mean(axis=0), dtype=np.float64).mean(axis=0)
        precision.append(free[:, None] * noise)  # variance of each component, (m, units)
        seen &= active
    square = (directions[0] * directions[1]).sum(axis=1)
    error = np.sqrt((precision[0] * precision[1]).sum(axis=1))
    return Lengths(square=np.where(seen, square, np.nan), error=np.where(seen, error, np.nan))


def over_groups(found: Sequence[Lengths]) -> Lengths:
    """Return lengths summed over groups of units; groups that show nothing are as the others.

    NaN for latents that no group shows.
    """
    seen = np.isfinite([each.square for each in found])
    count = seen.sum(axis=0)
    scale = np.where(count > 0, len(found) / np.maximum(count, 1), np.nan)
    square = np.where(seen, [each.square for each in found], 0).sum(axis=0)
    error = np.sqrt(np.where(seen, [each.error**2 for each in found], 0).sum(axis=0))
    return Lengths(square=square * scale, error=error * scale)


def surely(found: Lengths) -> np.ndarray:
    """Return which latents (m,) are longer than noise makes them."""
    return np.asarray(np.nan_to_num(found.square) > _SURELY * np.nan_to_num(found.error))


def shares_of(found: Sequence[Lengths]) -> np.ndarray:
    """Return the share (m, S) of each system in each latent's squared length.

    NaN where a system shows nothing of the latent, or no system anything.
    """
    lengths = np.maximum(np.column_stack([each.square for each in found]), 0)
    total = lengths.sum(axis=1, keepdims=True)
    return np.where(total > 0, lengths / np.where(total > 0, total, 1), np.nan)


def lying(found: Sequence[Lengths]) -> np.ndarray:
    """Return which systems (m, S) each latent lies in.

    Where its atom has a fifth of its largest length at least, and one that noise hardly has.
    """
    square = np.column_stack([each.square for each in found])
    known = np.isfinite(square).all(axis=1, keepdims=True)
    square = np.nan_to_num(square)
    most = np.maximum(square.max(axis=1, keepdims=True), 1e-300)
    sure = np.column_stack([surely(each) for each in found])
    return np.asarray(known & (square >= PRESENT**2 * most) & sure)


def surely_shorter(found: Sequence[Lengths]) -> np.ndarray:
    """Return where (m, S) each latent has surely less than a fifth of its largest length.

    Three standard errors of a length of 0 are about two of one at a fifth.
    """
    most = np.column_stack([each.square for each in found]).max(axis=1, keepdims=True)
    high = np.column_stack([each.square + _SURELY * each.error for each in found])
    return np.asarray(high < PRESENT**2 * most)


def _regressed(codes: Any, left: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return slopes (m, units) on centred codes, their variance for unit noise, and who varies."""
    n, m = codes.shape
    mean = np.asarray(codes.mean(axis=0), np.float64).ravel()
    cross = np.asarray(codes.T @ left, np.float64) - n * np.outer(mean, left.mean(axis=0))
    square = np.asarray(codes.multiply(codes).sum(axis=0), np.float64).ravel() - n * mean**2
    active = square > 1e-9 * max(float(square.max(initial=0.0)), 1e-300)
    if n < _ROWS_A_LATENT * m:
        inverse = np.where(active, 1 / np.where(active, square, 1), 0)
        return cross * inverse[:, None], inverse, active
    gram = np.asarray((codes.T @ codes).todense(), np.float64) - n * np.outer(mean, mean)
    floor = _RIDGE * float(square.max(initial=0.0)) + 1e-300
    solved = np.linalg.inv(gram + floor * np.eye(m))
    slopes = np.where(active[:, None], solved @ cross, 0)
    return slopes, np.where(active, solved.diagonal(), 0), active
