"""How `Auto` learns: its steps, and the few numbers that rule them."""

from __future__ import annotations

from dataclasses import dataclass

from unbraid.errors import InputError

STEPS = frozenset(
    {"widen", "few", "offset", "signs", "rounds", "starts", "l0", "complete", "sample"}
)


@dataclass(frozen=True, kw_only=True)
class AutoPlan:
    """The steps of `Auto` and what rules them; ``benchmarks/auto_ablation.py`` leaves each out."""

    steps: frozenset[str] = STEPS
    """Steps taken. ``widen``: fit again wider where every atom is important; ``few``: narrower and
    narrower where few stimuli leave units unpredicted; ``offset``: fit with an offset of zero too;
    ``signs``: fit signed codes where atoms come in opposite pairs; ``rounds``: refine more than
    once; ``starts``: fit and refine again until two agree; ``l0``: refine under codes of the
    fewest latents where these predict better; ``complete``: bring back what the
    validation stimuli did not show; ``sample``: go on by Monte Carlo EM. Default all; what each
    gains is in docs/recovery.md."""
    expansion: float = 4.0
    """Latents of the first fit, a unit: more features than superposition usually holds, for atoms
    too many are found to be so, and missing ones are not."""
    most_expansion: float = 128.0
    """Latents of any fit at most, a unit: a bound for time, far above what units can hold."""
    stimuli_a_latent: int = 3
    """Stimuli a latent at least: from fewer no atom stands out from its noise."""
    important: float = 0.9
    """Share of the atoms that are important at least where more features may be missing: with
    atoms to spare, each feature already has one."""
    narrowing: float = 0.85
    """Latents of the next fit, relative to the one before, where few stimuli make every atom seem
    important: steps small enough not to miss the width where the error falls."""
    as_good: float = 1.25
    """Error of a fit, unsigned or signed, relative to the best, up to which it is refined too."""
    pays: float = 0.9
    """Error of a fit twice as wide, relative to the one before, that pays for its time."""
    starts: int = 2
    """Further starts at most, until two agree: more of them find the same or what is no better."""
    cheap: int = 500_000
    """Stimuli times latents up to which narrower and narrower fits are tried, each in seconds."""
    affordable: int = 600_000
    """Stimuli times latents (of up to 64 units) up to which another start costs seconds."""
    sampled: int = 8_000_000
    """Stimuli times latents up to which Monte Carlo EM takes a minute."""
    nothing: float = 0.8
    """Held-out-units error above which codes say next to nothing, and a default is taken."""

    def __post_init__(self) -> None:
        unknown = sorted(self.steps - STEPS)
        if unknown:
            raise InputError(f"steps must be of {sorted(STEPS)}, got {unknown}.")

    def takes(self, step: str) -> bool:
        """Return whether a step is taken."""
        return step in self.steps

    def most(self, n: int, p: int) -> int:
        """Return the most latents for ``n`` stimuli of ``p`` units."""
        return max(2, min(round(self.most_expansion * p), n // self.stimuli_a_latent))
