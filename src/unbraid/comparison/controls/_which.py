"""Which controls belong to which metric: what could explain its gain without any feature."""

from __future__ import annotations

from unbraid import align

CONTROLS = (
    "random_dictionary",
    "random_expansion",
    "shuffled_latents",
    "rotation",
    "wide_expansion",
    "frozen_decoder",
    "soft_frozen_decoder",
    "frozen_encoder",
    "untrained_copy",
)
"""Method never trained; random projection of equal width and density; latents shuffled; independent
components of the units, as many as units; random ReLU units, up to 16 times as many as latents;
autoencoders that learn only half; codes of an untrained copy of the system. The last four where
they were requested."""

BOTH_SIDES = (
    "random_dictionary",
    "random_expansion",
    "rotation",
    "frozen_decoder",
    "soft_frozen_decoder",
    "frozen_encoder",
    "untrained_copy",
)
"""Controls that are scored against themselves in the other system too."""
LABELS = {
    "base": "units",
    "codes": "codes",
    "random_dictionary": "untrained dictionary",
    "random_expansion": "random expansion",
    "shuffled_latents": "shuffled latents",
    "rotation": "rotated units",
    "wide_expansion": "wide random expansion",
    "features": "features",
    "frozen_decoder": "frozen decoder",
    "soft_frozen_decoder": "soft-frozen decoder",
    "frozen_encoder": "frozen encoder",
    "untrained_copy": "untrained copy",
}
"""What each side of a score is called."""


def is_matching(metric: str) -> bool:
    """Whether a metric depends on the axes of the source, so that a rotation alone may raise it."""
    return "rotation" in align.METRICS[metric].changes_under


def is_prediction(metric: str) -> bool:
    """Whether a metric predicts each target unit from the source's space: width alone helps it."""
    found = align.METRICS[metric]
    return "rotation" in found.invariant_to and "rotation" not in found.target_invariant_to


def applies(control: str, target: str, metric: str, *, headline: bool) -> bool:
    """Whether a control is scored under a metric against a target.

    Rotations belong to matchings, wide expansions to predictions (of base units, and of codes where
    they are the headline). The others belong to every metric.
    """
    if control == "rotation":
        return is_matching(metric)
    if control == "wide_expansion":
        return is_prediction(metric) and (target == "base" or (headline and target == "codes"))
    return True


def rivals(metric: str, target: str, *, headline: bool) -> tuple[tuple[str, str], ...]:
    """Return source and target of every control that codes -> ``target`` must exceed.

    Against codes there are those with a control on both sides too: what width, or a rotation, does
    to two systems alone.
    """
    found = [(name, target) for name in CONTROLS]
    if target == "codes":
        found += [(name, name) for name in BOTH_SIDES]
    if target == "features":
        found = [(name, target) for name in BOTH_SIDES]
    return tuple(pair for pair in found if applies(*pair, metric, headline=headline))
