"""The true pairing of stimuli, or of groups of them, with the other systems', and wrong ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unbraid import stats
from unbraid.sharing.systems._groups import in_place_of

WRONG = 4  # wrong pairings of each stimulus, among which every wrong pairing of all is drawn
_ROTATIONS = 39  # of stimuli that follow each other in time


@dataclass(frozen=True, eq=False, kw_only=True)
class Pairings:
    """The true pairing of stimuli with those of the other systems, and wrong ones.

    *Exchangeable*: stimuli stand in random blocks of five; in each block the others' rows rotate by
    0 (true) to 4. Rotations of all blocks, each by its own number, are a group of pairings, so that
    p-values are exact, and its 5^(n/5) members cost five inferences per stimulus. *In time*: all
    rows rotate together. *Groups* of stimuli stand, and rotate, as stimuli do.
    """

    partner: np.ndarray
    """(R, n): row of the other systems that each row is paired with; the first is the true one."""
    block: np.ndarray
    """(n,): block of each row."""
    rotates: bool

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return int(self.block.max()) + 1


def pairings(
    n: int, order: stats.Order, rng: np.random.Generator, groups: np.ndarray | None = None
) -> Pairings:
    """Return pairings of ``n`` stimuli; those that fill no block stay in the last one.

    ``groups`` (n,) numbers those that are only exchangeable as wholes. Blocks then hold groups of
    about the same size, and rows of two groups are paired in their order: p-values are exact where
    groups of a block have one size.
    """
    if groups is None:
        return _of_items(np.ones(n, dtype=int), order, rng)
    numbers, of_row = np.unique(groups, return_inverse=True)
    rows = [np.flatnonzero(of_row == number) for number in range(len(numbers))]
    whole = _of_items(np.array([len(own) for own in rows]), order, rng)
    partner = np.empty((len(whole.partner), n), dtype=np.intp)
    for number, own in enumerate(rows):
        for step, other in enumerate(whole.partner[:, number]):
            partner[step, own] = in_place_of(own, rows[other])
    return Pairings(partner=partner, block=whole.block[of_row], rotates=whole.rotates)


def _of_items(sizes: np.ndarray, order: stats.Order, rng: np.random.Generator) -> Pairings:
    """Return pairings of items of these sizes."""
    n = len(sizes)
    if order.in_time:
        reach = min(max(order.reach, 1), n // 4)
        run = max(1, -(-n // 25), min(2 * reach, n // 10))
        steps = np.linspace(reach, n - reach, _ROTATIONS).round().astype(int)
        rows = np.arange(n)
        partner = np.array([rows, *((rows + step) % n for step in np.unique(steps))])
        return Pairings(partner=partner, block=rows // run, rotates=True)
    size = WRONG + 1
    shuffled = rng.permutation(n)
    used = shuffled[: n - n % size]
    used = used[np.argsort(sizes[used], kind="stable")].reshape(-1, size)
    partner = np.tile(np.arange(n), (size, 1))
    for step in range(1, size):
        partner[step, used] = np.roll(used, step, axis=1)
    block = np.empty(n, dtype=np.intp)
    block[used] = np.arange(len(used))[:, None]
    block[shuffled[used.size :]] = len(used) - 1
    return Pairings(partner=partner, block=block, rotates=False)
