"""What a reader must know before trusting a joint dictionary."""

from __future__ import annotations

import numpy as np

from unbraid.sharing.evidence._evidence import JointEvidence
from unbraid.sharing.evidence._latents import SHARED
from unbraid.sharing.learning._learn import LearnedTogether
from unbraid.sharing.systems._split import JointSplit


def warnings_of_order(parts: JointSplit) -> tuple[str, list[str]]:
    """Return why there is no answer, and what a reader must know, where stimuli are in time."""
    order = parts.order
    if not order.in_time:
        return "", []
    remedy = 'If rows are only sorted by kind, say order="exchangeable" (--order exchangeable).'
    if order.drifts:
        said = (
            "Stimuli depend on their order in time, and at least two systems drift over the whole "
            "series: what they seem to share may be the drift, and nothing is called shared."
        )
        return said, [f"{said} {remedy}"]
    if order.period:
        said = (
            "Stimuli depend on their order in time, and at least two systems hold a period of "
            f"{order.period:.4g} stimuli: what they seem to share may be the period, and nothing "
            "is called shared."
        )
        return said, [f"{said} {remedy}"]
    said = (
        "Stimuli depend on their order in time (neighbours are alike over "
        f"{order.reach} of them): the evidence is of the last part of the series, wrong pairings "
        "are rotations of it, and p-values are no smaller than 1/40."
    )
    return "", [said if parts.said else f"{said} {remedy}"]


def warnings_of_systems(
    learned: LearnedTogether, seen: JointEvidence, names: tuple[str, ...]
) -> list[str]:
    lines = [f"{each.system}: {each.reason}." for each in seen.contrast.systems if each.reason]
    for number, name in enumerate(names):
        start = int(np.cumsum([0, *learned.sizes])[number])
        if learned.scale.weight[start] < 1:
            lines.append(
                f"{name}: no unit of it can be predicted, not even from the others; it counts as "
                "noise and was given a tenth of the others' weight."
            )
    weak = seen.latents.kind.count("undecided")
    if weak > len(seen.latents.kind) / 2 and SHARED in seen.latents.kind:
        lines.append(
            f"{weak} of {len(seen.latents.kind)} latents are undecided: more stimuli, or fewer "
            "latents, would tell more of them."
        )
    return lines
