"""A dictionary whose method, width and number of active latents are chosen by evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._method import Method
from unbraid.sparse._watch import Watch
from unbraid.sparse.pursuit import Pursuit
from unbraid.sparse.refined import Refined, finish, judges, rough, scaled
from unbraid.sparse.sparse_coding import SparseCoding
from unbraid.sparse.topk import TopK

if TYPE_CHECKING:
    from unbraid.sparse._draft import Draft
    from unbraid.sparse._search import Found

_NOTHING = 0.8  # held-out-units error above which codes say next to nothing
_STIMULI_A_LATENT = 3
_TURNS, _CYCLES = 12, 3  # of a short learning: longer, and atoms that are sums of features pay
_WIDE = 1.5  # width of further starts at most, relative to what was chosen
_HOPELESS = 2  # error, relative to the best refined, that refining does not make up for
_OPINIONS = 4  # such starts at most
_SMALL, _TINY = 1_200_000, 300_000  # stimuli times latents: up to half of it there are such starts,
# and pursuit learnings too
_RESTARTS, _AS_GOOD = 3, 1.25  # starts of the chosen method, until one errs little more than here
_MANY = 800  # latents beyond which trying which to leave out would take longer than all else
_START = 4  # latents a unit at first: as many as superposition usually holds


class Auto(Method):
    """Chooses width, active latents, offset and signs by units held out of the inference.

    Codes of stimuli that nothing was learned from are inferred from three quarters of the units and
    predict the rest: too few active latents or atoms leave features out, too many fit what the
    shown units alone hold. Sparse coding comes first: with a learned offset and none, then with
    more latents as long as the error falls (with fewer where it stays large and stimuli are few),
    signed where atoms come in opposite pairs. What predicts best is refined: atoms that do not help
    to predict held-out units go, and the others are searched for better ones; those that stand for
    two features are divided; beyond 800 atoms those of little worth go. Where that costs little,
    other starts are tried too, up to four, until two end with the same atoms; where none do and it
    costs next to nothing, also pursuit learnings with more active latents, more latents, and fewer.

    Notes
    -----
    What is chosen is the dictionary's ``method``; every candidate stands in ``evidence.chosen``.
    Nothing that the codes are later judged by (another system, true features) is looked at.
    """

    most_expansion: Annotated[float, Field(gt=0)] = 128.0
    """Most latents a unit to try."""
    most_active: Annotated[int, Field(ge=1)] = 16
    """Most active latents a stimulus to try."""
    autoencoder: bool = False
    """Whether a wide TopK autoencoder, refined, is a candidate too; it doubles the time."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, watch: Watch) -> Dictionary:
        """Try, compare, and keep the best."""
        from unbraid.sparse._alternate import repeats
        from unbraid.sparse._divide import divided
        from unbraid.sparse._draft import EXACT, agreed, error_of, most_frugal, usual_active
        from unbraid.sparse._refine import Refinement, complete, polish_rows, refine, thinned
        from unbraid.sparse._search import Search
        from unbraid.sparse._widths import Widths

        x, scale = scaled(x)
        rows, judged = judges(x, rng)
        seen, unseen = x[rows], x[judged]
        trials: list[dict[str, Any]] = []

        def note(method: Method, found: Draft) -> None:
            line = {"method": method.describe(), "n_latents": len(found.atoms),
                    "held_out_units": found.error, "penalty": found.penalty * scale}  # fmt: skip
            trials.append(line)
            share = 0.5 * len(trials) / (len(trials) + 10)
            watch.news(f"tried {len(found.atoms)} latents", share)

        most = self._most(*seen.shape)
        start = min(_START * x.shape[1], most)
        widths = Widths(seen, unseen, rng, lambda tried: note(_coding(tried), tried))
        coded = widths.run(start, most)
        drafts: list[Draft] = []
        origins: list[Method] = []

        def settle(start: Draft, method: Method) -> None:
            origins.append(method)
            watch.news(f"refining {len(start.atoms)} latents", 0.5)
            if len(start.atoms) > _MANY:
                start = thinned(seen, unseen, start, rng)
                note(_chosen(method, start), start)
            if len(start.atoms) <= _MANY:
                start = refine(seen, unseen, start, Refinement(), rng)
                note(_refined(method, start), start)
            drafts.append(start)

        def settle_coded(coded: Draft) -> None:
            settle(replace(coded, k=usual_active(unseen, coded)), _coding(coded))

        for each in coded:
            settle_coded(each)
        best, coded_best = min(zip(drafts, coded, strict=True), key=lambda pair: error_of(pair[0]))
        again = repeats(_SMALL, seen, len(best.atoms), _OPINIONS)
        if again > 1 and error_of(best) > EXACT:  # cheap, and any start can end in a poor corner
            m = min(len(coded_best.atoms), round(_WIDE * len(best.atoms)))
            while again and not agreed(drafts):
                settle_coded(widths.learn(m, best.learn_offset, best.signed))
                again -= 1
            tiny = repeats(_TINY, seen, len(best.atoms), _OPINIONS) > 1
            if tiny and not agreed(drafts):
                most_active = min(self.most_active, max(1, x.shape[1] // 2), most - 1)
                search = Search(
                    seen, unseen, rng, lambda f: note(_pursuit(f), f.draft), _TURNS, _CYCLES
                )
                hopeless = _HOPELESS * min(map(error_of, drafts))
                for found in search.run(start, most, most_active):
                    if error_of(found.draft) <= hopeless:
                        settle(found.draft, _pursuit(found))
        k = drafts[0].k
        m = min(_START * x.shape[1], max(2, len(seen) // 4))
        if self.autoencoder and m > k:
            watch.within(0.6, 0.4)
            autoencoder = TopK(n_latents=m, k=k)
            settle(rough(autoencoder.learn(seen, rng, watch), unseen, k), autoencoder)
        watch.within(0.0, 1.0)
        watch.warnings.clear()
        best = most_frugal(drafts)
        origin = origins[drafts.index(best)]
        if len(best.atoms) <= _MANY and error_of(best) < _NOTHING:
            best = complete(x, divided(seen[: polish_rows(best)], unseen, best), None, rng)
        method = _chosen(origin, best)
        watch.news(f"chose {len(best.atoms)} latents", 1.0)
        verdict: dict[str, Any] = {"method": method.describe(), "n_latents": len(best.atoms),
                "held_out_units": best.error}  # fmt: skip
        if not error_of(best) < _NOTHING:
            verdict["note"] = "units do not predict each other: a default was taken in place"
            method = Pursuit(n_latents=max(2, min(2 * x.shape[1], len(x) // 3)))
            learned = method.learn(x * x.dtype.type(scale), rng, watch)
            watch.warnings.clear()
            return learned.with_evidence(chosen={"trials": trials, "best": verdict})
        learned = finish(method, best, x, scale)
        return learned.with_evidence(chosen={"trials": trials, "best": verdict})

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return the start of the first candidate."""
        return Pursuit(expansion=_START).untrained(x, rng)

    def _most(self, n: int, p: int) -> int:
        return max(2, min(round(self.most_expansion * p), n // _STIMULI_A_LATENT))


def _refined(origin: Method, best: Draft) -> Refined:
    if not np.isfinite(best.error):  # one unit cannot be held out, and none judges
        return Refined(of=origin, n_latents=len(best.atoms))
    return Refined(
        of=origin,
        n_latents=len(best.atoms),
        restarts=_RESTARTS,
        enough=_AS_GOOD * best.error,
    )


def _chosen(origin: Method, best: Draft) -> Method:
    many = len(best.atoms) > _MANY
    return _coding(best) if many and isinstance(origin, SparseCoding) else _refined(origin, best)


def _coding(coded: Draft) -> SparseCoding:
    return SparseCoding(
        n_latents=len(coded.atoms),
        offset="learned" if coded.learn_offset else "zero",
        signed=coded.signed,
    )


def _pursuit(found: Found) -> Pursuit:
    return Pursuit(
        n_latents=found.m,
        k=found.k,
        offset="zero" if found.zero else "learned",
        signed=found.signed,
        turns=_TURNS,
        cycles=_CYCLES,
        restarts=1,
    )
