"""Which stages `Auto` goes through; each can be left out, so that its gain can be measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AutoPlan:
    """The stages of `Auto`, in the order in which they come."""

    slower_falls: bool = True
    """Sparse coding again, its penalty falling more slowly, while units are predicted badly."""
    many_iterations: bool = True
    """Ten times as many iterations there, where stimuli and latents are few."""
    important_width: bool = True
    """Fit again with as many latents as were important."""
    wider: bool = True
    """Fit twice as wide as long as that pays."""
    between: bool = True
    """Fit a width between the last two of these."""
    zero_offset: bool = True
    """Fit with an offset of zero too."""
    signs: bool = True
    """Fit signed codes where atoms come in opposite pairs."""
    few_stimuli: bool = True
    """Narrower and narrower fits where few stimuli leave units unpredicted."""
    prune: bool = True
    """Take out atoms that do not help to predict held-out units."""
    replace: bool = True
    """Learn the least important atoms again from what the others leave."""
    grow: bool = True
    """Grow and prune by pursuit, where that is cheap."""
    rounds: int = 3
    """Rounds of the last three."""
    starts: bool = True
    """Other starts, where they are cheap, until two agree."""
    pursuit: bool = True
    """Learnings by pursuit where none agree."""
    split: bool = True
    """Split atoms that stand for two features."""
    complete: bool = True
    """Bring back atoms that the validation stimuli did not show."""
    last_search: bool = True
    """Grow and prune by pursuit on all stimuli at the end."""
    sample: bool = True
    """Go on by Monte Carlo EM, where that predicts better."""
    sample_others: bool = True
    """The same from other candidates, where that is cheap."""
    births: bool = True
    """Atoms born during Monte Carlo EM."""
