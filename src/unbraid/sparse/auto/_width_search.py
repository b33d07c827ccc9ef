"""How many latents, which offset, which signs: fits of sparse coding compared on held-out units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from unbraid.sparse.auto._plan import AutoPlan
from unbraid.sparse.learning._candidate import (
    EXACT,
    Candidate,
    count_important,
    error_of,
    in_pairs,
    quick_importance,
)
from unbraid.sparse.learning._lasso_steps import learning_rows
from unbraid.sparse.learning._penalty_path import (
    UNSURE,
    SparseCodingPlan,
    is_cheap,
    learn_sparse_coding,
)

_ITERATIONS = 100
_WIDER = 0.9  # error, relative to half the width, that pays for a wider dictionary
_MARGIN, _LESS = (
    1.1,
    0.95,
)  # width relative to the number of important atoms, and to the width before
_BETWEEN = 0.75  # width relative to one twice as wide as one that was too narrow
_NARROWER = 0.85  # width relative to one that predicts badly
_AS_GOOD = 1.25  # error of a narrower dictionary: a wide one predicts a little better by luck


@dataclass(frozen=True, eq=False)
class WidthSearch:
    """Learns by sparse coding, wider as long as held-out units are predicted better."""

    x: np.ndarray
    """Stimuli to learn from."""
    validation: np.ndarray
    rng: np.random.Generator
    callback: Callable[[Candidate], None]
    plan: AutoPlan = AutoPlan()

    def run(self, start: int, most: int) -> list[Candidate]:
        """Return the best learning, a narrower one, and a signed one where atoms come in pairs.

        Only those that predict about as well as the best; and where that predicts badly from few
        stimuli, the best of narrower ones.
        """
        chain = self.narrowed(self.learn(start, True, False))
        if self.plan.wider and len(chain[-1].atoms) == start:
            chain = self.widened(chain[-1], most)
        best, last = min(chain, key=error_of), chain[-1]
        if error_of(last) > EXACT and self.plan.zero_offset:
            zero = self.learn(len(last.atoms), False, False)
            if error_of(zero) < error_of(last):
                chain = self.narrowed(zero)
                best, last = min([best, *chain], key=error_of), chain[-1]
        found = [best] if best is last else [best, last]
        if self.plan.signs and in_pairs(best):
            half = max(1, len(best.atoms) // 2)
            signed = [self.learn(m, best.learn_offset, True) for m in (half, len(best.atoms))]
            found.append(min(signed, key=error_of))
        best = min(found, key=error_of)
        if self.plan.few_stimuli and best.error > UNSURE and is_cheap(self.x, len(best.atoms)):
            return [self.fewer(best)]
        enough = max(EXACT, _AS_GOOD * error_of(best))
        return [each for each in found if error_of(each) <= enough]

    def widened(self, best: Candidate, most: int) -> list[Candidate]:
        """Double the width as long as that pays; then make it as narrow as it can be.

        Where few stimuli make every atom seem important, a width between the last two may still be
        better.
        """
        start = best
        while (m := min(2 * len(best.atoms), most)) > len(best.atoms) and error_of(best) > EXACT:
            wider = self.learn(m, best.learn_offset, best.signed)
            if error_of(wider) >= _WIDER * error_of(best):
                break
            best = wider
        if best is start:
            return [best]
        chain = self.narrowed(best)
        if len(chain) == 1 and self.plan.between:
            between = self.learn(round(_BETWEEN * len(best.atoms)), best.learn_offset, best.signed)
            if error_of(between) < error_of(best):
                chain.append(between)
        return chain

    def narrowed(self, first: Candidate) -> list[Candidate]:
        """Fit again with few more atoms than are important, as long as the error hardly grows."""
        chain = [first]
        while self.plan.important_width:
            value = quick_importance(self.x, chain[-1])
            if (m := round(_MARGIN * count_important(value))) >= _LESS * len(value):
                return chain
            narrow = self.learn(max(1, m), first.learn_offset, first.signed)
            if error_of(narrow) > max(EXACT, _AS_GOOD * min(map(error_of, chain))):
                return chain
            chain.append(narrow)
        return chain

    def fewer(self, first: Candidate) -> Candidate:
        """Fit narrower and narrower, down to one atom a unit; return the best.

        Where stimuli are few, every atom is a mixture and seems important until there are few more
        atoms than features: only there the error falls.
        """
        best, m = first, len(first.atoms)
        while (m := int(_NARROWER * m)) >= self.x.shape[1]:
            narrow = self.learn(m, first.learn_offset, first.signed)
            if error_of(narrow) < error_of(best):
                best = narrow
            elif best.error <= UNSURE:
                break
        return best

    def learn(self, m: int, learn_offset: bool, signed: bool) -> Candidate:
        """Learn one dictionary."""
        plan = SparseCodingPlan(
            m=m,
            iterations=_ITERATIONS,
            learn_offset=learn_offset,
            signed=signed,
            again=3 if self.plan.slower_falls else 0,
            slower=10 if self.plan.many_iterations else 1,
        )
        found = learn_sparse_coding(
            learning_rows(self.x, m, self.rng), self.validation, plan, self.rng
        )
        self.callback(found)
        return found
