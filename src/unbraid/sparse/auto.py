"""A dictionary whose method, width and number of active latents are chosen by evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._method import Method
from unbraid.sparse._training import Training
from unbraid.sparse._watch import Watch
from unbraid.sparse.pursuit import Pursuit
from unbraid.sparse.refined import Refined, finish, judges
from unbraid.sparse.topk import TopK

if TYPE_CHECKING:
    from unbraid.sparse._refine import Draft

_TRIAL_ROWS, _TRIAL_TURNS = 4000, 12
_NOTHING = 0.8  # held-out-units error above which codes say next to nothing
_FEW = 1500  # stimuli up to which all learn in the end, and short learnings are done in full


class Auto(Method):
    """Chooses method, width and active latents by units held out of the inference.

    Codes of stimuli that nothing was learned from are inferred from three quarters of the units and
    predict the rest: too few active latents or atoms leave features out, too many fit what the
    shown units alone hold. Short pursuit learnings over widths and numbers of active latents come
    first; the best, once more with twice the active latents, and a wide
    TopK autoencoder are learned in full, refined and compared.

    Notes
    -----
    What is chosen is the dictionary's ``method``; every candidate stands in ``evidence.chosen``.
    Nothing that the codes are later judged by (another system, true features) is looked at.
    """

    expansions: tuple[Annotated[float, Field(gt=0)], ...] = (1.0, 2.0, 4.0)
    """Latents a unit to try."""
    most_active: Annotated[int, Field(ge=1)] = 16
    """Most active latents a stimulus to try."""
    autoencoder: bool = True
    """Whether an autoencoder is among the candidates; it costs most of the time."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, watch: Watch) -> Dictionary:
        """Try, compare, and keep the best."""
        from unbraid.sparse._refine import Draft, draft, refine

        x = np.ascontiguousarray(x, np.float32)
        rows, judged = judges(x, rng)
        seen, unseen = x[rows], x[judged]
        trials: list[dict[str, Any]] = []
        drafts: list[tuple[Draft, Method]] = []

        def consider(found: Draft, method: Method) -> None:
            drafts.append((found, method))
            line = {"method": method.describe(), "n_latents": len(found.atoms),
                    "held_out_units": found.error, "penalty": found.penalty}  # fmt: skip
            trials.append(line)

        some = seen[rng.choice(len(seen), min(len(seen), _TRIAL_ROWS), replace=False)]
        few = len(x) < _FEW
        short = {"restarts": 1} if few else {"turns": _TRIAL_TURNS, "restarts": 1}
        tried: set[Pursuit] = set()

        def attempt(candidates: list[Pursuit], part: float) -> Pursuit:
            """Learn those not yet tried in short; return the best method so far."""
            new = [method for method in candidates if method not in tried]
            for at, method in enumerate(new):
                watch.news(f"trying {method.n_latents} latents, {method.k} active",
                           part + 0.2 * at / len(new))  # fmt: skip
                tried.add(method)
                found = method.model_copy(update=short).learn(some, rng, Watch())
                consider(draft(unseen, found.atoms, found.offset), method)
            return min(drafts, key=_error)[1]  # type: ignore[return-value]

        widths, actives = self._grid(*seen.shape)
        middle = widths[len(widths) // 2]
        powers = [k for k in actives if k in (1, 2, 4, 8, 16, 32)]
        best = attempt([Pursuit(n_latents=middle, k=k) for k in powers], 0.0)
        at = actives.index(best.k or 1)
        near = [k for k in actives[max(0, at - 1) : at + 2] if k < min(widths)]
        best = attempt([Pursuit(n_latents=middle, k=k) for k in near], 0.1)
        best = attempt([Pursuit(n_latents=m, k=best.k) for m in widths if m > (best.k or 1)], 0.2)
        good = [method for _, method in sorted(drafts, key=_error)[:3]]
        zero = [each.model_copy(update={"offset": "zero"}) for each in good]
        attempt(zero, 0.3)  # type: ignore[arg-type]
        method = min(drafts, key=_error)[1]
        full: list[Method] = [method]
        k = int(method.k or 1)  # type: ignore[attr-defined]
        if 2 * k < min(x.shape[1], method.n_latents):  # type: ignore[attr-defined]
            # room to spare: with k just enough, atoms that are sums of features pay
            full.append(method.model_copy(update={"k": 2 * k}))
        m = min(round(max(self.expansions) * x.shape[1]), max(2, len(seen) // 4))
        if self.autoencoder and m > k and not few:
            full.append(TopK(n_latents=m, k=k, training=Training(learning_rate=1e-2)))
        for at, method in enumerate(full):
            watch.within(0.4 + 0.6 * at / len(full), 0.6 / len(full))
            once = {"restarts": 2} if isinstance(method, Pursuit) and not few else {}
            wide = method.model_copy(update=once).learn(seen, rng, watch)
            start = draft(unseen, wide.atoms.astype(x.dtype), wide.offset.astype(x.dtype))
            consider(start, method)
            fine = refine(seen, unseen, start, rng)
            consider(fine, Refined(of=method, n_latents=len(fine.atoms)))
        watch.within(0.0, 1.0)
        watch.warnings.clear()
        chosen, method = _most_frugal(drafts)
        watch.news(f"chose {len(chosen.atoms)} latents", 1.0)
        verdict: dict[str, Any] = {"method": method.describe(), "n_latents": len(chosen.atoms),
                "held_out_units": chosen.error}  # fmt: skip
        if not chosen.error < _NOTHING:
            verdict["note"] = "units do not predict each other: a default was taken in place"
            method = Pursuit(n_latents=max(2, min(2 * x.shape[1], len(x) // 3)))
            learned = method.learn(x, rng, watch)
            watch.warnings.clear()
            return learned.with_evidence(chosen={"trials": trials, "best": verdict})
        if few and isinstance(method, Pursuit):  # too few stimuli to spare those that judged
            method = method.model_copy(update={"restarts": 10})
            again = method.learn(x, rng, watch)
            chosen = Draft(again.atoms, again.offset, chosen.choice)
        learned = finish(method, chosen, x)
        return learned.with_evidence(chosen={"trials": trials, "best": verdict})

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return the start of the widest candidate."""
        return Pursuit(expansion=max(self.expansions)).untrained(x, rng)

    def _grid(self, n: int, p: int) -> tuple[list[int], list[int]]:
        """Return the widths and the numbers of active latents worth a trial."""
        widths = sorted({max(2, min(round(e * p), n // 3)) for e in self.expansions})
        most = min(self.most_active, max(1, p // 2), widths[len(widths) // 2] - 1)
        return widths, [k for k in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32) if k <= most]


def _error(pair: tuple[Draft, Method]) -> float:
    error = pair[0].error
    return error if error == error else float("inf")  # one unit cannot be held out


def _most_frugal(drafts: list[tuple[Draft, Method]]) -> tuple[Draft, Method]:
    """Return the draft with the fewest atoms among those that predict as well as the best."""
    least = min(map(_error, drafts))
    good = [pair for pair in drafts if _error(pair) <= least * 1.02 + 5e-4]
    return min(good, key=lambda pair: (len(pair[0].atoms), pair[0].error))
