"""Dictionary learned by iterations of lasso codes, under a falling penalty, and least squares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import ITERATIONS, Method, say_if_few, width
from unbraid.sparse.learning._candidate import Candidate, candidate
from unbraid.sparse.learning._finish import finish, scaled, validation_split
from unbraid.sparse.learning._l0_refine import l0_candidate
from unbraid.sparse.learning._lasso_steps import learning_rows
from unbraid.sparse.learning._penalty_path import (
    Callback,
    SparseCodingPlan,
    learn_sparse_coding,
)
from unbraid.sparse.learning._replace_weak import replace_weak
from unbraid.sparse.learning._start import draw_atoms, start_offset


class SparseCoding(Method):
    r"""Dictionary learned by iterations of lasso codes, under a falling penalty, and least squares.

    ``min_{Z, A, b} |X - Z A - b|^2 / 2 + l sum |Z|``, codes non-negative (or signed), atoms of unit
    length; ``l`` falls over the iterations, so that at first only what is surest of each stimulus
    is explained. How many latents are active need not be known: in the end the penalty is the one
    that predicts held-out units of held-out stimuli best, and the atoms are polished under it.
    Unless units are predicted well, all is learned again, up to three times, with a penalty that
    falls only to that one and so more slowly (in ten times as many iterations where stimuli times
    latents are at most 500,000 and units are predicted badly; not beyond 100 million). Where there
    are few stimuli, iterations end with some features mixed and others without an atom: cycles then
    learn the least important atoms again, from what the others leave unexplained, while held-out
    units gain by it.

    Notes
    -----
    Where there are many features and few units, pursuit that guesses supports greedily ends where
    every atom is a mixture; soft supports do not. Codes go on from those of the iteration before,
    atoms in the direction in which they went (heavy ball), and the atoms that predict held-out
    units best on the way are kept. Cost an iteration: some 2 n' (m p + l0^2) and the least squares,
    with ``n' = min(24 m, max(48000, 8 m))`` stimuli at most, 6,000 at least; a cycle is 40
    iterations.

    References
    ----------
    Olshausen and Field (1996), sparse coding; Engan, Aase and Husoy (1999), method of optimal
    directions; Friedman, Hastie and Tibshirani (2010), coordinate descent; Polyak (1964), heavy
    ball.
    """

    expansion: Annotated[float, Field(gt=0)] = 2.0
    """Latents a unit."""
    n_latents: Annotated[int, Field(ge=1)] | None = None
    """Number of latents, in place of ``expansion``."""
    iterations: Annotated[int, Field(ge=1, validation_alias=ITERATIONS)] = 100
    """Iterations of coding and least squares at most, each time."""
    cycles: Annotated[int, Field(ge=0)] = 8
    """Cycles at most in which weak atoms are replaced."""
    signed: bool = False
    """Whether codes may be negative."""
    offset: Literal["learned", "zero"] = "learned"
    """What a stimulus without active latents answers: learned, or nothing."""

    on_device: ClassVar[bool] = True

    @property
    def has_no_origin(self) -> bool:
        """Whether zero means nothing: it does where the offset is zero."""
        return self.offset != "zero"

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Learn under a falling penalty, then polish under the one that predicts best."""
        m = width(self.n_latents, self.expansion, x.shape[1])
        say_if_few(log, len(x), m)
        x, scale = scaled(x)
        rows, validation = validation_split(x, rng, log.order)
        part = 0.5 if self.cycles else 1.0
        total = float(np.square(x - x.mean(0)).sum(1).mean()) or 1.0

        def callback(share: float, error: float) -> None:
            log.record(share * part, step=len(log.history) + 1, fvu=error / total)

        def show_replaced(cycle: int, error: float) -> None:
            share = part + (1 - part) * (cycle + 1) / self.cycles
            log.show(f"replacing weak atoms  held-out error {error:.3g}", share)

        some, unseen = learning_rows(x[rows], m, rng), x[validation]
        found = self.candidate(some, unseen, rng, callback, show_replaced)
        return finish(self, l0_candidate(some, unseen, found) or found, unseen, scale)

    def candidate(
        self,
        x: np.ndarray,
        validation: np.ndarray,
        rng: np.random.Generator,
        callback: Callback | None = None,
        show_replaced: Callable[[int, float], None] | None = None,
    ) -> Candidate:
        """Return what lasso codes lead to, from stimuli of unit scale and validation stimuli."""
        plan = SparseCodingPlan(
            m=width(self.n_latents, self.expansion, x.shape[1]),
            iterations=self.iterations,
            learn_offset=self.offset == "learned",
            signed=self.signed,
        )
        found = learn_sparse_coding(x, validation, plan, rng, callback)
        return replace_weak(x, validation, found, rng, self.cycles, show_replaced)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return stimuli of unit length as atoms."""
        m = width(self.n_latents, self.expansion, x.shape[1])
        x, scale = scaled(x)
        offset = start_offset(x, zero=self.offset == "zero")
        atoms = draw_atoms(x - offset, m, rng)
        _, validation = validation_split(x, rng)
        begin = candidate(x[validation], atoms, offset, signed=self.signed)
        return finish(self, begin, x[validation], scale)
