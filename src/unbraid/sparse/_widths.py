"""How many latents, which offset, which signs: sparse codings judged by held-out units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from unbraid.sparse._coding import Coding, learn_coding
from unbraid.sparse._refine import EXACT, Draft, error_of, worthy

_TURNS = 100
_WIDER = 0.9  # error, relative to half the width, that pays for a wider dictionary
_MARGIN, _LESS = 1.1, 0.95  # width relative to the worthy atoms, and to the width before
_AS_GOOD = 1.02
_OPPOSITE, _OPPOSITE_SHARE = 0.9, 0.1  # cosine, and share of the atoms


@dataclass(frozen=True, eq=False)
class Widths:
    """Learns by sparse coding, wider as long as held-out units are predicted better."""

    x: np.ndarray
    """Stimuli to learn from."""
    judges: np.ndarray
    rng: np.random.Generator
    tell: Callable[[Draft], None]

    def run(self, start: int, most: int) -> list[Draft]:
        """Return the best learning, and one with signed codes where atoms come in pairs."""
        best = self.narrowed(self.learn(start, True, False))
        if len(best.atoms) == start:
            best = self.widened(best, most)
        if error_of(best) > EXACT:
            best = min(best, self.learn(len(best.atoms), False, False), key=error_of)
        cosine = best.atoms @ best.atoms.T
        if np.mean(cosine.min(1) < -_OPPOSITE) < _OPPOSITE_SHARE:
            return [best]
        half = max(1, len(best.atoms) // 2)
        signed = [self.learn(m, best.learn_offset, True) for m in (half, len(best.atoms))]
        return [best, min(signed, key=error_of)]

    def widened(self, best: Draft, most: int) -> Draft:
        """Learn anew twice as wide, as long as that pays; then as narrow as it can be."""
        start = best
        while (m := min(2 * len(best.atoms), most)) > len(best.atoms) and error_of(best) > EXACT:
            wider = self.learn(m, best.learn_offset, best.signed)
            if error_of(wider) >= _WIDER * error_of(best):
                break
            best = wider
        return best if best is start else self.narrowed(best)

    def narrowed(self, best: Draft) -> Draft:
        """Learn anew with little more atoms than were worth it, as long as that costs no error."""
        while (m := round(_MARGIN * worthy(self.x, best))) < _LESS * len(best.atoms):
            narrow = self.learn(max(1, m), best.learn_offset, best.signed)
            if error_of(narrow) > _AS_GOOD * error_of(best):
                break
            best = narrow
        return best

    def learn(self, m: int, learn_offset: bool, signed: bool) -> Draft:
        """Learn one dictionary."""
        plan = Coding(m=m, turns=_TURNS, learn_offset=learn_offset, signed=signed)
        found = learn_coding(self.x, self.judges, plan, self.rng)
        self.tell(found)
        return found
