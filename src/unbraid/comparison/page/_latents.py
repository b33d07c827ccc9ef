"""Shared, split and absorbed latents of two dictionaries of one system, on the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from unbraid import report
from unbraid.sparse import LatentKinds
from unbraid.sparse.evidence.splitting._kinds import KINDS

if TYPE_CHECKING:
    from unbraid.comparison._comparison import Comparison

_MOST_ROWS = 60  # split and absorbed latents on the page; the table in Python has all
MEANING = {
    "shared": "it and its best match follow each other best, and the match explains more than half "
    "of its variance on held-out stimuli",
    "split": "several latents of the other dictionary, none of which stands for another, explain "
    "it, and much better than the best of them",
    "absorbed": "a latent of the other dictionary that stands for something else takes its place "
    "where both would be active",
    "part": "one of those that stand for a split latent of the other, or what is left of an "
    "absorbed one",
    "not found": "several latents of the other explain less than half of it",
    "undecided": "too near to a border, or active on fewer than ten stimuli",
    "silent": "no stimulus excites it",
}

_NONE = report.Prose(paragraphs=["No latent was found to be split or absorbed."])


def key_numbers(result: Comparison) -> list[report.KeyNumber]:
    """Return the shares of latents that are shared, and the largest share that chance makes."""
    first = result.correspondences[0]
    sides = first.first, first.second
    shared = [
        report.KeyNumber(
            label=f"of {name} shared",
            value=side.count("shared") / len(side),
            note=f"{side.count('shared')} of {len(side)} latents",
        )
        for name, side in zip(result.names, sides, strict=True)
    ]
    chance = max(side.chance.get("shared", float("nan")) for side in sides)
    return [
        *shared,
        report.KeyNumber(
            label="shared by chance",
            value=chance,
            kind="control",
            note="random directions in place of the other",
        ),
    ]


def latent_kinds(result: Comparison) -> Sequence[report.Section]:
    """Return the section on what became of each latent; none where two systems were compared."""
    if not result.correspondences:
        return ()
    first = result.correspondences[0]
    sides = list(zip(result.names, (first.first, first.second), strict=True))
    lead = (
        "Both sides answer alike, so that these are two dictionaries of one system: which latents "
        "of one are in the other. Chosen on training stimuli, decided on held-out ones."
    )
    return (
        report.Section(
            title="Shared, split and absorbed latents",
            lead=lead,
            blocks=_listed(sides) or [_NONE],
        ),
    )


def counts(result: Comparison) -> report.Table:
    """Return one row a dictionary and seed: how many latents of each kind, and by chance."""
    several = len(result.correspondences) > 1
    columns = [
        report.Column(name="latents of"),
        *(report.Column(name=kind, format="integer", help=MEANING[kind]) for kind in KINDS),
    ]
    rows: list[list[report.Cell]] = [
        [f"{name}, seed {seed}" if several else name, *map(side.count, KINDS)]
        for seed, found in enumerate(result.correspondences)
        for name, side in zip(result.names, (found.first, found.second), strict=True)
    ]
    first = result.correspondences[0]
    by_chance = "; ".join(
        f"of {name} " + ", ".join(f"{share:.0%} {kind}" for kind, share in side.chance.items())
        for name, side in zip(result.names, (first.first, first.second), strict=True)
    )
    note = (
        f"n = {first.n} stimuli. Beside random directions in place of the other: {by_chance}. "
        f"False discovery rate of splits and absorptions {first.rate:.0%}, of all else 5% a latent;"
        " the dictionaries are held fixed, and other seeds differ."
    )
    return report.Table(title="What became of the latents", columns=columns, rows=rows, note=note)


def _listed(sides: list[tuple[str, LatentKinds]]) -> list[report.Table]:
    rows = []
    for name, side in sides:
        for kind in ("split", "absorbed"):
            for latent in (side.kind == kind).nonzero()[0]:
                rows.append(
                    (
                        name,
                        int(latent),
                        kind,
                        ", ".join(map(str, side.parts[latent])) or "none left",
                        ", ".join(map(str, side.absorbers[latent])) or "none",
                        float(side.one[latent]),
                        float(side.several[latent]),
                        float(side.q_value[latent]),
                    )
                )
    if not rows:
        return []
    columns = [
        report.Column(name="latent of"),
        report.Column(name="latent", format="integer"),
        report.Column(name="is"),
        report.Column(name="stands in", help="latents of the other that stand for it"),
        report.Column(name="absorbed by", help="latents of the other that take its place"),
        report.Column(name="best alone", format="percent", digits=0, help="variance, held out"),
        report.Column(name="together", format="percent", digits=0, help="variance, held out"),
        report.Column(name="q", format="p", help="after Benjamini and Hochberg"),
    ]
    more = len(rows) - _MOST_ROWS
    note = f"{more} more in result.correspondences[0].table()." if more > 0 else ""
    return [
        report.Table(
            title="Split and absorbed latents",
            columns=columns,
            rows=rows[:_MOST_ROWS],
            note=note,
        )
    ]
