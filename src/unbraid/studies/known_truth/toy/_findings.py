"""What the toy study's numbers say: claims, rows, figures."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import theory
from unbraid.studies._across import Across, series
from unbraid.studies._study import Claim, Figure, Series
from unbraid.studies.known_truth.toy._reference import REFERENCE

QUANTITIES = (
    "loss", "shared features", "semi of weights", "fvu", "max r neurons", "max r latents",
    "semi N->N", "semi S->S", "semi R->S", "soft N->N", "soft S->S", "soft R->S",
    "ridge N->N", "ridge S->N", "ridge S->S", "ridge R->N", "cka N", "cka S", "rsa N", "rsa S",
)  # fmt: skip


def claims_of(found: dict[tuple[str, int], dict[str, Across]]) -> list[Claim]:
    """Check the paper's claims against the summary of each (importance, units)."""
    sizes = sorted({h for _, h in found})
    kinds = list(dict.fromkeys(kind for kind, _ in found))
    main = kinds[0]
    small, large = sizes[0], sizes[-1]
    top = found[main, large]
    gains = {h: found[main, h]["semi S->S"].mean - found[main, h]["semi N->N"].mean for h in sizes}
    needed = theory.units_needed(64, 6.4)
    claims = [
        Claim(
            text=f"latents align better than neurons in models of {large} units",
            holds=top["semi S->S"].mean > top["semi N->N"].mean,
            evidence=f"semi-matching {top['semi N->N']} of neurons, {top['semi S->S']} of latents",
        ),
        Claim(
            text="the gain is not explained by an untrained autoencoder",
            holds=top["semi R->S"].mean < top["semi S->S"].mean - 0.2
            and top["ridge R->N"].mean < top["ridge S->N"].mean - 0.2,
            evidence=f"semi-matching {top['semi R->S']} from random latents against "
            f"{top['semi S->S']}; ridge to neurons {top['ridge R->N']} against {top['ridge S->N']}",
        ),
        Claim(
            text="latents correlate with true features better than neurons, in all models",
            holds=all(n["max r latents"].mean > n["max r neurons"].mean for n in found.values()),
            evidence="; ".join(
                f"{kind} {h}: {n['max r neurons'].mean:.2f} to {n['max r latents'].mean:.2f}"
                for (kind, h), n in found.items()
            ),
        ),
    ]
    if len(sizes) > 1:
        claims.append(
            Claim(
                text="disentanglement improves with model size",
                holds=all(gains[a] < gains[b] for a, b in zip(sizes, sizes[1:], strict=False)),
                evidence=", ".join(f"{gains[h]:+.2f} at {h} units" for h in sizes),
            )
        )
    if small < needed:
        below = found[main, small]
        claims.append(
            Claim(
                text=f"below the bound ({small} units of {needed:.1f} needed) unbraiding lowers "
                "the matching of units",
                holds=gains[small] < 0,
                evidence=f"semi-matching {below['semi N->N']} to {below['semi S->S']}",
            )
        )
    return claims


def rows_of(found: dict, published: bool) -> list[dict[str, Any]]:
    """Return one row per number, beside the reference where the settings are the paper's."""
    rows = []
    for (kind, h), numbers in found.items():
        for name in QUANTITIES:
            value = numbers[name]
            reference = REFERENCE.get((kind, h), {}).get(name) if published else None
            rows.append(
                {
                    "importance": kind,
                    "units": h,
                    "quantity": name,
                    "mean": value.mean,
                    "low": value.low,
                    "high": value.high,
                    "pairs": value.n,
                    "reference": reference,
                    "agrees": None if reference is None else value.agrees_with(reference),
                }
            )
    return rows


def figures_of(raw: dict, found: dict) -> list[Figure]:
    """Return bars of each metric, and the histograms of each size."""
    figures = []
    for kind in dict.fromkeys(kind for kind, _ in found):
        sizes = [h for other, h in found if other == kind]
        pairs = next(iter(found.values()))["loss"].n
        for metric in ("semi", "soft", "ridge"):
            bars = [name for name in QUANTITIES if name.startswith(metric + " ") and "->" in name]
            figures.append(
                Figure(
                    kind="bar",
                    title=f"{metric}, {kind.replace('_', ' ')} importance",
                    x_label="units",
                    y_label="held-out score",
                    series=[
                        series(
                            bar.removeprefix(metric + " "),
                            [f"{h} units" for h in sizes],
                            [found[kind, h][bar].row for h in sizes],
                            kind="control" if " R->" in bar else "measured",
                        )
                        for bar in bars
                    ],
                    caption=f"N neurons, S latents, R latents of an untrained autoencoder; means "
                    f"over {pairs} pair(s) of seeds with 95 % intervals.",
                )
            )
        for h in sizes:
            numbers = raw[kind, h]
            figures += [
                _histogram(
                    f"Features that both models represent, {h} units, {kind}",
                    "product of the feature's norms", (0.0, 2.0),
                    {"features": np.concatenate(numbers["overlap"])},
                ),
                _histogram(
                    f"Match of neurons' weights over shared features, {h} units, {kind}",
                    "best correlation", (-1.0, 1.0),
                    {"neurons": np.concatenate(numbers["weight matches"])},
                ),
                _histogram(
                    f"Best correlation with each true feature, {h} units, {kind}",
                    "best correlation", (0.0, 1.0),
                    {
                        "neurons": np.concatenate(numbers["best neurons"]),
                        "latents": np.concatenate(numbers["best latents"]),
                    },
                ),
            ]  # fmt: skip
    return figures


def _histogram(
    title: str, x_label: str, limits: tuple[float, float], groups: dict[str, np.ndarray]
) -> Figure:
    edges = np.linspace(*limits, 21)
    counted, means = [], []
    for name, values in groups.items():
        values = values[np.isfinite(values)]
        counts = np.histogram(np.clip(values, *limits), edges)[0]
        counted.append(Series(name=name, x=edges[:-1].tolist(), y=counts.tolist()))
        means.append(f"{name} {values.mean():.2f}" if len(values) else f"{name}: none")
    return Figure(
        kind="histogram", title=title, x_label=x_label, y_label="count", series=counted,
        caption=f"Means: {', '.join(means)}.",
    )  # fmt: skip


NOTES = [
    "Models and autoencoders are trained as in the paper's published code; the random numbers are "
    "our own.",
    "Scores follow the protocol longon2025 (CKA: all evaluation stimuli). Two autoencoders never "
    "share an initial state, which the published code lets them do.",
    "Reference values are a replication at the same settings with one pair of seeds.",
    "More units, rarer features or fewer of them would help; equal importance sharpens the "
    "transition: nothing below the bound, much above it.",
]
