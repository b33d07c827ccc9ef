"""Dictionary learning by sparse pursuit and least squares, alternating."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._evidence import Evidence
from unbraid.sparse._log import Log
from unbraid.sparse._method import ITERATIONS, Method, active, say_if_few, width
from unbraid.sparse.inference._infer import choose_inference
from unbraid.sparse.learning._alternating import PursuitPlan, code, learn_atoms
from unbraid.sparse.learning._grow_prune import GrowAndPrune, grow_and_prune
from unbraid.sparse.learning._start import draw_atoms, spread, start_offset
from unbraid.sparse.training._source import split

_PERFECT_FVU = 1e-4  # FVU below which no other start is tried
_ROWS_A_LATENT = 64  # stimuli an iteration: each latent is then active on several
_COMPARED_MOST = 5000  # stimuli: they separate errors to about a hundredth


class Pursuit(Method):
    r"""Alternating dictionary learning: codes by matching pursuit, atoms by least squares.

    ``min_{Z, A, b} |X - Z A - b|^2``, at most k non-zero codes per stimulus, codes non-negative (or
    signed), atoms of unit length.

    Notes
    -----
    Starts from data points. The number of active latents grows from 1 to k over the first half, so
    that supports are never guessed with many wrong atoms; atoms unused or doubled are replaced by
    what is explained worst; of several starts the one with the least error is kept, and searched
    for better atoms: some are added from what is left, the least useful go. Codes are
    inferred by matching pursuit or by the lasso, whichever predicts held-out units better. Needs
    fewer stimuli and fewer units than an autoencoder, because no linear encoder has to separate
    the features. Cost an iteration: n (m p + k m) + m^3 / 3.

    References
    ----------
    Engan, Aase and Husoy (1999), method of optimal directions; Rubinstein, Zibulevsky and Elad
    (2008), batch OMP; Schnass (2018), convergence radius and replacement of atoms.
    """

    k: Annotated[int, Field(ge=1)] | None = None
    """Active latents per stimulus; none: the most that so many units can distinguish, up to 32."""
    expansion: Annotated[float, Field(gt=0)] = 2.0
    """Latents a unit."""
    n_latents: Annotated[int, Field(ge=1)] | None = None
    """Number of latents, in place of ``expansion``."""
    iterations: Annotated[int, Field(ge=1, validation_alias=ITERATIONS)] = 40
    """Iterations of coding and least squares from each start."""
    restarts: Annotated[int, Field(ge=1)] = 3
    """Starts at most; fewer where one is perfect."""
    cycles: Annotated[int, Field(ge=0)] = 20
    """Cycles of grow and prune after the iterations, from the best start; fewer without gain."""
    signed: bool = False
    """Whether codes may be negative."""
    offset: Literal["learned", "mean", "zero"] = "learned"
    """What a stimulus without active latents answers: learned, the mean response, or nothing."""
    by: Literal["auto", "omp", "fista"] = "auto"
    """Inference of the codes; auto: the one that predicts held-out units better."""
    held_out: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the stimuli kept out to compare the starts; 0: training stimuli compare them."""

    on_device: ClassVar[bool] = True

    @property
    def has_no_origin(self) -> bool:
        """Whether zero means nothing: it does where the offset is zero."""
        return self.offset != "zero"

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Learn from several starts and keep the best."""
        p = x.shape[1]
        m = width(self.n_latents, self.expansion, p)
        k = min(active(self.k, m, p), p)
        say_if_few(log, len(x), m)
        scale = spread(x)
        rows, held = split(x, self.held_out, rng, log.order)
        x = x / x.dtype.type(scale)
        seen = x[rows]
        unseen = x[held] if len(held) else seen[:_COMPARED_MOST]
        mean = seen.mean(0, dtype=np.float64).astype(x.dtype)
        total = float(np.square(unseen - mean, dtype=np.float64).sum())
        plan = PursuitPlan(
            k=k,
            iterations=self.iterations,
            learn_offset=self.offset == "learned",
            signed=self.signed,
            rows=max(4096, _ROWS_A_LATENT * m),
        )
        best, errors = (draw_atoms(seen, m, rng), mean), []
        for start in range(self.restarts):
            begin = np.zeros_like(mean) if self.offset == "zero" else mean
            log.within(start / self.restarts, 1 / self.restarts)

            def callback(iteration: int, error: float, start: int = start) -> None:
                fvu = error * len(unseen) / total if total else float("nan")
                log.record(
                    (iteration + 1) / self.iterations, start=start, step=iteration + 1, fvu=fvu
                )

            found = learn_atoms(seen, draw_atoms(seen - begin, m, rng), begin, plan, rng, callback)
            errors.append(code(unseen, *found, k, signed=self.signed).error)
            if errors[-1] <= min(errors):
                best = found
            if errors[-1] <= _PERFECT_FVU * total:
                break
        log.within(0.0, 1.0)
        if self.cycles and min(errors) > _PERFECT_FVU * total:
            growing = GrowAndPrune(
                k=k, cycles=self.cycles, learn_offset=plan.learn_offset, signed=self.signed
            )
            rows = rng.permutation(len(seen))[: plan.rows]
            best = grow_and_prune(np.ascontiguousarray(seen[rows]), best[0], best[1], growing, rng)
            errors.append(code(unseen, *best, k, signed=self.signed).error)
        fvu = min(errors) / total if total and len(held) else float("nan")
        return self._finish(x, best, k, scale, Evidence(fvu_held_out=fvu))

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return stimuli of unit length as atoms."""
        p = x.shape[1]
        m = width(self.n_latents, self.expansion, p)
        k = min(active(self.k, m, p), p)
        offset = start_offset(x, zero=self.offset == "zero")
        return self._finish(x, (draw_atoms(x - offset, m, rng), offset), k, 1.0, Evidence())

    def _finish(
        self,
        x: np.ndarray,
        found: tuple[np.ndarray, np.ndarray],
        k: int,
        scale: float,
        evidence: Evidence,
    ) -> Dictionary:

        atoms, offset = found
        chosen = choose_inference(x - offset, atoms, k=k, by=self.by, signed=self.signed)
        penalty = chosen.problem.penalty
        return Dictionary(
            atoms=atoms,
            offset=offset * x.dtype.type(scale),
            method=self,
            evidence=evidence,
            by=chosen.problem.by,
            k=k,
            penalty=None if penalty is None else penalty * scale,
            signed=self.signed,
        ).with_evidence(fvu_held_out_units=chosen.error)
