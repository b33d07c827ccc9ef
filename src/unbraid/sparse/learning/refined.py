"""Any dictionary made exact: polished by lasso and least squares, pruned by held-out units."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import Method, MethodOption
from unbraid.sparse.autoencoders.topk import TopK
from unbraid.sparse.learning._candidate import Candidate, candidate, error_of, polish
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
    """Atoms that stay; none: as many as predict held-out units best."""
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
        plan = Refinement(rounds=self.rounds, n_latents=self.n_latents)
        candidates: list[Candidate] = []
        for start in range(self.restarts):
            log.within(start / self.restarts, 1 / self.restarts)
            wide = self.of.learn(x[rows], rng, log)
            log.warnings.clear()
            begin = rough(wide, x[validation])
            coded = unsure_by_l0(x[rows], x[validation], begin)
            candidates.append(refined(x[rows], x[validation], begin, coded, plan, rng))
            if error_of(candidates[-1]) <= self.enough:
                break
        log.within(0.0, 1.0)
        best = min(candidates, key=error_of)
        by_l0 = best.choice.problem.by == "l0"
        if self.n_latents is None and len(best.atoms) <= MANY and not by_l0:
            best = split_atoms(x[rows], x[validation], best)
        if self.n_latents is None or by_l0:
            best = completed(x, best, rng)
        else:
            best = polish(learning_rows(x, len(best.atoms), rng), best, 1)
        method = self.model_copy(update={"n_latents": len(best.atoms)})
        return finish(method, best, x[validation], scale)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return the start of ``of``, random atoms of it where ``n_latents`` is given."""
        x, scale = scaled(x)
        start = self.of.untrained(x, rng)
        atoms = start.atoms
        if self.n_latents is not None and self.n_latents < len(atoms):
            atoms = atoms[np.sort(rng.choice(len(atoms), self.n_latents, replace=False))]
        atoms = np.ascontiguousarray(atoms, x.dtype)
        offset = start.offset.astype(x.dtype)
        begin = candidate(x[:_VALIDATION_MOST], atoms, offset, signed=start.signed)
        return finish(self, begin, x, scale)
