"""How many latents, and how many of them active: short pursuit fits compared on held-out units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unbraid.sparse.learning._alternating import PursuitPlan, learn_atoms
from unbraid.sparse.learning._candidate import Candidate, candidate, error_of, in_pairs
from unbraid.sparse.learning._grow_prune import GrowAndPrune, grow_and_prune
from unbraid.sparse.learning._start import draw_atoms, repeats, some

_VALIDATION = 240
_ROWS, _ROWS_A_LATENT = 4096, 12
_PATH_ITERATIONS = 6
_ACTIVE = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
_WIDER = 0.9  # error, relative to half the width, that pays for a wider dictionary
_LESS = 0.05  # share of what the best explains, given up for fewer active latents
_SEVERAL = 120_000  # stimuli times latents up to which not only the best is refined
_TINY = 300_000  # stimuli times latents up to which learnings are repeated


@dataclass(frozen=True, eq=False)
class Found:
    """A short learning: what was asked for, and what came."""

    k: int
    zero: bool
    """Whether the offset is zero; otherwise it is learned."""
    signed: bool
    candidate: Candidate

    @property
    def m(self) -> int:
        """Number of latents."""
        return len(self.candidate.atoms)

    @property
    def error(self) -> float:
        """Held-out-units error."""
        return error_of(self.candidate)


@dataclass(eq=False)
class PursuitSearch:
    """Learns in short, wider and denser as long as held-out units are predicted better."""

    x: np.ndarray
    """Stimuli to learn from."""
    validation: np.ndarray
    rng: np.random.Generator
    callback: Callable[[Found], None]
    iterations: int
    """Iterations of each short fit."""
    cycles: int
    """Cycles of growing and pruning after them."""
    found: list[Found] = field(default_factory=list)

    def run(self, start: int, most: int, most_active: int) -> list[Found]:
        """Return the best short learnings, from ``start`` to ``most`` latents."""
        self._path(start, most_active)
        first = self._sparsest()
        self.found.clear()  # learned in another way: not to be compared with what follows
        best = self.learn(first.m, first.k, False)
        tried: set[object] = {best.m, (best.m, best.k)}
        while True:
            for (m, k, zero), move in self._moves(best, most, most_active):
                if move in tried or m <= k:
                    continue
                tried.add(move)
                new = self.learn(m, k, zero)
                if new.error < (_WIDER if m > best.m else 1) * best.error:
                    best = new
                    tried |= {best.m, (best.m, best.k)}
                    break
            else:
                break
        signed = self._signed(best)
        return [*self._best(repeats(_SEVERAL, self.x, best.m, 3)), *sorted(signed, key=_error)[:1]]

    def _moves(self, now: Found, most: int, most_active: int) -> list[tuple[Any, object]]:
        """Return what may be tried next, and by what it is known.

        A wider dictionary and the other offset are tried once; a narrower one again whenever the
        number of active latents has changed, for too few of them ask for atoms that are sums.
        """
        at = _ACTIVE.index(now.k)
        near = _ACTIVE[at + 1 : at + 2] + _ACTIVE[max(0, at - 1) : at]
        wide, narrow = min(2 * now.m, most), now.m // 2
        return [
            ((wide, now.k, now.zero), wide),
            ((now.m, now.k, not now.zero), (now.m, "offset")),
            *(((now.m, k, now.zero), (now.m, k)) for k in near if k <= most_active),
            ((narrow, now.k, now.zero), (narrow, now.k)),
        ]

    def _signed(self, best: Found) -> list[Found]:
        """Return signed learnings, tried where atoms come in opposite pairs."""
        if not in_pairs(best.candidate):
            return []
        search = [m for m in (best.m // 2, best.m) if m > best.k]
        return [self.learn(m, best.k, best.zero, signed=True) for m in search]

    def _path(self, m: int, most_active: int) -> None:
        """Learn with 1, 2, 4, ... active latents, each from the atoms of the one before."""
        rows = self._rows(m)
        offset = rows.mean(0)
        atoms = draw_atoms(rows - offset, m, self.rng)
        least = float("inf")
        for k in (1, 2, 4, 8, 16, 32):
            if k > most_active or k >= m:
                break
            plan = PursuitPlan(k=k, iterations=_PATH_ITERATIONS, grow=0.0, replace=0.7)
            atoms, offset = learn_atoms(rows, atoms, offset, plan, self.rng)
            error = self._record(k, False, False, atoms, offset).error
            if error > 0.99 * least:
                break
            least = error

    def learn(self, m: int, k: int, zero: bool, signed: bool = False) -> Found:
        """Learn from data points, in short; several times where that costs next to nothing."""
        rows = self._rows(m)
        offset = np.zeros(rows.shape[1], rows.dtype) if zero else rows.mean(0)
        plan = PursuitPlan(k=k, iterations=self.iterations, learn_offset=not zero, signed=signed)
        growing = GrowAndPrune(k=k, cycles=self.cycles, learn_offset=not zero, signed=signed)
        found = []
        for _ in range(repeats(_TINY, rows, m, 8)):
            begin = draw_atoms(rows - offset, m, self.rng)
            learned = learn_atoms(rows, begin, offset, plan, self.rng)
            atoms, shift = grow_and_prune(rows, *learned, growing, self.rng)
            found.append(self._record(k, zero, signed, atoms, shift))
        return min(found, key=_error)

    def _best(self, count: int) -> list[Found]:
        """Return the best learning, or up to three of different kinds where ``count`` allows."""
        kinds: dict[tuple[int, int, bool], Found] = {}
        for each in sorted(self.found, key=_error):
            if not each.signed:
                kinds.setdefault((each.m, each.k, each.zero), each)
        return list(kinds.values())[:count]

    def _sparsest(self) -> Found:
        """Return the learning with the fewest active latents that is not much worse."""
        least = min(map(_error, self.found))
        enough = least + _LESS * max(0.0, 1 - least)  # infinite where one unit cannot be held out
        return min((each for each in self.found if each.error <= enough), key=lambda f: f.k)

    def _rows(self, m: int) -> np.ndarray:
        return some(self.x, max(_ROWS, _ROWS_A_LATENT * m), self.rng)

    def _record(
        self, k: int, zero: bool, signed: bool, atoms: np.ndarray, offset: np.ndarray
    ) -> Found:
        found = Found(
            k, zero, signed, candidate(self.validation[:_VALIDATION], atoms, offset, k, signed)
        )
        self.found.append(found)
        self.callback(found)
        return found


def _error(found: Found) -> float:
    return found.error
