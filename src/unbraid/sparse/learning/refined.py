"""Any dictionary made exact: polished by lasso and least squares, pruned by held-out units."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._evidence import Evidence
from unbraid.sparse._log import Watch
from unbraid.sparse._method import Method, MethodOption
from unbraid.sparse.autoencoders.topk import TopK
from unbraid.sparse.inference._floor import learned_floor
from unbraid.sparse.inference._lasso_and_pursuit import codes_from_units, judging_rows

if TYPE_CHECKING:
    from unbraid.sparse.learning._candidate import Draft

_JUDGES_LEAST, _JUDGES_MOST = 4, 800


class Refined(Method):
    r"""A wide dictionary reduced to the atoms that predict what they were not told.

    The dictionary of ``of`` is polished by turns of lasso codes and least squares; then only as
    many atoms stay as predict held-out units of held-out stimuli best. A wide autoencoder misses no
    feature but splits and invents some; the error on held-out units is least near the true number
    of features, so that pruning removes what was invented. What stays is searched for better atoms
    in place of the least useful. Codes are inferred by the lasso.
    """

    of: MethodOption = TopK()
    """The method that learns the wide dictionary."""
    n_latents: Annotated[int, Field(ge=1)] | None = None
    """Atoms that stay; none: as many as predict held-out units best."""
    rounds: Annotated[int, Field(ge=1)] = 3
    """Rounds of polishing, pruning and renewing at most."""
    restarts: Annotated[int, Field(ge=1)] = 1
    """Starts at most; the one with the least error on held-out units is kept."""
    enough: Annotated[float, Field(ge=0)] = 0.0
    """Error on held-out units from which on no other start is tried."""

    @property
    def has_no_origin(self) -> bool:
        """Whether zero means nothing to ``of``."""
        return self.of.has_no_origin

    def learn(self, x: np.ndarray, rng: np.random.Generator, watch: Watch) -> Dictionary:
        """Learn the wide dictionary, then refine it."""
        from unbraid.sparse.learning._candidate import error_of
        from unbraid.sparse.learning._refine import Refinement, complete, refine
        from unbraid.sparse.learning._split_atoms import divided

        x, scale = scaled(x)
        rows, judged = judges(x, rng)
        plan = Refinement(rounds=self.rounds, n_latents=self.n_latents)
        drafts: list[Draft] = []
        for start in range(self.restarts):
            watch.within(start / self.restarts, 1 / self.restarts)
            wide = self.of.learn(x[rows], rng, watch)
            watch.warnings.clear()
            begin = rough(wide, x[judged], wide.k or 1)
            drafts.append(refine(x[rows], x[judged], begin, plan, rng))
            if error_of(drafts[-1]) <= self.enough:
                break
        watch.within(0.0, 1.0)
        best = min(drafts, key=error_of)
        if self.n_latents is None:
            best = divided(x[rows], x[judged], best)
        best = complete(x, best, self.n_latents, rng)
        method = self.model_copy(update={"n_latents": len(best.atoms)})
        return finish(method, best, x[judged], scale)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return the start of ``of``, random atoms of it where ``n_latents`` is given."""
        from unbraid.sparse.learning._candidate import draft

        x, scale = scaled(x)
        start = self.of.untrained(x, rng)
        atoms = start.atoms
        if self.n_latents is not None and self.n_latents < len(atoms):
            atoms = atoms[np.sort(rng.choice(len(atoms), self.n_latents, replace=False))]
        atoms = np.ascontiguousarray(atoms, x.dtype)
        offset = start.offset.astype(x.dtype)
        begin = draft(x[:_JUDGES_MOST], atoms, offset, signed=start.signed)
        return finish(self, begin, x, scale)


def rough(wide: Dictionary, judged: np.ndarray, k: int) -> Draft:
    """Return a dictionary as a draft; an offset of exactly zero stays so."""
    from unbraid.sparse.learning._candidate import draft

    atoms = np.ascontiguousarray(wide.atoms, judged.dtype)
    return draft(judged, atoms, wide.offset.astype(judged.dtype), k, wide.signed)


def scaled(x: np.ndarray) -> tuple[np.ndarray, float]:
    """Return ``x`` in single precision with unit root mean square about its mean, and the scale."""
    from unbraid.sparse.learning._alternating import spread

    scale = spread(x)
    return np.ascontiguousarray(x / scale, np.float32), scale


def judges(x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to learn from and the fifth, 4 to 800, that judge; all, where too few."""
    from unbraid.sparse.training._source import split

    rows, judged = split(x, min(0.2, _JUDGES_MOST / len(x)), rng)
    return rows, judged if len(judged) >= _JUDGES_LEAST else np.arange(len(x))


def finish(method: Method, best: Draft, judged: np.ndarray, scale: float) -> Dictionary:
    """Return a draft as a dictionary that encodes by the lasso; what counts the judges tell."""
    from unbraid.sparse.learning._alternating import code

    x, problem = judging_rows(judged - best.offset), best.choice.problem
    floor = learned_floor(x, best.atoms, partial(codes_from_units, x, best.atoms, problem))
    nothing = np.zeros_like(best.offset)
    turn = code(x, best.atoms, nothing, min(best.atoms.shape), best.penalty, best.signed)
    counts = (turn.active >= 0) & (np.abs(turn.codes) > floor)
    return Dictionary(
        atoms=best.atoms,
        offset=best.offset * best.offset.dtype.type(scale),
        method=method,
        by="fista",
        k=max(1, round(float(counts.sum(1).mean()))),
        penalty=best.penalty * scale,
        floor=floor * scale,
        signed=best.signed,
        evidence=replace(Evidence(), fvu_held_out_units=best.error),
    )
