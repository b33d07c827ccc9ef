"""What a reader must know before trusting a joint dictionary."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np

from unbraid.errors import ScaleWarning
from unbraid.sharing.evidence._evidence import JointEvidence
from unbraid.sharing.evidence._latents import SHARED, UNDECIDED, Latents
from unbraid.sharing.learning._learn import LearnedTogether
from unbraid.sharing.learning._signs import line_of_signs
from unbraid.sharing.systems._groups import copies_in
from unbraid.sharing.systems._scales import scales_of
from unbraid.sharing.systems._split import JointSplit
from unbraid.sharing.systems._stack import Systems

_COPIES = 0.1  # of the stimuli: fewer make no difference


def warnings_of_order(parts: JointSplit) -> tuple[str, list[str]]:
    """Return why there is no answer, and what a reader must know, where stimuli are in time."""
    order = parts.order
    if not order.in_time:
        return "", []
    of = "Stimuli" if parts.held.groups is None else "Groups of stimuli"
    one = "stimuli" if parts.held.groups is None else "groups"
    remedy = 'If rows are only sorted by kind, say order="exchangeable" (--order exchangeable).'
    if order.drifts:
        said = (
            f"{of} depend on their order in time, and at least two systems drift over the whole "
            "series: what they seem to share may be the drift, and nothing is called shared."
        )
        return said, [f"{said} {remedy}"]
    if order.period:
        said = (
            f"{of} depend on their order in time, and at least two systems hold a period of "
            f"{order.period:.4g} {one}: what they seem to share may be the period, and nothing "
            "is called shared."
        )
        return said, [f"{said} {remedy}"]
    said = (
        f"{of} depend on their order in time (neighbours are alike over "
        f"{order.reach} of them): the evidence is of the last part of the series, wrong pairings "
        "are rotations of it, and p-values are no smaller than 1/40."
    )
    return "", [said if parts.said else f"{said} {remedy}"]


def lines_of(caught: Iterable[warnings.WarningMessage]) -> list[str]:
    """Return what was warned of on the way, once each.

    But for the scale of units of all systems side by side: their numbers mean nothing to a reader,
    and ``warnings_of_systems`` says the same of each system.
    """
    lines = (str(w.message) for w in caught if not issubclass(w.category, ScaleWarning))
    return list(dict.fromkeys(lines))


def warnings_of_systems(
    learned: LearnedTogether, seen: JointEvidence, train: Systems, held: Systems
) -> list[str]:
    """Return lines about single systems, and one where most latents are undecided."""
    lines = [f"{each.system}: {each.reason}." for each in seen.contrast.systems if each.reason]
    if not learned.coder.signed:
        x = learned.scale.apply(held.values)
        lines += filter(None, [line_of_signs(x, learned.coder.atoms)])
    copies = [copies_in(train.only(number)) for number in range(len(train.names))]
    if train.groups is None and max(copies) > _COPIES * len(train):
        lines.append(
            f"{train.names[int(np.argmax(copies))]} answers {max(copies)} of {len(train)} training "
            "stimuli exactly as others. If stimuli are repeated, they are not independent, and too "
            "much seems shared: give groups=, a name for each stimulus (--groups)."
        )
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
    lines += _faint(seen.latents, train.names)
    weak = seen.latents.kind.count("undecided")
    if weak > len(seen.latents.kind) / 2 and SHARED in seen.latents.kind:
        lines.append(
            f"{weak} of {len(seen.latents.kind)} latents are undecided: more stimuli, or fewer "
            "latents, would tell more of them."
        )
    return lines


def _faint(latents: Latents, names: tuple[str, ...]) -> list[str]:
    """Return a line for each system that holds a little of latents said to lie elsewhere."""
    decided = np.array([kind not in (SHARED, UNDECIDED) for kind in latents.kind])
    lines = []
    for number, name in enumerate(names):
        kinds = np.array(latents.kind)[decided & latents.faint[:, number]]
        said = " and ".join(f"{(kinds == kind).sum()} called {kind}" for kind in sorted(set(kinds)))
        if len(kinds):
            lines.append(
                f"{name} also holds latents of other kinds, {said}, with less than a fifth of the "
                "length they have elsewhere: a kind names the systems that hold a latent strongly."
            )
    return lines
