"""Trained networks that name handwriting: one, two, four and eight of them together."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import interpret, sparse, theory, worlds
from unbraid._progress import Progress, part
from unbraid.studies._across import Across, across, series
from unbraid.studies._study import Claim, Figure
from unbraid.studies.known_truth._known import value
from unbraid.studies.several._joined import joined_codes, wrongly_paired

LATENTS = 64  # for 40 features: half as many again, so that none is left without one

Curves = dict[tuple[str, int, int], Across]
"""What was measured, number of networks, units of each."""


def curves(options: Any, tell: Progress) -> Curves:
    """Return MCC of joint codes, of wrongly paired ones, and agreement of disjoint groups."""
    found: Curves = {}
    for at, units in enumerate(options.naming_units):
        start, step = at / len(options.naming_units), 1 / len(options.naming_units)
        most = max(options.networks_together)
        world = worlds.NamingNetworks(
            n_units=units,
            n_networks=most,
            epochs=options.epochs,
            canvases=worlds.HandwrittenCanvases(n_train=options.n_canvases, n_evaluation=2000),
        ).build(
            rng=np.random.default_rng((options.seed, units)),
            progress=part(tell, start, start + 0.4 * step),
        )
        training = [net.training.toarray()[: options.n_stimuli] for net in world.networks]
        tested = [net.evaluation.toarray() for net in world.networks]
        truth = world.evaluation.features
        rng = np.random.default_rng((options.seed, units, 1))
        method = sparse.SparseCoding(n_latents=LATENTS)
        codes: dict[tuple[int, int], Any] = {}
        for count in options.networks_together:
            tell(f"{count} networks of {units} units", start + 0.5 * step)
            for group in range(min(options.groups, most // count)):
                who = slice(group * count, (group + 1) * count)
                codes[count, group] = joined_codes(training[who], tested[who], method, rng)
            values = [interpret.mcc(each, truth) for (c, _), each in codes.items() if c == count]
            found["mcc", count, units] = across(values, most=1, least=0)
            if (count, 1) in codes:
                agreed = value(
                    "semi_matching", codes[count, 0], codes[count, 1], order="exchangeable"
                )
                found["agreement", count, units] = across([agreed], most=1)
        wrong = joined_codes(wrongly_paired(training[:2], rng), tested[:2], method, rng)
        found["permuted", 2, units] = across([interpret.mcc(wrong, truth)], most=1)
    return found


def rows(found: Curves) -> list[dict[str, Any]]:
    """Return a row per number."""
    return [
        {"part": "networks", "measure": what, "systems": count, "units each": units, **each.row}
        for (what, count, units), each in found.items()
    ]


def claims(found: Curves, options: Any) -> list[Claim]:
    """Say whether networks show together what one does not, and what wrong pairing does."""
    needed = theory.units_needed(worlds.canvases.N_FEATURES, 2.2)
    small = [u for u in options.naming_units if u <= 2.5 * needed]
    most = max(options.networks_together)
    if not small:
        return []
    return [
        Claim(
            text="networks in superposition show more together than one alone",
            holds=all(found["mcc", most, u].mean > found["mcc", 1, u].mean + 0.02 for u in small),
            evidence=", ".join(
                f"{u} units: {found['mcc', 1, u].mean:.2f} one, "
                f"{found['mcc', most, u].mean:.2f} {most} together"
                for u in small
            ),
        ),
        Claim(
            text="it is the pairing: two that are wrongly paired show no more than one alone",
            holds=all(found["permuted", 2, u].mean < found["mcc", 1, u].mean + 0.05 for u in small),
            evidence=", ".join(
                f"{u} units: {found['permuted', 2, u].mean:.2f}, one alone "
                f"{found['mcc', 1, u].mean:.2f}"
                for u in small
            ),
        ),
    ]


def figures(found: Curves, options: Any) -> list[Figure]:
    """Draw recovery and, where there are two groups, their agreement."""
    drawn = []
    for what, title, label in (
        ("mcc", "Trained networks that name handwriting", "MCC of codes with what is shown"),
        ("agreement", "Disjoint groups of networks", "semi-matching of their codes, held out"),
    ):
        lines = []
        for count in options.networks_together:
            points = {u: found[what, count, u].row for u in options.naming_units
                      if (what, count, u) in found}  # fmt: skip
            if points:
                name = "one alone" if count == 1 else f"{count} together"
                lines.append(series(name, list(points), list(points.values())))
        if what == "mcc":
            wrong = {u: found["permuted", 2, u].row for u in options.naming_units}
            lines.append(
                series("two, wrongly paired", list(wrong), list(wrong.values()), kind="control")
            )
        if lines:
            drawn.append(
                Figure(
                    kind="line", title=title, x_label="units of each network", y_label=label,
                    series=lines,
                    caption="40 features (ten digits at four places), 2.2 active, bound 6.4 "
                    f"units; {options.n_canvases} canvases, {LATENTS} latents, seed "
                    f"{options.seed}; scored on canvases of other handwriting.",
                )
            )  # fmt: skip
    return drawn
