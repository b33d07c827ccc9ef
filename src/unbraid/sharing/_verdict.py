"""One sentence: what the systems share, and whether together they tell more than each alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from unbraid import theory
from unbraid._answers import Verdict
from unbraid._documented import documented_answer
from unbraid.sharing._beside import ALONE, FOUND_ALONE, TOGETHER, Beside
from unbraid.sharing.evidence._evidence import JointEvidence
from unbraid.sharing.evidence._latents import SHARED

_CHANCE = 2.0  # times the latents that look shared in wrong pairings, and one more, are no evidence
_ALL = 0.9  # a system needs no other if this share of its latents is found in it alone
_LEFT_OUT = (ALONE, TOGETHER)
_POOR = 0.5  # the dictionary predicts little from this error at units left out upwards


@documented_answer
@dataclass(frozen=True, kw_only=True)
class SystemBound:
    """Units that recovery needs against units that there are."""

    of: str
    """A system's name, or ``together``."""
    units: int
    """Units that there are."""
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


def bounds_of(
    found: JointEvidence, names: Sequence[str], sizes: Sequence[int]
) -> tuple[SystemBound, ...]:
    """Return the bound of each system and of all together."""
    alive = int(np.count_nonzero(found.latents.active))
    rows = [
        (name, int(size), int(n), float(k))
        for name, size, n, k in zip(names, sizes, found.alive_in, found.active_in, strict=True)
    ]
    rows.append(("together", int(sum(sizes)), alive, found.l0))
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

    1. *undecided*: the stimuli's order allows no answer, or no unit could be left out.
    2. *nothing shared*: the pairing of stimuli tells nothing (``p`` of the contrast above
       ``level``), or no more latents are shared than twice what wrong pairings give, and one.
    3. *each suffices*: nine tenths of each system's joint latents are found in it alone.
    4. *joint pays*: they are not in some system that has fewer units than ``K ln(N/K)``, or all
       have as many and its units left out are predicted better together than alone; all together
       have as many as they need, and at most half of the latents are undecided.
    5. *shared*: otherwise; fewer units than needed even together.
    """
    names = [bound.of for bound in bounds[:-1]]
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    shared = counts[SHARED]
    total = sum(counts.values())
    partly = total - shared - counts["undecided"] - sum(counts[f"{name} only"] for name in names)
    contrast = found.contrast
    reasons = [_bound_line(bounds)]
    if error > _POOR:
        reasons.append(
            f"Units left out are predicted poorly ({1 - error:.2f} of the variance, mean over "
            "systems): the dictionary is not yet the systems' code."
        )
    if doubt:
        return Verdict(tone="undecided", sentence=doubt, reasons=tuple(reasons))
    if not np.isfinite(contrast.p):
        said = f"What {listed} share is undecided: each has one unit, and none can be left out."
        return Verdict(tone="undecided", sentence=said, reasons=tuple(reasons))
    by_chance = f"{expected:.1f}" if np.isfinite(expected) else "an unknown number"
    floor = _CHANCE * expected + 1 if np.isfinite(expected) else 0.0
    if contrast.p > level or (shared + partly) <= floor:
        why = (
            f"the pairing of stimuli tells nothing about units left out (p = {contrast.p:.2g})"
            if contrast.p > level
            else f"{shared + partly} latents look shared, and {by_chance} of wrongly paired stimuli"
        )
        said = f"No sign that {listed} share features: {why}."
        return Verdict(tone="nothing shared", sentence=said, reasons=tuple(reasons))
    chance = f" ({by_chance} expected by chance)" if np.isfinite(expected) else ""
    what = f"{listed} share {shared} of {total} latents{chance}"
    if partly:
        what += f", and {partly} more are shared by some of them"
    alone = {b.source: b.value for b in numbers if b.measure == FOUND_ALONE}
    weak = [name for name in names if name in alone and alone[name] < _ALL]
    if alone and not weak:
        said = f"{what}; each suffices alone: its own dictionary finds the same latents."
        return Verdict(tone="each suffices", sentence=said, reasons=tuple(reasons))
    short = [bound.of for bound in bounds[:-1] if not bound.enough]
    if not bounds[-1].enough:
        said = f"{what}; even together they have fewer units than K ln(N/K), so some are mixtures."
        return Verdict(tone=SHARED, sentence=said, reasons=tuple(reasons))
    if counts["undecided"] > total / 2:
        said = f"{what}; {counts['undecided']} are undecided, too many to say what joining pays."
        return Verdict(tone=SHARED, sentence=said, reasons=tuple(reasons))
    if not short:
        weak = [name for name in weak if _better_together(numbers, name)]
    if not weak and not short:
        return Verdict(tone=SHARED, sentence=f"{what}.", reasons=tuple(reasons))
    too_few = short or weak
    few = f"{', '.join(too_few)} alone {'has' if len(too_few) == 1 else 'have'} too few units"
    found_alone = "; ".join(f"{name} alone finds {alone[name]:.0%}" for name in weak)
    tail = f" ({found_alone} of its latents)" if found_alone else ""
    if not short:
        few = f"{', '.join(weak)} alone {'does' if len(weak) == 1 else 'do'} not find them"
    said = f"{what}; together they pay: {few}{tail}, all together have enough."
    return Verdict(tone="joint pays", sentence=said, reasons=tuple(reasons))


def _better_together(numbers: Sequence[Beside], name: str) -> bool:
    """Return whether the system's units left out are predicted better by all systems."""
    found = {b.measure: b.value for b in numbers if b.target == name and b.measure in _LEFT_OUT}
    return len(found) < len(_LEFT_OUT) or not found[TOGETHER] <= found[ALONE]


def _bound_line(bounds: Sequence[SystemBound]) -> str:
    told = "; ".join(
        f"{b.of}: {b.units} of {b.needed:.1f} units needed" for b in bounds if b.needed > 0
    )
    return f"K ln(N/K) by the latents found - {told}." if told else "No latent is active."


def _needed(n: int, k: float) -> float:
    return float(theory.units_needed(n_features=n, active=k)) if 0 < k < n else 0.0
