"""A rough dictionary made exact: lasso codes, least squares, and atoms that earn their place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unbraid.sparse._alternate import code, repeats, some
from unbraid.sparse._infer import Choice, Problem, choose_inference, held_out_units
from unbraid.sparse._renew import Renewal, left_over, renew, worth
from unbraid.sparse._turns import LassoTurns

_POLISH_ROWS, _POLISH_ROWS_A_LATENT, _POLISH_ROWS_MOST = 3000, 16, 8192
_POLISH_TURNS = 2
_GO, _GO_LATER, _HALVINGS = 0.2, 0.1, 5  # share of the atoms that go at a time
_RENEW_ROWS, _RENEW_ROWS_A_LATENT, _RENEW_ROWS_MOST = 6000, 24, 12_288
EXACT = 1e-3  # held-out-units error below which nothing else can matter
_GAIN = 0.97
_SLACK = 0.05  # error, in shares of what an atom explains on average, that an atom is not worth
_TINY = 300_000  # stimuli times latents up to which a search may take longer
_ALIKE = 0.7  # cosine
_COMPLETIONS, _COMPLETION_TURNS = 3, 8
_AS_WORTHY = 0.5  # of what nine in ten atoms that stood the test are worth at least
_WORTHY = 0.15  # of the median worth
_VALUE_ROWS = 4000
_OPPOSITE, _OPPOSITE_SHARE = 0.9, 0.1  # cosine, and share of the atoms
_SMALL = 0.1  # codes below this share of their stimulus' largest count as noise


@dataclass(frozen=True, eq=False)
class Draft:
    """Atoms of unit length, an offset, and how well they predict held-out units."""

    atoms: np.ndarray
    offset: np.ndarray
    choice: Choice
    k: int = 1
    """Active latents by which the atoms were last learned."""
    learn_offset: bool = True
    """Whether the offset is learned or stays what it is."""

    @property
    def error(self) -> float:
        """Held-out-units error under the best inference."""
        return self.choice.error

    @property
    def penalty(self) -> float:
        """Lasso penalty."""
        return self.choice.problem.penalty or 0.0

    @property
    def signed(self) -> bool:
        """Whether codes may be negative."""
        return self.choice.problem.signed


def draft(
    judges: np.ndarray, atoms: np.ndarray, offset: np.ndarray, k: int = 1, signed: bool = False
) -> Draft:
    """Return a draft with the penalty that predicts held-out units of held-out stimuli best."""
    chosen = choose_inference(judges - offset, atoms, k=k, by="fista", signed=signed)
    return Draft(atoms, offset, chosen, k, learn_offset=bool(offset.any()))


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """How a draft is refined."""

    rounds: int = 3
    n_latents: int | None = None
    """Atoms that stay; none: as many as predict held-out units best."""


def refine(
    x: np.ndarray, judges: np.ndarray, start: Draft, plan: Refinement, rng: np.random.Generator
) -> Draft:
    """Return the best draft among the start's and those of each round.

    A round polishes by lasso codes, prunes to the atoms that predict held-out units, and renews
    what is left at the number of active latents that they show. ``judges`` are stimuli that no atom
    was learned from: on those it was, more atoms and smaller penalties always look better.
    """
    now = start
    drafts = [now] if plan.n_latents in (None, len(now.atoms)) else []
    for turn in range(plan.rounds):
        before = now
        rows = some(x, _renew_rows(now), rng)
        share = _GO
        if turn:  # what was pruned too early comes back
            now, share = replace(now, atoms=_grown(rows, now, rng)), _GO_LATER
        pruned = _reduce(rows, judges, now, plan.n_latents, share)
        drafts.append(pruned)
        drafts += [_renewed(rows, judges, pruned, k, rng) for k in actives(judges, pruned)]
        now = min(drafts, key=error_of)
        if turn and (now.error <= EXACT or now.error > _GAIN * before.error):
            break
    return most_frugal(drafts)


def _renew_rows(now: Draft) -> int:
    return int(np.clip(_RENEW_ROWS_A_LATENT * len(now.atoms), _RENEW_ROWS, _RENEW_ROWS_MOST))


def _polish_rows(now: Draft) -> int:
    return int(np.clip(_POLISH_ROWS_A_LATENT * len(now.atoms), _POLISH_ROWS, _POLISH_ROWS_MOST))


def _grown(x: np.ndarray, now: Draft, rng: np.random.Generator) -> np.ndarray:
    turn = code(x, now.atoms, now.offset, now.k, signed=now.signed)
    return np.concatenate([now.atoms, left_over(turn, len(now.atoms), rng)])


def _renewed(
    x: np.ndarray, judges: np.ndarray, now: Draft, k: int, rng: np.random.Generator
) -> Draft:
    atoms, offset = renew(x, now.atoms, now.offset, _renewal(now, x, k), rng)
    rows = x[: _polish_rows(now)]
    new = replace(now, atoms=atoms, offset=offset, k=k)
    return judged_again(judges, polish(rows, judged_again(judges, new), _POLISH_TURNS))


def complete(x: np.ndarray, best: Draft, n_latents: int | None, rng: np.random.Generator) -> Draft:
    """Return a draft learned from those that judged it too, and made whole.

    Judges do not show every feature, and what they do not show they let go: unless ``n_latents``
    is given, atoms come back that are worth as much as those that stood the test.
    """
    x = some(x, _renew_rows(best), rng)
    for _ in range(_COMPLETIONS if n_latents is None else 0):
        m, wide = len(best.atoms), replace(best, atoms=_grown(x, best, rng))
        wide = polish(x, wide, _COMPLETION_TURNS)
        new = wide.atoms[m:]  # two alike would each be worth nothing beside the other
        alone = np.triu(np.abs(new @ new.T), 1).max(0, initial=0) < _ALIKE
        wide = polish(x, replace(wide, atoms=np.concatenate([wide.atoms[:m], new[alone]])), 1)
        value = _value(x, wide)
        least = max(_AS_WORTHY * np.quantile(value[:m], 0.1), _WORTHY * np.median(value[:m]))
        new = value[m:] >= least
        best = replace(best, atoms=np.concatenate([best.atoms, wide.atoms[m:][new]]))
    renewal = _renewal(best, x, best.k)
    atoms, offset = renew(x, best.atoms, best.offset, renewal, rng)
    return polish(x, replace(best, atoms=atoms, offset=offset), 1)


def _renewal(now: Draft, x: np.ndarray, k: int) -> Renewal:
    effort = repeats(_TINY, x, len(now.atoms), 4)
    return Renewal(
        k=k,
        cycles=20 * effort,
        patience=4 * effort,
        learn_offset=now.learn_offset,
        signed=now.signed,
    )


def error_of(draft: Draft) -> float:
    """Held-out-units error; infinite where one unit cannot be held out."""
    return draft.error if draft.error == draft.error else float("inf")


def in_pairs(atoms: np.ndarray) -> bool:
    """Return whether atoms come in opposite pairs, as they do where codes should be signed."""
    cosine = atoms @ atoms.T
    return bool(np.mean(cosine.min(1) < -_OPPOSITE) >= _OPPOSITE_SHARE)


def most_frugal(drafts: list[Draft]) -> Draft:
    """Return the draft with the fewest atoms among those that predict as well as the best."""
    best = min(drafts, key=error_of)
    enough = 1.02 * error_of(best) + _slack(error_of(best), len(best.atoms))
    good = [each for each in drafts if error_of(each) <= enough]
    return min(good, key=lambda each: (len(each.atoms), error_of(each)))


def actives(judges: np.ndarray, now: Draft) -> list[int]:
    """Return the numbers of active latents that the judges show, one or two.

    By matching pursuit, the number that predicts held-out units best; by the lasso, the mean number
    of codes that are more than noise.
    """
    p, m = judges.shape[1], len(now.atoms)
    most = max(1, min(32, p // 2, m - 1))
    rows = np.ascontiguousarray((judges - now.offset)[:400])
    errors: list[float] = []
    for k in range(1, most + 1):
        problem = Problem(by="omp", k=k, signed=now.signed)
        errors.append(held_out_units(rows, now.atoms, problem))
        if len(errors) > 2 and errors[-1] > errors[-2] > errors[-3]:
            break
    enough = 1.1 * min(errors) + 0.01
    best = 1 + next((at for at, error in enumerate(errors) if error <= enough), 0)
    turn = code(judges, now.atoms, now.offset, min(p, m), now.penalty, now.signed)
    size = np.abs(np.where(turn.active >= 0, turn.codes, 0))
    shown = (size > _SMALL * size.max(1, keepdims=True)).sum(1).mean()
    return sorted({best, int(np.clip(round(float(shown)), 1, most))})


def _slack(error: float, m: int) -> float:
    """Return the error that one atom less may cost: little beside what a feature explains."""
    return min(_SLACK / m, 0.1 * error + 1e-5)


def judged_again(judges: np.ndarray, now: Draft) -> Draft:
    """Return the draft with its penalty chosen anew."""
    new = choose_inference(judges - now.offset, now.atoms, k=now.k, by="fista", signed=now.signed)
    return replace(now, choice=new)


def _reduce(
    x: np.ndarray, judges: np.ndarray, start: Draft, n_latents: int | None, share: float
) -> Draft:
    """Return the draft polished, with as few atoms as predict held-out units as well.

    A share of the least worthy goes at a time and the others are polished; where that costs too
    much, half as many go, until next to none; and at last, whether half can go at once.
    """
    rows = x[: _polish_rows(start)]
    if n_latents is not None:
        now = polish(rows, start, _POLISH_TURNS)
        while len(now.atoms) > n_latents:
            now = polish(rows, _worthiest(rows, now, n_latents), _POLISH_TURNS)
        return judged_again(judges, now)
    best = _judged(judges, judged_again(judges, polish(rows, start, _POLISH_TURNS)))
    if best.error <= EXACT and worthy(rows, best) == len(best.atoms):
        return best
    shares = [share / 2**step for step in range(_HALVINGS)] + [0.5, 0.35]
    while shares and (m := len(best.atoms)) > 1:
        gone = max(1, round(shares[0] * m))
        fewer = _worthiest(rows, best, m - gone)
        fewer = _judged(judges, polish(rows, fewer, _POLISH_TURNS))
        if fewer.error <= 1.005 * best.error + _slack(best.error, m) * gone:
            best = fewer
        else:
            shares.pop(0)
    return judged_again(judges, best)


def _judged(judges: np.ndarray, now: Draft) -> Draft:
    """Return the draft with its error on all judges, under the penalty that it has."""
    problem = now.choice.problem
    error = held_out_units(np.ascontiguousarray(judges - now.offset), now.atoms, problem)
    return replace(now, choice=Choice(problem=problem, error=error))


def polish(x: np.ndarray, now: Draft, turns: int) -> Draft:
    """Return the draft after turns of lasso codes, under its penalty, and least squares."""
    polished = LassoTurns(
        x, now.atoms, now.offset, learn_offset=now.learn_offset, signed=now.signed
    )
    for _ in range(turns):
        polished.step(now.penalty)
    return replace(now, atoms=polished.atoms, offset=polished.offset)


def worthy(x: np.ndarray, now: Draft) -> int:
    """Count the atoms that are worth a share of what the median atom is."""
    value = _value(x[:_VALUE_ROWS], now)
    return int(np.count_nonzero(value > _WORTHY * np.median(value)))


def _value(x: np.ndarray, now: Draft) -> np.ndarray:
    """Return what each atom is worth under the draft's lasso codes of ``x``."""
    turn = code(x, now.atoms, now.offset, min(now.atoms.shape), now.penalty, now.signed)
    return worth(turn, now.atoms, now.signed)


def _worthiest(x: np.ndarray, now: Draft, count: int) -> Draft:
    """Return the draft with its ``count`` worthiest atoms, or more.

    Of two atoms alike neither is worth much while the other is there: one of them stays.
    """
    value = _value(x[:_VALUE_ROWS], now)
    stays = np.ones(len(now.atoms), bool)
    free = stays.copy()
    for atom in np.argsort(value, kind="stable"):
        if stays.sum() <= count:
            break
        if free[atom]:
            stays[atom] = False
            free &= np.abs(now.atoms @ now.atoms[atom]) < _ALIKE
    return replace(now, atoms=np.ascontiguousarray(now.atoms[stays]))
