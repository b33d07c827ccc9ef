"""One sentence of verdict, which a baseline can overturn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from unbraid._answers import Verdict
from unbraid.evaluation._baselines import BASELINES
from unbraid.evaluation._side_score import BaselineContrast, SideScore, title_of

_IS_IT = 0.9  # at this share of the gain over units a baseline explains it
_FEW = 0.5  # below this coverage most latents are not scored


def verdict(sides: Mapping[str, SideScore], contrasts: Sequence[BaselineContrast]) -> Verdict:
    """Return what the headline measure says of the codes, beside units and baselines."""
    codes, base = sides["codes"], sides["base"]
    over = {c.side: c for c in contrasts}
    name = title_of(codes.measure)
    reasons = _reasons(codes, base)
    if not np.isfinite(codes.value):
        return Verdict(
            tone="cannot help",
            sentence="No latent could be scored: nothing is said of the codes.",
            reasons=reasons,
        )
    change = over["base"]
    numbers = f"{name} {_two(codes.value)} against {_two(base.value)} of the units"
    if not np.isfinite(change.value):
        return Verdict(
            tone="cannot help",
            sentence="No unit could be scored: there is nothing to compare the codes with.",
            reasons=reasons,
        )
    if codes.interval.low <= codes.chance:
        return Verdict(
            tone="no gain",
            sentence=f"The codes mean nothing that this judge sees ({numbers}, chance "
            f"{_two(codes.chance)}).",
            reasons=reasons,
        )
    if change.low <= 0:
        how = "are less interpretable than" if change.high < 0 else "are not shown to exceed"
        return Verdict(
            tone="no gain",
            sentence=f"The codes {how} the units ({numbers}, {_signed(change)}).",
            reasons=reasons,
        )
    rivals = {
        side: score
        for side, score in sides.items()
        if side not in ("codes", "base") and not BASELINES[side].of_chance
        if np.isfinite(score.value)
    }
    near = [side for side in rivals if _reaches(over[side], sides[side], base, codes)]
    if near:
        best = max(near, key=lambda side: rivals[side].value)
        many = f"{len(rivals[best].seeds[0])} {title_of(best)}"
        return Verdict(
            tone="explained by a control",
            sentence=f"The codes are more interpretable than the units ({numbers}), and so are "
            f"{many} ({_two(rivals[best].value)}): learning a dictionary is not what makes it.",
            reasons=reasons,
        )
    told = "; no baseline was run"
    if rivals:
        best = max(rivals, key=lambda side: rivals[side].value)
        told = f", and than every baseline (the best, {title_of(best)}, "
        told += f"{_two(rivals[best].value)})"
    return Verdict(
        tone="gain",
        sentence=f"The codes are more interpretable than the units ({numbers}, "
        f"{_signed(change)}){told}.",
        reasons=reasons,
    )


def _reaches(over: BaselineContrast, rival: SideScore, base: SideScore, codes: SideScore) -> bool:
    """Whether a baseline explains the gain: not reliably exceeded, or most of the gain."""
    return over.low <= 0 or rival.value - base.value >= _IS_IT * (codes.value - base.value)


def _reasons(codes: SideScore, base: SideScore) -> tuple[str, ...]:
    found = []
    for side, what in ((codes, "latents"), (base, "units")):
        if side.coverage < _FEW:
            scores = side.seeds[0]
            why = max(scores.why(), key=lambda reason: scores.why()[reason], default="")
            found.append(
                f"Only {int(scores.scored.sum())} of {len(scores)} {what} could be scored "
                f"(most are {why})."
            )
    if len(codes.seeds) > 1:
        found.append(
            f"Over {len(codes.seeds)} dictionary seeds the codes' score has a standard deviation "
            f"of {codes.spread:.3f}."
        )
    return tuple(found)


def _two(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2f}"


def _signed(change: BaselineContrast) -> str:
    return f"{change.value:+.2f} [{change.low:+.2f}, {change.high:+.2f}]"
