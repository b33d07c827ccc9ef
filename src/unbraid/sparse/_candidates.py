"""Dictionaries on trial for one choice: each refined by the same rules, and every step noted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from unbraid.sparse._draft import Draft, error_of, most_frugal, usual_active
from unbraid.sparse._method import Method
from unbraid.sparse._refine import Refinement, refine, thinned
from unbraid.sparse._sampled import Sampled
from unbraid.sparse._watch import Watch
from unbraid.sparse.refined import Refined
from unbraid.sparse.sparse_coding import SparseCoding

_RESTARTS, _AS_GOOD = 3, 1.25  # starts of the chosen method, until one errs little more than here
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
