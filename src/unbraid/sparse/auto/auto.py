"""A dictionary whose method, width and number of active latents are chosen by evidence."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import Method
from unbraid.sparse.auto._plan import AutoPlan
from unbraid.sparse.auto._pursuit_search import Found, PursuitSearch
from unbraid.sparse.auto._trials import MANY, AutoTrials, chosen
from unbraid.sparse.auto._width_search import WidthSearch
from unbraid.sparse.autoencoders.topk import TopK
from unbraid.sparse.learning._candidate import EXACT, Candidate, agreed, error_of
from unbraid.sparse.learning._finish import finish, rough, scaled, validation_split
from unbraid.sparse.learning._lasso_steps import learning_rows
from unbraid.sparse.learning._refine import complete
from unbraid.sparse.learning._spike_slab_fit import SpikeSlabFit, again
from unbraid.sparse.learning._split_atoms import split_atoms
from unbraid.sparse.learning._start import repeats
from unbraid.sparse.learning.pursuit import Pursuit
from unbraid.sparse.learning.spike_and_slab import finish_sampled

_NOTHING = 0.8  # held-out-units error above which codes say next to nothing
_STIMULI_A_LATENT = 3
_ITERATIONS, _CYCLES = 12, 3  # of a short learning: longer, and atoms that are sums of features pay
_WIDE = 1.5  # width of further starts at most, relative to what was chosen
_HOPELESS = 2  # error, relative to the best refined, that refining does not make up for
_OPINIONS = 4  # such starts at most
_SMALL = 1_200_000  # stimuli times latents: up to half of it there are such starts,
_TINY = 300_000  # and up to half of this pursuit learnings too
_START = 4  # latents a unit at first: as many as superposition usually holds


class Auto(Method):
    """Chooses width, active latents, offset and signs by units held out of the inference.

    Codes of stimuli that nothing was learned from are inferred from three quarters of the units and
    predict the rest: too few active latents or atoms leave features out, too many fit what the
    shown units alone hold. Sparse coding comes first: with a learned offset and none, then with
    more latents as long as the error falls (with fewer where it stays large and stimuli are few),
    signed where atoms come in opposite pairs. What predicts best is refined: atoms that do not help
    to predict held-out units go, and the others are searched for better ones; those that stand for
    two features are split; beyond 800 atoms unimportant ones go. Where that costs little,
    other starts are tried too, up to four, until two end with the same atoms; where none do and it
    costs next to nothing, also pursuit learnings with more active latents, more latents, and fewer.
    At last `SpikeAndSlab` goes on from the best, and is taken if it predicts better.

    Notes
    -----
    What is chosen is the dictionary's ``method``; every candidate stands in ``evidence.chosen``.
    Nothing that the codes are later compared with (another system, true features) is used.
    """

    most_expansion: Annotated[float, Field(gt=0)] = 128.0
    """Most latents a unit to try."""
    most_active: Annotated[int, Field(ge=1)] = 16
    """Most active latents a stimulus to try."""
    autoencoder: bool = False
    """Whether a wide TopK autoencoder, refined, is a candidate too; it doubles the time."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Try, compare, and keep the best."""
        return self.by_plan(x, rng, log, AutoPlan())

    def by_plan(
        self, x: np.ndarray, rng: np.random.Generator, log: Log, plan: AutoPlan
    ) -> Dictionary:
        """Learn by other stages than usual."""
        x, scale = scaled(x)
        rows, validation = validation_split(x, rng, log.order)
        tried = AutoTrials(x[rows], x[validation], rng, log, scale, plan)
        most = self._most(*tried.seen.shape)
        search = WidthSearch(tried.seen, tried.unseen, rng, tried.record_coded, plan)
        coded = search.run(min(_START * x.shape[1], most), most)
        for each in coded:
            tried.refine_coded(each)
        if plan.starts:
            self._start_again(tried, search, coded, most)
        if self.autoencoder:
            self._autoencode(tried)
        log.within(0.0, 1.0)
        log.warnings.clear()
        best, origin = tried.best()
        found: Candidate | SpikeSlabFit = best
        method = chosen(origin, best)
        if len(best.atoms) <= MANY and error_of(best) < _NOTHING:
            if plan.split:
                best = split_atoms(tried.seen, tried.unseen, best)
            found = complete(x, best, None, rng, plan.last_search) if plan.complete else best
            method = chosen(origin, found)
            noisy = tried.sampled(best, origin) if plan.sample else None
            if noisy is not None:
                method, found = noisy
                found = again(learning_rows(x, len(found.atoms), rng), found, rng)
        log.show(f"chose {len(found.atoms)} latents", 1.0)
        verdict: dict[str, Any] = {"method": method.describe(), "n_latents": len(found.atoms),
                "held_out_units": found.error}  # fmt: skip
        if isinstance(found, SpikeSlabFit):
            learned = finish_sampled(method, found, tried.unseen, scale)
        elif error_of(best) < _NOTHING:
            learned = finish(method, found, tried.unseen, scale)
        else:
            verdict["note"] = "units do not predict each other: a default was taken in place"
            default = Pursuit(n_latents=max(2, min(2 * x.shape[1], len(x) // 3)))
            learned = default.learn(x * x.dtype.type(scale), rng, log)
            log.warnings.clear()
        return learned.with_evidence(chosen={"trials": tried.trials, "best": verdict})

    def _start_again(
        self, tried: AutoTrials, search: WidthSearch, coded: list[Candidate], most: int
    ) -> None:
        """Try other starts, where they are cheap: any can end in a poor corner."""
        pairs = zip(tried.candidates, coded, strict=True)
        best, begun = min(pairs, key=lambda pair: error_of(pair[0]))
        p, m = tried.seen.shape[1], len(best.atoms)
        opinions = repeats(_SMALL, tried.seen, m, _OPINIONS)
        if opinions == 1 or error_of(best) <= EXACT:
            return
        wide = min(len(begun.atoms), round(_WIDE * m))
        for _ in range(opinions):
            if agreed(tried.candidates):
                return
            tried.refine_coded(search.learn(wide, best.learn_offset, best.signed))
        if (
            not tried.plan.pursuit
            or agreed(tried.candidates)
            or repeats(_TINY, tried.seen, m, _OPINIONS) == 1
        ):
            return
        by_pursuit = PursuitSearch(tried.seen, tried.unseen, tried.rng,
                        lambda found: tried.record(_pursuit(found), found.candidate),
                        _ITERATIONS, _CYCLES)  # fmt: skip
        hopeless = _HOPELESS * tried.least()
        most_active = min(self.most_active, max(1, p // 2), most - 1)
        for found in by_pursuit.run(min(_START * p, most), most, most_active):
            if error_of(found.candidate) <= hopeless:
                tried.refine(found.candidate, _pursuit(found))

    def _autoencode(self, tried: AutoTrials) -> None:
        """Try a wide autoencoder with as many active latents as the first candidate has."""
        (n, p), k = tried.seen.shape, tried.candidates[0].k
        m = min(_START * p, max(2, n // 4))
        if m > k:
            tried.log.within(0.6, 0.4)
            method = TopK(n_latents=m, k=k)
            wide = method.learn(tried.seen, tried.rng, tried.log)
            tried.refine(rough(wide, tried.unseen, k), method)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return the start of the first candidate."""
        return Pursuit(expansion=_START).untrained(x, rng)

    def _most(self, n: int, p: int) -> int:
        return max(2, min(round(self.most_expansion * p), n // _STIMULI_A_LATENT))


def _pursuit(found: Found) -> Pursuit:
    return Pursuit(
        n_latents=found.m,
        k=found.k,
        offset="zero" if found.zero else "learned",
        signed=found.signed,
        iterations=_ITERATIONS,
        cycles=_CYCLES,
        restarts=1,
    )
