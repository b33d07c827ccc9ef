r"""Lasso codes of many stimuli by coordinate descent that goes on from the codes it is given.

``min_z 1/2 |x - z A|^2 + penalty |z|_1`` with ``z >= 0`` (or signed). Where the atoms have changed
little since the last codes, as in learning by turns, a few passes over the active latents suffice;
`pursue` starts from nothing and is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from unbraid._kernels.device import device_here
from unbraid._kernels.products.sparse_rows import decode
from unbraid._kernels.threads import in_blocks

_FAST = {"reassoc", "contract", "nsz", "arcp", "nnan"}
_BLOCK = 4096  # stimuli at a time: the codes of a block stay in a processor's cache
_GRAM_MOST = 1024  # atoms whose products (4 MiB) stay in a cache: beyond, they are taken as needed
_ROUNDS, _PASSES = 4, 10  # one round where latents are so many that it costs nearly all
_TOLERANCE = 0.01  # of the penalty: steps and violations up to which a row counts as solved
_ENTER_TOGETHER = 0.7  # share of the largest violation above which latents enter together


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

        Latents beyond the room are left out. Cost n m p for each row and round, four at most, and
        passes of l0^2; memory m^2 for the atoms' products. Beyond 1,024 atoms one round only, for
        the next descent goes on from there, and products as they are needed.
        """
        m = len(atoms)
        many = m > _GRAM_MOST
        if (device := device_here()) is not None:
            from unbraid._kernels.on_device import lasso

            lasso.descend(
                x, atoms, (self.active, self.codes), device, penalty=penalty, signed=signed,
                rounds=1 if many else _ROUNDS, passes=_PASSES, tolerance=_TOLERANCE,
                enter=_ENTER_TOGETHER,
            )  # fmt: skip
            return
        gram = np.empty((0, 0), atoms.dtype) if many else atoms @ atoms.T
        work = (atoms, gram, x.dtype.type(penalty), bool(signed))
        for start in range(0, len(x), _BLOCK):
            rows = slice(start, start + _BLOCK)
            _solve(x[rows], work, (self.active[rows], self.codes[rows]), 1 if many else _ROUNDS)


def _solve(x: np.ndarray, work: tuple, found: tuple[np.ndarray, np.ndarray], rounds: int) -> None:
    """Improve the codes of one block in place."""
    active, codes = found
    atoms = work[0]
    nothing = np.zeros_like(x[0])
    residual = x - decode(active, codes, atoms, nothing)
    todo, open_ = np.arange(len(x)), np.ones(len(x), np.bool_)
    for turn in range(rounds):
        left = np.ascontiguousarray(residual[todo] @ atoms.T)
        in_blocks(_descend, len(todo), todo, left, work, (turn == 0, *found, open_), least=32)
        todo = todo[open_[todo]]
        if not len(todo) or turn + 1 == rounds:
            return
        residual[todo] = x[todo] - decode(active[todo], codes[todo], atoms, nothing)


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _products(active, count, atoms, gram, products):
    """Set the active atoms' products: looked up, or computed where a look-up misses caches."""
    for a in range(count):
        if len(gram):
            for b in range(count):
                products[a, b] = gram[active[a], active[b]]
            continue
        atom = atoms[active[a]]
        for b in range(a + 1):
            other, total = atoms[active[b]], atoms.dtype.type(0)
            for u in range(len(atom)):
                total += atom[u] * other[u]
            products[a, b] = products[b, a] = total


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _descend(start, stop, todo, left, work, found):
    """Let latents in and descend on those that are in; rows with none to let in are closed."""
    atoms, gram, penalty, signed = work
    is_first, all_active, all_codes, open_ = found
    m, room = left.shape[1], all_active.shape[1]
    kind = left.dtype.type
    zero, tolerance = kind(0), kind(_TOLERANCE) * penalty
    enter = kind(_ENTER_TOGETHER)
    products = np.empty((room, room), left.dtype)
    near = np.empty(room, left.dtype)  # products of the residual with the active atoms
    size = np.empty(m, left.dtype)
    for at in range(start, stop):
        row = todo[at]
        active, codes = all_active[row], all_codes[row]
        count = 0
        for j in range(m):
            size[j] = abs(left[at, j]) if signed else left[at, j]
        while count < room and active[count] >= 0:
            near[count] = left[at, active[count]]
            size[active[count]] = zero
            count += 1
        largest = zero
        for j in range(m):
            largest = max(largest, size[j])
        if largest > penalty + tolerance:
            least = max(penalty, enter * largest)
            for j in range(m):
                if size[j] > least and count < room:
                    active[count], codes[count], near[count] = j, zero, left[at, j]
                    count += 1
        elif not is_first:
            open_[row] = False
            continue
        _products(active, count, atoms, gram, products)
        for _ in range(_PASSES):
            step = zero
            for a in range(count):
                aim = near[a] + codes[a]
                length = abs(aim) - penalty if signed else aim - penalty
                new = zero if length <= zero else length
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
        for a in range(kept, count):
            active[a], codes[a] = -1, zero
