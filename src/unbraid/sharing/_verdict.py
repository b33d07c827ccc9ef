"""One sentence: what the systems share, and whether together they tell more than each alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from unbraid import stats, theory
from unbraid._answers import Verdict
from unbraid._documented import documented_answer
from unbraid.sharing._beside import (
    ALONE,
    FOUND_AGAIN,
    FOUND_ALONE,
    FOUND_ELSEWHERE,
    JOINT_LATENTS,
    TOGETHER,
    Beside,
)
from unbraid.sharing.evidence._evidence import JointEvidence
from unbraid.sharing.evidence._latents import SHARED, UNDECIDED
from unbraid.sharing.systems._stack import Systems

_CHANCE = 2.0  # times the latents that look shared in wrong pairings, and one more, are no evidence
_ALL = 0.9  # a system needs no other if this share of its latents is found in it alone
_MORE = 0.25  # so much larger a share must other seeds find than a system alone: one start varies
_LEFT_OUT = (ALONE, TOGETHER)
_NO_SIGN = "No sign that {} share features"
_POOR = 0.5  # the dictionary predicts little from this error at units left out upwards


@documented_answer
@dataclass(frozen=True, kw_only=True)
class SystemBound:
    """Units that recovery needs against units that there are."""

    of: str
    """A system's name, or ``together``."""
    units: int
    """Linearly independent units that there are: constant and repeated ones are not counted, and
    of all together what systems repeat of each other is counted once."""
    needed: float
    """``K ln(N/K)``."""
    n_latents: int
    """N: latents that lie in the system and are active."""
    active: float
    """K: how many of them are active at a time."""

    @property
    def enough(self) -> bool:
        """Whether there are as many units as the bound asks for."""
        return self.units >= self.needed


def bounds_of(found: JointEvidence, train: Systems) -> tuple[SystemBound, ...]:
    """Return the bound of each system and of all together."""
    alive = int(np.count_nonzero(found.latents.active))
    whole = train.take(train.complete)
    systems = [whole.only(number) for number in range(len(train.sizes))]
    units = [round(stats.independent_units([each])) for each in systems]
    rows = [
        (name, size, int(n), float(k))
        for name, size, n, k in zip(
            train.names, units, found.alive_in, found.active_in, strict=True
        )
    ]
    rows.append(("together", round(stats.independent_units(systems)), alive, found.l0))
    return tuple(
        SystemBound(of=of, units=units, needed=_needed(n, k), n_latents=n, active=k)
        for of, units, n, k in rows
    )


def verdict_of(
    found: JointEvidence,
    counts: Mapping[str, int],
    expected: float,
    bounds: Sequence[SystemBound],
    numbers: Sequence[Beside],
    error: float,
    *,
    level: float,
    doubt: str = "",
) -> Verdict:
    """Say what the systems share and which regime they are in.

    1. *undecided*: the stimuli's order allows no answer, no unit could be left out, most latents
       are undecided though the pairing of stimuli tells nothing (absence is not shown), or the
       pairing tells something (``p`` of the contrast up to ``level``) and yet no more latents are
       shared than twice what wrong pairings give, and one.
    2. *nothing shared*: the pairing of stimuli tells nothing, and most latents are decided.
    3. *each suffices*: nine tenths of each system's joint latents are found in it alone. *One
       suffices*: they are found in some other system alone, for each system that does not.
    4. *joint pays*: neither holds for some system that has fewer units than ``K ln(N/K)``, or all
       have as many and its units left out are predicted better together than alone; other seeds
       find them again, a quarter more of them than any system alone; all together have as many
       units as they need, and at most half of the latents are undecided.
    5. *shared*: otherwise.
    """
    names = [bound.of for bound in bounds[:-1]]
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    reasons = [_bound_line(bounds)]
    if error > _POOR:
        reasons.append(
            f"Units left out are predicted poorly ({1 - error:.2f} of the variance, mean over "
            "systems): the dictionary is not yet the systems' code."
        )

    def say(tone: str, sentence: str) -> Verdict:
        return Verdict(tone=tone, sentence=sentence, reasons=tuple(reasons))

    if doubt:
        return say("undecided", doubt)
    if not np.isfinite(found.contrast.p):
        said = f"What {listed} share is undecided: each has one unit, and none can be left out."
        return say("undecided", said)
    none = _nothing(found.contrast.p, counts, names, expected, level)
    if none is not None:
        tone, why = none
        begin = f"Whether {listed} share features is undecided"
        return say(tone, f"{begin if tone == UNDECIDED else _NO_SIGN.format(listed)}: {why}.")
    what = _what(counts, names, expected)
    tone, said = _regime(f"{listed} {what}", counts, bounds, numbers)
    return say(tone, said)


def _nothing(
    p: float, counts: Mapping[str, int], names: Sequence[str], expected: float, level: float
) -> tuple[str, str] | None:
    """Return tone and reason where nothing is said to be shared."""
    together, total = counts[SHARED] + _partly(counts, names), sum(counts.values())
    undecided = counts[UNDECIDED]
    if p > level:
        why = f"the pairing of stimuli tells nothing about units left out (p = {p:.2g})"
        if undecided > total / 2:
            few = f"{undecided} of {total} latents are undecided, so that absence is not shown"
            return UNDECIDED, f"{why}, and {few} either"
        return "nothing shared", why
    floor = _CHANCE * expected + 1 if np.isfinite(expected) else 0.0
    if together > floor:
        return None
    verb = "looks" if together == 1 else "look"
    end = (
        f"{undecided} are undecided; more stimuli would tell more of them"
        if undecided
        else "none is undecided: they have a level in common at most, or no sparse features"
    )
    wrong = f", {expected:.1f} of wrongly paired stimuli," if np.isfinite(expected) else ""
    return UNDECIDED, (
        f"the pairing of stimuli matters for units left out (p = {p:.2g}), but {together} of "
        f"{total} latents {verb} shared{wrong} and {end}"
    )


