"""Any dictionary made exact: polished by lasso and least squares, pruned by held-out units."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid.sparse._described import Of
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._evidence import Evidence
from unbraid.sparse._method import Method
from unbraid.sparse._watch import Watch
from unbraid.sparse.topk import TopK

_JUDGES_LEAST, _JUDGES_MOST = 4, 800


class Refined(Method):
    r"""A wide dictionary reduced to the atoms that predict what they were not told.

    The dictionary of ``of`` is polished by turns of lasso codes and least squares; then only as
    many atoms stay as predict held-out units of held-out stimuli best. A wide autoencoder misses no
    feature but splits and invents some; the error on held-out units is least near the true number
    of features, so that pruning removes what was invented. Codes are inferred by the lasso.
    """

    of: Of = TopK()
    """The method that learns the wide dictionary."""
    n_latents: Annotated[int, Field(ge=1)] | None = None
    """Atoms that stay; none: as many as predict held-out units best."""
    cycles: Annotated[int, Field(ge=1)] = 3
    """Rounds of polishing and pruning."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, watch: Watch) -> Dictionary:
        """Learn the wide dictionary, then refine it."""
        from unbraid.sparse._refine import draft, refine

        rows, judged = judges(x, rng)
        wide = self.of.learn(x[rows], rng, watch)
        watch.warnings.clear()
        x = x.astype(np.float32)
        start = draft(x[judged], wide.atoms.astype(x.dtype), wide.offset.astype(x.dtype))
        best = refine(x[rows], x[judged], start, rng, cycles=self.cycles, n_latents=self.n_latents)
        method = self.model_copy(update={"n_latents": len(best.atoms)})
        return finish(method, best, x)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return the start of ``of``, random atoms of it where ``n_latents`` is given."""
        from unbraid.sparse._refine import draft

        start = self.of.untrained(x, rng)
        atoms = start.atoms
        if self.n_latents is not None and self.n_latents < len(atoms):
            atoms = atoms[np.sort(rng.choice(len(atoms), self.n_latents, replace=False))]
        x = x.astype(np.float32)
        begin = draft(x[:_JUDGES_MOST], atoms.astype(x.dtype), start.offset.astype(x.dtype))
        return finish(self, begin, x)


def judges(x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to learn from and the fifth, 4 to 800, that judge; all, where too few."""
    from unbraid.sparse._source import split

    rows, judged = split(x, min(0.2, _JUDGES_MOST / len(x)), rng)
    return rows, judged if len(judged) >= _JUDGES_LEAST else np.arange(len(x))


def finish(method: Method, best, x: np.ndarray) -> Dictionary:  # noqa: ANN001 - a Draft
    """Return a draft as a dictionary that encodes by the lasso."""
    from unbraid.sparse._alternate import code

    turn = code(x[:2000], best.atoms, best.offset, min(best.atoms.shape), penalty=best.penalty)
    active = max(1, round(float((turn.active >= 0).sum(1).mean())))
    return Dictionary(
        atoms=best.atoms,
        offset=best.offset,
        method=method,
        by="fista",
        k=active,
        penalty=best.penalty,
        evidence=replace(Evidence(), fvu_held_out_units=best.error),
    )
