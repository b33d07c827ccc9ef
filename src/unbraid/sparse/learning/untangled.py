"""A dictionary whose latents come in families, made one of features by themselves."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import ITERATIONS, Method, MethodOption
from unbraid.sparse.autoencoders.topk import TopK
from unbraid.sparse.inference._infer import Choice, Problem, held_out_units, normalised
from unbraid.sparse.learning._alternating import code, improve, replace_bad
from unbraid.sparse.learning._candidate import Candidate, candidate
from unbraid.sparse.learning._finish import finish, scaled, validation_split
from unbraid.sparse.learning._start import some
from unbraid.sparse.learning._untangle import untangle

# Stimuli at least; and for each latent, so that each is active on some
_BATCH_ROWS, _BATCH_ROWS_A_LATENT = 4096, 10
_MOST = 1.5  # times k latents in the first iterations, by pursuit
_MOST_LASSO = 4  # times k latents in the later ones
_PENALTY = 0.07  # share of the largest code a stimulus usually has
_POLISH = 2  # last rounds, in which nothing is taken apart


class Untangled(Method):
    r"""A dictionary learned by ``of`` whose atoms are freed from what other latents stand for.

    Where a feature needs another (a child its parent), codes are sparsest when one latent stands
    for both: autoencoders and dictionary learning alike find ``child + parent`` in place of the
    child, and the parent's latent is silent where the child is on (absorption). Iterations of
    matching pursuit and least squares on large draws of stimuli first make the atoms exact; then
    iterations of lasso codes and least squares alternate with bringing each atom to right angles to
    the more general atoms that it contains. Encodes by the lasso under the penalty it was learned
    with.

    Notes
    -----
    What is assumed and cannot be learned: the directions of a feature and of those that it needs
    are no more alike than chance. Where they are, the part they share goes to the more general one.
    Cost an iteration n' (m p + k m) and the least squares, with ``n' = max(4096, 10 m)`` stimuli
    drawn each time; memory m^2.

    References
    ----------
    Chanin et al. (2024), A is for absorption, arXiv 2409.14507; Barchiesi and Plumbley (2013),
    Learning incoherent dictionaries for sparse approximation using iterative projections and
    rotations.
    """

    of: MethodOption = TopK()
    """The method that learns the dictionary."""
    iterations: Annotated[int, Field(ge=1, validation_alias=ITERATIONS)] = 6
    """Iterations of matching pursuit and least squares."""
    rounds: Annotated[int, Field(ge=3)] = 24
    """Rounds of taking apart, lasso codes and least squares."""

    on_device: ClassVar[bool] = True

    @property
    def has_no_origin(self) -> bool:
        """Whether zero means nothing to ``of``."""
        return self.of.has_no_origin

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Learn by ``of``, then take apart."""
        x, scale = scaled(x)
        rows, at = validation_split(x, rng, log.order)
        validation = x[at]
        log.within(0.0, 0.5)
        atoms, offset, signed, k = _start(self.of.learn(x[rows], rng, log), validation)
        log.within(0.5, 0.5)
        m, most = len(atoms), min(atoms.shape)
        total = float(np.square(x - x.mean(0)).sum(1).mean())
        penalty, steps = 0.0, self.iterations + self.rounds
        for iteration in range(steps):
            batch = x[some(rows, max(_BATCH_ROWS, _BATCH_ROWS_A_LATENT * m), rng)]
            at_once = min(most, round((_MOST if iteration < self.iterations else _MOST_LASSO) * k))
            now = code(batch, atoms, offset, at_once, penalty, signed)
            atoms, offset, used = improve(batch, now, atoms, offset, learn_offset=True)
            apart = 0
            if iteration >= self.iterations - 1:
                penalty = _PENALTY * float(np.median(np.abs(now.codes).max(1)))
            if self.iterations <= iteration < steps - _POLISH:
                atoms, _ = replace_bad(batch, now, atoms, used, rng, max(1, m // 4))
                atoms, apart = untangle(atoms, now, signed=signed)
            fvu = now.error / len(batch) / total
            log.record((iteration + 1) / steps, step=iteration + 1, fvu=fvu, apart=apart)
        problem = Problem(by="fista", penalty=penalty, signed=signed)
        error = held_out_units(np.ascontiguousarray(validation - offset), atoms, problem)
        found = Candidate(atoms, offset, Choice(problem=problem, error=error))
        return finish(self, found, validation, scale)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return the start of ``of``."""
        x, scale = scaled(x)
        atoms, offset, signed, _ = _start(self.of.untrained(x, rng), x[:_BATCH_ROWS])
        return finish(self, candidate(x[:_BATCH_ROWS], atoms, offset, signed=signed), x, scale)


def _start(wide: Dictionary, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool, int]:
    """Return atoms of unit length, the offset, whether codes are signed, and how many are on."""
    atoms, _ = normalised(wide.atoms.astype(x.dtype))
    k = wide.k if wide.k is not None else max(1, round(wide.encode(x).l0))
    return atoms, wide.offset.astype(x.dtype), wide.signed, k
