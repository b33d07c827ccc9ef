r"""Lasso codes of many stimuli by coordinate descent that goes on from the codes it is given.

``min_z 1/2 |x - z A|^2 + penalty |z|_1`` with ``z >= 0`` (or signed). Where the atoms have changed
little since the last codes, as in learning by turns, a few passes over the active latents suffice;
`pursue` starts from nothing and is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from unbraid._kernels.threads import in_blocks

_FAST = {"reassoc", "contract", "nsz", "arcp", "nnan"}
_BLOCK = 4096
_ROUNDS, _PASSES = 4, 10
_TOLERANCE = 0.01  # of the penalty: steps and violations up to which a row counts as solved
_ENTER = 0.7  # share of the largest violation above which latents enter together


@dataclass(frozen=True, eq=False)
class LassoCodes:
    """Active latents (n, k) int32, -1 for none, and their codes (n, k); changed in place."""

    active: np.ndarray
    codes: np.ndarray

    @classmethod
    def none(cls, n: int, k: int, dtype: np.dtype) -> LassoCodes:
        """Return codes of ``n`` stimuli with room for ``k`` active latents, none of them active."""
        return cls(np.full((n, k), -1, np.int32), np.zeros((n, k), dtype))

    def forget(self, latents: np.ndarray) -> None:
        """Set the codes of some latents to zero; the next descent lets them go."""
        self.codes[np.isin(self.active, latents)] = 0

    def descend(
        self, x: np.ndarray, atoms: np.ndarray, penalty: float, signed: bool = False
    ) -> None:
        """Improve the codes of ``x`` (n, p) under atoms (m, p) of unit length.

        Latents beyond the room are left out. Cost n m p, and n (l0 m + l0^2) a round, four at most;
        memory m^2 for the atoms' products.
        """
        gram = atoms @ atoms.T
        kind = x.dtype.type
        for start in range(0, len(x), _BLOCK):
            rows = slice(start, start + _BLOCK)
            target = np.ascontiguousarray(x[rows] @ atoms.T)
            options = (kind(penalty), bool(signed))
            found = (self.active[rows], self.codes[rows])
            in_blocks(_descend, len(target), target, gram, options, found, least=32)


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _residual(target, gram, active, codes, count, left):
    """Set ``left`` to the products of all atoms with what the codes leave."""
    left[:] = target
    for a in range(count):
        code, latent = codes[a], active[a]
        for j in range(len(left)):
            left[j] -= code * gram[latent, j]


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _descend(start, stop, target, gram, options, found):
    penalty, signed = options
    all_active, all_codes = found
    m, room = target.shape[1], all_active.shape[1]
    kind = target.dtype.type
    zero, tolerance = kind(0), kind(_TOLERANCE) * penalty
    enter = kind(_ENTER)
    left = np.empty(m, target.dtype)  # products of the residual with all atoms
    products = np.empty((room, room), target.dtype)
    near = np.empty(room, target.dtype)  # products of the residual with the active atoms
    inside = np.zeros(m, np.bool_)
    for row in range(start, stop):
        active, codes = all_active[row], all_codes[row]
        count = 0
        while count < room and active[count] >= 0:
            inside[active[count]] = True
            count += 1
        _residual(target[row], gram, active, codes, count, left)
        for turn in range(_ROUNDS):
            largest = zero
            for j in range(m):
                size = abs(left[j]) if signed else left[j]
                if size > largest and not inside[j]:
                    largest = size
            if largest > penalty + tolerance:
                least = max(penalty, enter * largest)
                for j in range(m):
                    size = abs(left[j]) if signed else left[j]
                    if size > least and count < room and not inside[j]:
                        active[count], codes[count], inside[j] = j, zero, True
                        count += 1
            elif turn > 0:
                break
            for a in range(count):
                near[a] = left[active[a]]
                for b in range(count):
                    products[a, b] = gram[active[a], active[b]]
            for _ in range(_PASSES):
                step = zero
                for a in range(count):
                    aim = near[a] + codes[a]
                    size = abs(aim) - penalty if signed else aim - penalty
                    new = zero if size <= zero else size
                    if signed and aim < zero:
                        new = -new
                    change = new - codes[a]
                    if change != zero:
                        codes[a] = new
                        for b in range(count):
                            near[b] -= change * products[a, b]
                        step = max(step, abs(change))
                if step <= tolerance:
                    break
            kept = 0
            for a in range(count):
                if codes[a] != zero:
                    active[kept], codes[kept] = active[a], codes[a]
                    kept += 1
                else:
                    inside[active[a]] = False
            for a in range(kept, count):
                active[a], codes[a] = -1, zero
            count = kept
            _residual(target[row], gram, active, codes, count, left)
        for a in range(count):
            inside[active[a]] = False
