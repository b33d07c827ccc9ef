"""What the study of two networks shows: its claims and figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unbraid.studies._study import Claim, Figure, Series
from unbraid.studies.networks._same_layers import SameLayers
from unbraid.studies.systems._two_networks import COMPARED, Aligned, Key

_NEURONS: Key = ("units", "units", "ridge")
_LATENTS: Key = ("codes", "units", "ridge")


def conclusion(same: Sequence[SameLayers], pairs: Sequence[Aligned]) -> str:
    """Answer in one sentence or two what unbraiding changes."""
    told = []
    if same:
        raw, codes = (
            np.concatenate([each.found((s, s, "cka_debiased")).ravel() for each in same])
            for s in ("units", "codes")
        )
        told.append(
            f"Of {raw.size} layers {int(raw.sum())} are most like their counterpart in another "
            f"network, and {int(codes.sum())} once both are unbraided."
        )
    if pairs:
        random: Key = ("random relu", "units", "ridge")
        units, expansion = (
            float(np.mean([pair.gain(_LATENTS, other).value for pair in pairs]))
            for other in (_NEURONS, random)
        )
        helps = "helps" if units > 0 and expansion > 0 else "does not help"
        told.append(
            f"Unbraiding {helps} to predict another network: r changes by {units:+.3f} against "
            f"the units and by {expansion:+.3f} against a random expansion, mean over "
            f"{len(pairs)} pairs of layers."
        )
    return " ".join(told)


def claims_of_seeds(same: SameLayers) -> list[Claim]:
    """Say whether every layer is most like its counterpart, before and after unbraiding."""
    claims = []
    for source, text in (("units", "raw"), ("codes", "unbraided")):
        key = (source, source, "cka_debiased")
        found = same.found(key)
        claims.append(
            Claim(
                text=f"{same.name}, {text}: by CKA each layer is most like its counterpart in the "
                "other network",
                holds=bool(found.all()),
                evidence=f"{int(found.sum())} of {found.size} layers; own layer "
                f"{same.own(key):.3f}, others {same.others(key):.3f}",
            )
        )
    return claims


def figures_of_seeds(same: SameLayers, seed: int) -> list[Figure]:
    """Draw, for each metric, a layer's likeness to its counterpart and to its best other layer."""
    figures = []
    for metric in dict.fromkeys(key[2] for key in same.matrices):
        keys = [key for key in same.matrices if key[2] == metric]
        series = []
        for key in keys:
            tables = same.matrices[key]
            depth = tables.shape[1]
            own = np.array([np.diag(table) for table in tables]).mean(axis=0)
            others = np.where(np.eye(depth, dtype=bool), -np.inf, tables).max(axis=2).mean(axis=0)
            for what, values in (("counterpart", own), ("best other", others)):
                series.append(
                    Series(
                        name=f"{key[0]} -> {key[1]}, {what}",
                        x=list(range(depth)),
                        y=[float(v) for v in values],
                        kind="control" if key[0] == "untrained" else "measured",
                    )
                )
        shares = ", ".join(f"{key[0]} -> {key[1]} {same.found(key).mean():.2f}" for key in keys)
        figures.append(
            Figure(
                kind="line",
                title=f"{same.name}: layers and their counterparts ({metric.partition('_')[0]})",
                x_label="layer",
                y_label="similarity",
                series=series,
                caption=f"Share of layers that are most like their counterpart: {shares}. n = "
                f"{same.n} pictures, {len(same.accuracies)} networks, seed {seed}.",
            )
        )
    return figures


def claims_of_pairs(pairs: Sequence[Aligned]) -> list[Claim]:
    """Say whether codes align better than units and controls, and whether the gain has depth."""
    claims = []
    for name in dict.fromkeys(pair.part for pair in pairs):
        mine = [pair for pair in pairs if pair.part == name]
        for a, b, text in (
            (_LATENTS, _NEURONS, "codes predict the other's units better than units do"),
            (_LATENTS, ("untrained", "units", "ridge"),
             "codes predict the other's units better than an untrained dictionary does"),
            (_LATENTS, ("random relu", "units", "ridge"),
             "codes predict the other's units better than a random expansion does"),
            (("codes", "codes", "semi_matching"), ("units", "units", "semi_matching"),
             "codes match codes better than units match units"),
            (("codes", "codes", "semi_matching"), ("untrained", "untrained", "semi_matching"),
             "codes match codes better than those of untrained dictionaries do"),
        ):  # fmt: skip
            gains = [pair.gain(a, b) for pair in mine]
            above, below = sum(gain.low > 0 for gain in gains), sum(gain.high < 0 for gain in gains)
            claims.append(
                Claim(
                    text=f"{name}: {text}, in every pair of layers",
                    holds=all(gain.low > 0 for gain in gains),
                    evidence=f"above 0 in {above} of {len(gains)} pairs, below in {below}: "
                    + "; ".join(
                        f"{pair.name} {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
                        for pair, gain in zip(mine, gains, strict=True)
                    ),
                )
            )
        if len({pair.depth for pair in mine}) > 1:
            claims.append(_depth(name, mine))
    return claims


def _depth(name: str, pairs: Sequence[Aligned]) -> Claim:
    """Say whether the gain of codes over units is larger in deeper layers."""
    from scipy.stats import spearmanr

    depth = [pair.depth for pair in pairs]
    gain = [pair.gain(_LATENTS, _NEURONS).value for pair in pairs]
    rank = float(spearmanr(depth, gain).statistic)
    deep, first = max(depth), min(depth)
    told: list[float] = [
        float(np.mean([g for g, d in zip(gain, depth, strict=True) if d == at]))
        for at in (first, deep)
    ]
    return Claim(
        text=f"{name}: codes gain over units, and more in deeper layers",
        holds=bool(told[1] > max(told[0], 0) and rank > 0),
        evidence=f"shallowest {told[0]:+.3f}, deepest {told[1]:+.3f}; rank correlation with "
        f"depth {rank:+.2f} over {len(pairs)} pairs",
    )


def figures_of_pairs(pairs: Sequence[Aligned], seed: int) -> list[Figure]:
    """Draw every comparison of every pair of layers, a figure for each part and metric."""
    figures = []
    for name in dict.fromkeys(pair.part for pair in pairs):
        mine = [pair for pair in pairs if pair.part == name]
        labels = [pair.name.replace("_blocks.", "").replace("efficientnet_", "") for pair in mine]
        for metric in ("ridge", "semi_matching"):
            keys = [key for key in COMPARED if key[2] == metric]
            series = [
                Series(
                    name=f"{key[0]} -> {key[1]}",
                    x=labels,
                    y=[pair.scores[key].value for pair in mine],
                    low=[pair.scores[key].low for pair in mine],
                    high=[pair.scores[key].high for pair in mine],
                    kind="measured" if key[0] in ("units", "codes") else "control",
                )
                for key in keys
            ]
            told = ", ".join(f"{s.name} {np.mean(s.y):.3f}" for s in series)
            figures.append(
                Figure(
                    kind="bar",
                    title=f"{name}: {metric.replace('_', '-')}",
                    x_label="",
                    y_label="held-out score",
                    series=series,
                    caption=f"Means over pairs of layers: {told}. Seed {seed}; bars: 95 % over "
                    "pictures.",
                )
            )
    return figures
