"""Processes that train one dictionary together, each on its share of every batch."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from unbraid.errors import InputError


class Step(NamedTuple):
    """What a step on all processes' stimuli gives."""

    n: int
    """Stimuli."""
    fired: np.ndarray
    """Which latents fired for any of them (m,)."""
    losses: list[float]
    """Means over them."""


class Ranks:
    """The processes that train together; alone, every sum is its own term."""

    def __init__(self) -> None:
        if "torch" not in sys.modules:  # then nobody can have joined processes
            self.rank, self.size = 0, 1
            return
        from unbraid._torch import distributed

        joined = distributed.is_available() and distributed.is_initialized()
        self.rank = distributed.get_rank() if joined else 0
        self.size = distributed.get_world_size() if joined else 1

    def share(self, rows: np.ndarray) -> np.ndarray:
        """Return the part of ``rows`` that is this process' own."""
        return rows[self.rank :: self.size]

    def add(self, *arrays: np.ndarray) -> None:
        """Sum each array over the processes, in place."""
        if self.size == 1:
            return
        from unbraid._torch import distributed, torch

        for array in arrays:
            distributed.all_reduce(torch.from_numpy(array))

    def average(
        self, gradient: dict[str, np.ndarray], n: int, fired: np.ndarray, losses: list[float]
    ) -> Step:
        """Make means over ``n`` own stimuli into means over those of all processes, in place."""
        if self.size == 1:
            return Step(n, fired, losses)
        caught = np.concatenate([[n], n * np.asarray(losses), fired])
        self.add(caught)
        for array in gradient.values():
            array *= n / caught[0]
        self.add(*gradient.values())
        means = caught[1 : 1 + len(losses)] / caught[0]
        return Step(round(caught[0]), caught[1 + len(losses) :] > 0, means.tolist())

    def edge(self, values: np.ndarray, k: int, n: int) -> float:
        """Return the (k n)-th largest of all processes' non-negative ``values``; 0 if too few.

        ``n`` is the number of own stimuli.
        """
        count = np.array([float(n)])
        self.add(count)
        most = k * round(count[0])
        room = np.zeros((self.size, most), values.dtype)
        own = values[values > 0]  # ties, such as many zeros, make a partition slow
        if len(own) > most:
            own = np.partition(own, len(own) - most)[-most:]
        room[self.rank, : len(own)] = own
        self.add(room)
        return float(np.partition(room.ravel(), room.size - most)[room.size - most])

    def check_same(self, digest: str, what: str) -> None:
        """Refuse to go on where processes were given different things."""
        if self.size == 1:
            return
        mine = np.frombuffer(bytes.fromhex(digest[:32]), np.uint8).astype(np.float64)
        total, squares = mine.copy(), np.square(mine)
        self.add(total, squares)
        if not np.array_equal(squares * self.size, np.square(total)):
            raise InputError(f"Every process must be given the same {what}.")


@contextmanager
def together() -> Iterator[Ranks]:
    """Join the processes that ``torchrun`` started; inside, ``fit`` trains on all of them.

    Every process must call ``fit`` with the same responses, method and seed, and gets the same
    dictionary: that of one process with the whole batch, up to rounding. Without ``torchrun``
    there is one process, and nothing changes. CPU only (gloo).

    Yields
    ------
    Ranks
        ``rank`` of this process and ``size``, how many there are.

    Examples
    --------
    ``torchrun --nproc-per-node 2 train.py``, where ``train.py`` holds

    >>> from unbraid.sparse import together
    >>> with together() as ranks:      # fit(x, TopK(), rng=0) goes here
    ...     ranks.size
    1
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield Ranks()
        return
    from unbraid._torch import distributed

    distributed.init_process_group("gloo")
    try:
        yield Ranks()
        distributed.barrier()  # none may leave while another still sends
    finally:
        distributed.destroy_process_group()
