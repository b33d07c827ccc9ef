"""A dictionary whose width, offset and signs are chosen by evidence."""

from __future__ import annotations

import warnings
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import Method
from unbraid.sparse.auto._plan import AutoPlan
from unbraid.sparse.auto._search import Search, chosen, described
from unbraid.sparse.learning._candidate import Candidate, error_of, is_exact
from unbraid.sparse.learning._finish import finish, scaled, validation_split
from unbraid.sparse.learning._l0_refine import completed
from unbraid.sparse.learning._lasso_steps import learning_rows
from unbraid.sparse.learning._refine import MANY
from unbraid.sparse.learning._spike_slab_fit import SpikeSlabFit, again, sampled
from unbraid.sparse.learning.pursuit import Pursuit
from unbraid.sparse.learning.spike_and_slab import SpikeAndSlab, finish_sampled

_GONE = {"most_active": 16, "autoencoder": False}  # options that once were, and their defaults


class Auto(Method):
    """Chooses width, offset and signs by units held out of the inference.

    Codes of stimuli that nothing was learned from are inferred from three quarters of the units and
    predict the rest: too few atoms leave features out, too many fit what the shown units alone
    hold. The steps:

    1. *Width, offset, signs.* Sparse coding with four latents per unit, or more as long as each is
       important and the error falls (fewer and fewer where few stimuli leave it large); with an
       offset of zero too; signed too where atoms come in opposite pairs.
    2. *Refine.* Atoms that do not help to predict held-out units go; some come back, three rounds
       at most. Where codes of the fewest latents (``l0``) predict better than the lasso's, atoms
       are learned under these, and pruned too where the lasso hardly predicts units.
    3. *Other starts*, where that costs little, until two end with the same atoms, two more at most.
    4. *Complete.* Atoms that the validation stimuli did not show come back.
    5. *Sample.* `SpikeAndSlab` goes on from the best, and is taken if it predicts better.

    Beyond 800 latents 2 is one round, and 4 and 5 are left out.

    Notes
    -----
    What is chosen is the dictionary's ``method``; every candidate stands in ``evidence.chosen``.
    Nothing that the codes are later compared with (another system, true features) is used.
    """

    most_expansion: Annotated[float, Field(gt=0)] = 128.0
    """Most latents per unit to try."""

    @model_validator(mode="before")
    @classmethod
    def _without_what_is_gone(cls, given: Any) -> Any:
        """Read what was saved when there were more options; say which of them are ignored."""
        if not isinstance(given, dict):
            return given
        for name, default in _GONE.items():
            if name in given and given[name] != default:
                message = f"Auto has no option {name} any more: {given[name]!r} is ignored."
                warnings.warn(message, RuntimeWarning, stacklevel=2)
        return {name: value for name, value in given.items() if name not in _GONE}

    on_device: ClassVar[bool] = True

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Try, compare, and keep the best."""
        return learned(x, AutoPlan(most_expansion=self.most_expansion), rng, log)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return the start of the first candidate."""
        return Pursuit(expansion=AutoPlan().expansion).untrained(x, rng)


def learned(x: np.ndarray, plan: AutoPlan, rng: np.random.Generator, log: Log) -> Dictionary:
    """Return the dictionary that the steps of a plan lead to."""
    x, scale = scaled(x)
    rows, validation = validation_split(x, rng, log.order)
    search = Search(x[rows], x[validation], plan, int(rng.integers(2**31)), log, scale)
    for fit in search.first():
        search.refine(fit)
    if plan.takes("starts"):
        search.start_again()
    best, origin = search.best()
    verdict: dict[str, Any] = {}
    if not error_of(best) < plan.nothing:
        verdict["note"] = "units do not predict each other: a default was taken in place"
        made = _default(x * x.dtype.type(scale), rng, log)
        verdict |= described(chosen(origin, best), best)
    else:
        found = _completed(x, best, search)
        method = chosen(origin, found)
        sample = _sampled(found, method, search)
        if sample is None or not sample.error < best.error:
            made = finish(method, found, search.unseen, scale)
            verdict |= described(method, found)
        else:
            method = SpikeAndSlab(of=method)
            some = learning_rows(x, len(sample.atoms), search.stream())
            sample = again(some, sample, search.stream())
            made = finish_sampled(method, sample, search.unseen, scale)
            verdict |= described(method, sample)
    log.show(f"chose {made.n_latents} latents", 1.0)
    return made.with_evidence(chosen={"trials": search.trials, "best": verdict})


def _completed(x: np.ndarray, best: Candidate, search: Search) -> Candidate:
    """Return the candidate with the atoms that the validation stimuli did not show."""
    if len(best.atoms) > MANY or not search.plan.takes("complete"):
        return best
    return completed(x, best, search.stream())


def _sampled(start: Candidate, method: Method, search: Search) -> SpikeSlabFit | None:
    """Return a fit with sampled codes that goes on from a candidate; none where that is dear."""
    rows = learning_rows(search.seen, len(start.atoms), search.stream())
    dear = len(start.atoms) > MANY or len(rows) * len(start.atoms) > search.plan.sampled
    if is_exact(start) or dear or not search.plan.takes("sample"):
        return None
    search.log.show(f"sampling codes of {len(start.atoms)} latents", 0.5)
    found = sampled(rows, search.unseen, start, search.stream(), cycles=0)
    noise = float(np.sqrt(found.prior.noise)) * search.scale
    search.record(SpikeAndSlab(of=method), found, noise=noise)
    return found


def _default(x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
    """Return a dictionary where none is better than another: two latents per unit."""
    made = Pursuit(n_latents=max(2, min(2 * x.shape[1], len(x) // 3))).learn(x, rng, log)
    log.warnings.clear()
    return made
