"""What a reader must know before trusting a joint dictionary."""

from __future__ import annotations

from unbraid.sharing.evidence._evidence import JointEvidence
from unbraid.sharing.evidence._latents import SHARED
from unbraid.sharing.learning._learn import LearnedTogether
from unbraid.sharing.systems._scales import scales_of
from unbraid.sharing.systems._split import JointSplit
from unbraid.sharing.systems._stack import Systems


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


def of_the_stack(line: str) -> bool:
    """Return whether a line of the method numbers units of all systems side by side.

    ``warnings_of_systems`` says the same of each system.
    """
    return "of x hold" in line


def warnings_of_systems(learned: LearnedTogether, seen: JointEvidence, train: Systems) -> list[str]:
    """Return lines about single systems, and one where most latents are undecided."""
    lines = [f"{each.system}: {each.reason}." for each in seen.contrast.systems if each.reason]
    for number, (name, scales) in enumerate(zip(train.names, scales_of(train), strict=True)):
        if learned.scale.weight[train.columns(number)][0] < 1:
            lines.append(
                f"{name}: its one unit was given a tenth of the others' weight, with which they "
                "are predicted better."
                if train.sizes[number] == 1
                else f"{name}: no unit of it can be predicted, not even from the others; it counts "
                "as noise and was given a tenth of the others' weight."
            )
        if scales.few_units:
            verb = "holds" if scales.loud == 1 else "hold"
            lines.append(
                f"{name}: {scales.loud} of its {scales.vary} units {verb} 99 % of its variance. "
                f"What the others hold is hardly seen, and no feature is said to be absent in "
                f"{name}: bring its units to one scale (divide each by its standard deviation)."
            )
        if scales.few_stimuli:
            lines.append(
                f"{name}: a hundredth of the stimuli holds {scales.tail:.0%} of its power: look "
                "for artefacts, or clip large responses. The evidence rests on a few stimuli."
            )
    weak = seen.latents.kind.count("undecided")
    if weak > len(seen.latents.kind) / 2 and SHARED in seen.latents.kind:
        lines.append(
            f"{weak} of {len(seen.latents.kind)} latents are undecided: more stimuli, or fewer "
            "latents, would tell more of them."
        )
    return lines
