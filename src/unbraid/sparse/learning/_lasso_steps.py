"""Iterations of lasso codes and least squares, each from the state of the one before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unbraid._kernels.codes.lasso_descent import LassoCodes
from unbraid._kernels.products.sparse_rows import decode
from unbraid.sparse.learning._alternating import Coded, improve, replace_bad
from unbraid.sparse.learning._start import some

MOMENTUM, SLOW_MOMENTUM = 0.9, 0.7  # of atoms; less where the penalty falls slowly
_ROOM = 512  # active latents per stimulus: more are no sparse code, and take memory


def learning_rows(x: np.ndarray, m: int, rng: np.random.Generator) -> np.ndarray:
    """Return as many random rows as suffice to learn ``m`` atoms from, all where there are fewer.

    24 stimuli per latent, 8 where they are many: each is then active a hundred times or more.
    """
    return some(x, min(max(48_000, 8 * m), max(6000, 24 * m)), rng)


class LassoIterations:
    """Atoms of unit length and an offset, learned from ``x`` iteration by iteration.

    Codes start from those of the iteration before, so that an iteration costs little. With
    ``momentum`` atoms go on in the direction in which they went (heavy ball): where there are few
    stimuli, least squares alone ends where every atom is a mixture, and what overshoots gets out of
    there.
    """

    def __init__(
        self,
        x: np.ndarray,
        atoms: np.ndarray,
        offset: np.ndarray,
        *,
        learn_offset: bool = True,
        signed: bool = False,
        momentum: float = 0.0,
        kept: int = 0,
    ) -> None:
        self.x, self.atoms, self.offset, self.kept = x, atoms, offset, kept
        self.learn_offset, self.signed, self.momentum = learn_offset, signed, momentum
        self._codes = LassoCodes.none(len(x), min(*atoms.shape, _ROOM), x.dtype)
        self._speed, self._drift = np.zeros_like(atoms[kept:]), np.zeros_like(offset)

    def code(self, penalty: float) -> Coded:
        """Return the codes under the atoms as they are, going on from the last."""
        codes, atoms = self._codes, self.atoms
        codes.descend(self.x - self.offset, atoms, penalty, self.signed)
        residual = self.x - decode(codes.active, codes.codes, atoms, self.offset)
        return Coded(codes.active, codes.codes, residual)

    def step(self, penalty: float) -> tuple[Coded, np.ndarray]:
        """Run one iteration; return its codes, under the atoms before, and how often each is used.

        Of the first ``kept`` atoms, which stay as they are, this is not counted.
        """
        coded = free = self.code(penalty)
        if self.kept:
            free = replace(coded, active=np.maximum(coded.active - self.kept, -1))
        old = self.atoms[self.kept :]
        new, offset, used = improve(self.x, free, old, self.offset, self.learn_offset)
        self._drift = self.momentum * self._drift + (offset - self.offset)
        self.offset = self.offset + self._drift
        new = old + self.momentum * self._speed + (new - old)
        new /= np.maximum(np.linalg.norm(new, axis=1, keepdims=True), 1e-10)
        self.atoms = np.concatenate([self.atoms[: self.kept], new])
        self._speed = new - old
        return coded, used

    def replace_bad(self, coded: Coded, used: np.ndarray, rng: np.random.Generator) -> None:
        """Replace unused and doubled atoms by what is explained worst, a quarter at most."""
        atoms, count = replace_bad(
            self.x, coded, self.atoms, used, rng, max(1, len(self.atoms) // 4)
        )
        if count:
            changed = np.flatnonzero((atoms != self.atoms).any(1))
            self._speed[changed] = 0
            self._codes.forget(changed)
        self.atoms = atoms