def _what(counts: Mapping[str, int], names: Sequence[str], expected: float) -> str:
    said = [f"{_by_chance(expected)} expected by chance"] if np.isfinite(expected) else []
    if counts[UNDECIDED]:
        said.append(f"{counts[UNDECIDED]} undecided")
    note = f" ({'; '.join(said)})" if said else ""
    what = f"share {counts[SHARED]} of {sum(counts.values())} latents{note}"
    partly = _partly(counts, names)
    return f"{what}, and {partly} more are shared by some of them" if partly else what


def _regime(
    what: str, counts: Mapping[str, int], bounds: Sequence[SystemBound], numbers: Sequence[Beside]
) -> tuple[str, str]:
    """Return the tone and the sentence of systems that share something."""
    names = [bound.of for bound in bounds[:-1]]
    alone, elsewhere, again = (
        {name: each for name in names for each in numbers if _is(each, measure, name)}
        for measure in (FOUND_ALONE, FOUND_ELSEWHERE, FOUND_AGAIN)
    )
    if not alone:
        return SHARED, f"{what}."
    weak = [name for name in names if alone[name].value < _ALL]  # NaN: it holds none
    if not weak:
        return "each suffices", f"{what}; each suffices alone: its own dictionary finds the same."
    helped = [name for name in weak if elsewhere[name].value >= _ALL]
    weak = [name for name in weak if name not in helped]
    if not weak:
        by = " and ".join(dict.fromkeys(elsewhere[name].source for name in helped))
        return "one suffices", (
            f"{what}; {by} suffices alone: its own dictionary finds the latents of "
            f"{' and '.join(helped)} too."
        )
    if not bounds[-1].enough:
        return SHARED, (
            f"{what}; even together they have fewer units than recovery needs, so some are "
            "mixtures."
        )
    if counts[UNDECIDED] > sum(counts.values()) / 2:
        return SHARED, f"{what}; too many are undecided to say what joining pays."
    short = [bound.of for bound in bounds[:-1] if bound.of in weak and not bound.enough]
    weak = short or [name for name in weak if _better_together(numbers, name)]
    if not weak:
        return SHARED, f"{what}."
    found_alone = "; ".join(f"{name} alone finds {alone[name].value:.0%}" for name in weak)
    if not again:
        return SHARED, (
            f"{what}; {found_alone} of its latents. Whether together they pay is not known from "
            "one seed: say seeds=2 or more."
        )
    most = {name: np.fmax(alone[name].value, elsewhere[name].value) for name in weak}
    sure = [name for name in weak if again[name].value - most[name] >= _MORE]
    if not sure:
        found_again = "; ".join(f"{again[name].value:.0%}" for name in weak)
        return SHARED, (
            f"{what}. That together they pay is not shown: {found_alone} of its latents, and "
            f"joint dictionaries of other seeds find {found_again} of them."
        )
    few = (
        f"{', '.join(sure)} alone {'has' if len(sure) == 1 else 'have'} too few units"
        if short
        else f"{', '.join(sure)} alone {'does' if len(sure) == 1 else 'do'} not find them"
    )
    found_alone = "; ".join(f"{name} alone finds {alone[name].value:.0%}" for name in sure)
    found_again = "; ".join(f"{again[name].value:.0%}" for name in sure)
    return "joint pays", (
        f"{what}; together they pay: {few} ({found_alone} of its latents, joint dictionaries of "
        f"other seeds {found_again}), all together have enough."
    )


def _is(number: Beside, measure: str, name: str) -> bool:
    return number.measure == measure and number.target == f"{JOINT_LATENTS} {name}"


def _partly(counts: Mapping[str, int], names: Sequence[str]) -> int:
    """Return how many latents are of some of the systems, and more than one."""
    whole = {SHARED, UNDECIDED, *(f"{name} only" for name in names)}
    return sum(count for kind, count in counts.items() if kind not in whole)


def _by_chance(expected: float) -> str:
    return f"{expected:.1f}" if np.isfinite(expected) else "an unknown number"


def _better_together(numbers: Sequence[Beside], name: str) -> bool:
    """Return whether the system's units left out are predicted better by all systems."""
    found = {b.measure: b.value for b in numbers if b.target == name and b.measure in _LEFT_OUT}
    return len(found) < len(_LEFT_OUT) or not found[TOGETHER] <= found[ALONE]


def _bound_line(bounds: Sequence[SystemBound]) -> str:
    told = "; ".join(
        f"{b.of}: {b.units} units, {b.needed:.1f} needed" for b in bounds if b.needed > 0
    )
    return f"K ln(N/K) by the latents found - {told}." if told else "No latent is active."


def _needed(n: int, k: float) -> float:
    return float(theory.units_needed(n_features=n, active=k)) if 0 < k < n else 0.0
