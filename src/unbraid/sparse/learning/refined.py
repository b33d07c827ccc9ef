"""Any dictionary made exact: polished by lasso and least squares, pruned by held-out units."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import Method, MethodOption, width
from unbraid.sparse.autoencoders.topk import TopK
from unbraid.sparse.learning._candidate import (
    Candidate,
    candidate,
    error_of,
    importance_of,
    most_important,
    polish,
)
from unbraid.sparse.learning._finish import (
    _VALIDATION_MOST,
    finish,
    rough,
    scaled,
    validation_split,
)
from unbraid.sparse.learning._l0_refine import completed, refined, unsure_by_l0
from unbraid.sparse.learning._lasso_steps import learning_rows
from unbraid.sparse.learning._refine import MANY, Refinement
from unbraid.sparse.learning._split_atoms import split_atoms
from unbraid.sparse.learning._start import draw_atoms
from unbraid.sparse.learning.sparse_coding import SparseCoding


class Refined(Method):
    r"""A wide dictionary reduced to the atoms that predict units held out.

    The dictionary of ``of`` is polished by iterations of lasso codes and least squares; then only
    as many atoms stay as predict held-out units of held-out stimuli best. A wide autoencoder misses
    no feature but splits and invents some; the error on held-out units is least near the true
    number of features, so that pruning removes what was invented. What stays is searched for better
    atoms in place of the least useful. Codes are inferred by the lasso, or by the fewest latents
    (``l0``) where these predict units better.
    """

    of: MethodOption = TopK()
    """The method that learns the wide dictionary."""
    n_latents: Annotated[int, Field(ge=1)] | None = None
    """Atoms that stay; none: as many as predict held-out units best. Where ``of`` learns fewer,
    atoms that are as important as the others are added, up to this number."""
    rounds: Annotated[int, Field(ge=1)] = 3
    """Rounds of polishing, pruning and replacing at most; one beyond 800 latents."""
    restarts: Annotated[int, Field(ge=1)] = 1
    """Starts at most; the one with the least error on held-out units is kept."""
    enough: Annotated[float, Field(ge=0)] = 0.0
    """Error on held-out units up to which no other start is tried."""

    on_device: ClassVar[bool] = True

    @property
    def has_no_origin(self) -> bool:
        """Whether zero means nothing to ``of``."""
        return self.of.has_no_origin

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Learn the wide dictionary, then refine it."""
        x, scale = scaled(x)
        rows, validation = validation_split(x, rng, log.order)
        candidates: list[Candidate] = []
        for start in range(self.restarts):
            log.within(start / self.restarts, 1 / self.restarts)
            begin = self._begun(x, rows, validation, rng, log)
            fixed = None if self._lacks(begin) else self.n_latents
            plan = Refinement(rounds=self.rounds, n_latents=fixed)
            coded = unsure_by_l0(x[rows], x[validation], begin)
            candidates.append(refined(x[rows], x[validation], begin, coded, plan, rng))
            if error_of(candidates[-1]) <= self.enough:
                break
        log.within(0.0, 1.0)
        best = min(candidates, key=error_of)
        by_l0 = best.choice.problem.by == "l0"
        if self.n_latents is None and len(best.atoms) <= MANY and not by_l0:
            best = split_atoms(x[rows], x[validation], best)
        if self.n_latents is None or by_l0 or self._lacks(best):
            best = self._at_most(x, completed(x, best, rng), rng)
        else:
            best = polish(learning_rows(x, len(best.atoms), rng), best, 1)
        method = self.model_copy(update={"n_latents": len(best.atoms)})
        return finish(method, best, x[validation], scale)

    def _begun(
        self,
        x: np.ndarray,
        rows: np.ndarray,
        validation: np.ndarray,
        rng: np.random.Generator,
        log: Log,
    ) -> Candidate:
        """Return the wide dictionary; sparse coding keeps no validation stimuli of its own."""
        if isinstance(self.of, SparseCoding):
            m = width(self.of.n_latents, self.of.expansion, x.shape[1])
            return self.of.candidate(learning_rows(x[rows], m, rng), x[validation], rng)
        wide = self.of.learn(x[rows], rng, log)
        log.warnings.clear()
        return rough(wide, x[validation])

    def _lacks(self, now: Candidate) -> bool:
        """Return whether there are fewer atoms than were asked for."""
        return self.n_latents is not None and len(now.atoms) < self.n_latents

    def _at_most(self, x: np.ndarray, now: Candidate, rng: np.random.Generator) -> Candidate:
        """Return the candidate without the least important atoms above the number asked for."""
        if self.n_latents is None or len(now.atoms) <= self.n_latents:
            return now
        some = learning_rows(x, len(now.atoms), rng)
        return polish(some, most_important(now, importance_of(some, now), self.n_latents), 1)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return the start of ``of``; of its atoms, or with stimuli beside them, ``n_latents``."""
        x, scale = scaled(x)
        start = self.of.untrained(x, rng)
        offset = start.offset.astype(x.dtype)
        atoms = np.ascontiguousarray(start.atoms, x.dtype)
        count = len(atoms) if self.n_latents is None else self.n_latents
        if count < len(atoms):
            atoms = atoms[np.sort(rng.choice(len(atoms), count, replace=False))]
        elif count > len(atoms):
            atoms = np.concatenate([atoms, draw_atoms(x - offset, count - len(atoms), rng)])
        begin = candidate(x[:_VALIDATION_MOST], atoms, offset, signed=start.signed)
        return finish(self, begin, x, scale)
