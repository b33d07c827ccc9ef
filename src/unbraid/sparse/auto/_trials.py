"""Dictionaries on trial for one choice: each refined by the same rules, and every step noted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from unbraid.sparse._log import Watch
from unbraid.sparse._method import Method
from unbraid.sparse.learning._candidate import (
    Draft,
    error_of,
    is_exact,
    most_frugal,
    same_atoms,
    usual_active,
)
from unbraid.sparse.learning._lasso_steps import learning_rows
from unbraid.sparse.learning._refine import Refinement, refine, thinned
from unbraid.sparse.learning._spike_slab_fit import Sampled, sampled
from unbraid.sparse.learning.refined import Refined
from unbraid.sparse.learning.sparse_coding import SparseCoding
from unbraid.sparse.learning.spike_and_slab import SpikeAndSlab

_RESTARTS, _AS_GOOD = 3, 1.25  # starts of the chosen method, until one errs little more than here
_SAMPLED = 8_000_000  # stimuli times latents up to which sampling takes a minute or so
_CHEAP, _STARTS = 300_000, 3  # and up to which it has so many starts
MANY = 800  # latents beyond which trying which to leave out would take longer than all else


@dataclass(eq=False)
class Candidates:
    """Drafts refined so far, the methods that they began with, and all that was tried."""

    seen: np.ndarray
    """Stimuli to learn from, of unit scale."""
    unseen: np.ndarray
    """Those that judge."""
    rng: np.random.Generator
    watch: Watch
    scale: float
    drafts: list[Draft] = field(default_factory=list)
    origins: list[Method] = field(default_factory=list)
    trials: list[dict[str, Any]] = field(default_factory=list)

    def note(self, method: Method, found: Draft) -> None:
        """Write down what was tried, and tell."""
        self._write(method, found, penalty=found.penalty * self.scale)

    def note_sampled(self, method: Method, found: Sampled) -> None:
        """Write down a draft whose codes are posterior means."""
        self._write(method, found, noise=np.sqrt(found.prior.noise) * self.scale)

    def _write(self, method: Method, found: Draft | Sampled, **more: float) -> None:
        line = {"method": method.describe(), "n_latents": len(found.atoms),
                "held_out_units": found.error, **more}  # fmt: skip
        self.trials.append(line)
        tried = len(self.trials)
        self.watch.news(f"tried {len(found.atoms)} latents", 0.5 * tried / (tried + 10))

    def note_coded(self, coded: Draft) -> None:
        """Write down a sparse coding."""
        self.note(coding(coded), coded)

    def settle(self, start: Draft, method: Method) -> None:
        """Refine what a method began; of very many atoms, only leave out what is worth little."""
        self.origins.append(method)
        self.watch.news(f"refining {len(start.atoms)} latents", 0.5)
        if len(start.atoms) > MANY:
            start = thinned(self.seen, self.unseen, start, self.rng)
            self.note(chosen(method, start), start)
        if len(start.atoms) <= MANY:
            start = refine(self.seen, self.unseen, start, Refinement(), self.rng)
            self.note(refined(method, start), start)
        self.drafts.append(start)

    def settle_coded(self, coded: Draft) -> None:
        """Refine a sparse coding."""
        self.settle(replace(coded, k=usual_active(self.unseen, coded)), coding(coded))

    def sampled(self, best: Draft, origin: Method) -> tuple[Method, Sampled] | None:
        """Return what sampled codes make of the best drafts, if held-out units gain by that.

        ``best`` may have been worked on since. Where it costs little, drafts with other atoms are
        tried too: what they miss differs.
        """
        rows = learning_rows(self.seen, len(best.atoms), self.rng)
        cost = len(rows) * len(best.atoms)
        if is_exact(best) or cost > _SAMPLED:
            return None
        starts, most = [(best, origin)], _STARTS if cost <= _CHEAP else 1
        for draft, method in sorted(
            zip(self.drafts, self.origins, strict=True), key=lambda pair: error_of(pair[0])
        ):
            alike = any(same_atoms(draft.atoms, start.atoms) for start, _ in starts)
            if len(starts) < most and draft.signed == best.signed and not alike:
                starts.append((draft, method))
        found = []
        for start, method in starts:
            self.watch.news(f"sampling codes of {len(start.atoms)} latents", 0.5)
            new = sampled(rows, self.unseen, start, self.rng)
            found.append((SpikeAndSlab(of=chosen(method, start)), new))
            self.note_sampled(*found[-1])
            if new.error >= best.error:
                break
        least = min(found, key=lambda pair: pair[1].error)
        return least if least[1].error < best.error else None

    def least(self) -> float:
        """Return the least error so far."""
        return min(map(error_of, self.drafts))

    def best(self) -> tuple[Draft, Method]:
        """Return the draft to keep, and the method that it began with."""
        best = most_frugal(self.drafts)
        return best, self.origins[self.drafts.index(best)]


def refined(origin: Method, best: Draft) -> Refined:
    """Return the method that would give such a draft again."""
    if not np.isfinite(best.error):  # one unit cannot be held out, and none judges
        return Refined(of=origin, n_latents=len(best.atoms))
    return Refined(
        of=origin,
        n_latents=len(best.atoms),
        restarts=_RESTARTS,
        enough=_AS_GOOD * best.error,
    )


def chosen(origin: Method, best: Draft) -> Method:
    """Return the method that would give such a draft again, however many its atoms."""
    many = len(best.atoms) > MANY
    return coding(best) if many and isinstance(origin, SparseCoding) else refined(origin, best)


def coding(coded: Draft) -> SparseCoding:
    """Return the sparse coding that began a draft."""
    return SparseCoding(
        n_latents=len(coded.atoms),
        offset="learned" if coded.learn_offset else "zero",
        signed=coded.signed,
    )
