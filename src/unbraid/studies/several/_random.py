"""Random encodings of the same features: alone, together, and with known atoms."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import interpret, sharing, sparse, theory, worlds
from unbraid._progress import Progress
from unbraid.studies._across import Across, across, series
from unbraid.studies._study import Claim, Figure, Series
from unbraid.studies.known_truth._known import true_dictionary
from unbraid.studies.several._joined import joined_codes

_TESTED = 1000  # stimuli that a correlation is measured on: to .03
_KNOWN, _HOPELESS = 0.95, 0.6  # MCC with known atoms: separated; not separated

Curves = dict[tuple[str, int, int], Across]
"""What was used, number of systems, units of each: MCC."""


def curves(options: Any, tell: Progress) -> Curves:
    """Return the MCC of learned codes and of codes under known atoms."""
    found: Curves = {}
    features = worlds.SparseFeatures(
        n_features=options.n_features, active=options.active, support="exact", low=0.5, high=1.5
    )
    method = sparse.SparseCoding(n_latents=options.n_features)
    for at, units in enumerate(options.units):
        tell(f"{units} units per system", at / len(options.units))
        values: dict[tuple[str, int], list[float]] = {}
        for seed in range(options.seeds):
            rng = np.random.default_rng((options.seed, seed, units))
            z = features.sample(options.n_stimuli + _TESTED, rng=rng)
            most = max(options.systems)
            world = worlds.Projection(n_units=units).project(z, n_systems=most, rng=rng)
            x = [each.astype(np.float32) for each in world.responses]
            for count in options.systems:
                codes = joined_codes(
                    [each[_TESTED:] for each in x[:count]],
                    [each[:_TESTED] for each in x[:count]],
                    method, rng,
                )  # fmt: skip
                learned = interpret.mcc(codes, z[:_TESTED])
                atoms = np.hstack(list(world.encodings[:count]))
                known = true_dictionary(atoms, options.active, penalty=1e-3).encode(
                    np.hstack([each[:_TESTED] for each in x[:count]])
                )
                values.setdefault(("learned", count), []).append(learned)
                values.setdefault(("known", count), []).append(interpret.mcc(known, z[:_TESTED]))
        for (kind, count), each in values.items():
            found[kind, count, units] = across(each, most=1, least=0)
    return found


def rows(found: Curves) -> list[dict[str, Any]]:
    """Return a row per number."""
    return [
        {
            "part": "random encodings",
            "atoms": kind,
            "systems": count,
            "units each": units,
            **mcc.row,
        }
        for (kind, count, units), mcc in found.items()
    ]


def claims(found: Curves, options: Any) -> list[Claim]:
    """Say whether systems show together what none shows alone."""
    first, two = min(options.systems), min(c for c in options.systems if c > 1)
    hopeful = [
        units for units in options.units
        if found["known", first, units].mean < _HOPELESS + 0.3
        and found["known", two, units].mean >= _KNOWN - 0.02
    ]  # fmt: skip
    if not hopeful:
        return []
    gains = {u: found["learned", two, u].mean - found["learned", first, u].mean for u in hopeful}
    return [
        Claim(
            text=(
                "two systems together show features that one alone does not, where known atoms "
                "say that they can"
            ),
            holds=min(gains.values()) > 0.15,
            evidence=", ".join(
                f"{u} units each: {found['learned', first, u].mean:.2f} alone, "
                f"{found['learned', two, u].mean:.2f} together"
                for u in hopeful
            ),
        )
    ]


def figure(found: Curves, options: Any) -> Figure:
    """Draw MCC against the units of each system, and where theory puts the transition."""
    needed = theory.units_needed(options.n_features, options.active)
    names = {1: "one alone"} | {c: f"{c} together" for c in options.systems if c > 1}
    lines: list[Series] = []
    for count in options.systems:
        of = {u: found["learned", count, u].row for u in options.units}
        lines.append(series(names[count], list(of), list(of.values())))
    for count in options.systems:
        lines.append(
            Series(
                name=f"K ln(N/K) / {count}", kind="theory",
                x=[needed / count, needed / count], y=[0.0, 1.0],
            )
        )  # fmt: skip
    return Figure(
        kind="line",
        title="Random encodings of the same features",
        x_label="units of each system",
        y_label="MCC of codes with true features",
        series=lines,
        caption=f"N = {options.n_features}, K = {options.active}, {options.n_stimuli} stimuli, "
        f"{options.seeds} seed(s), {_TESTED} stimuli tested; theory's transition for each number "
        "of systems is a vertical line.",
    )


def shared_and_private(options: Any, tell: Progress) -> tuple[list[dict], list[Claim]]:
    """Join worlds of shared and private features; and the same wrongly paired."""
    shared, private, units = options.world
    n, right, found, by_chance = options.n_stimuli // 2, 0, 0, 0
    table = []
    for seed in range(options.seeds):
        tell(f"shared and private features, seed {seed}", seed / options.seeds)
        rng = np.random.default_rng((options.seed, seed, 1))
        parts = [_draw(rng, n, shared, 2), *(_draw(rng, n, private, 1) for _ in range(2))]
        z = np.hstack(parts)
        kinds = np.repeat(["shared", "a only", "b only"], [shared, private, private])
        systems = {
            name: np.hstack([parts[0], own]) @ _directions(rng, shared + private, units)
            for name, own in zip("ab", parts[1:], strict=True)
        }
        for pairing in ("true", "wrong"):
            if pairing == "wrong":
                systems["b"] = systems["b"][rng.permutation(n)]
            result = sharing.joint(
                systems,
                method=sparse.SparseCoding(
                    n_latents=(shared + private) * 2 if pairing == "wrong" else len(kinds)
                ),
                seeds=1, refits=0, baselines=False, permutations=999,
                rng=int(rng.integers(2**31)),
            )  # fmt: skip
            counts = {kind: count.value for kind, count in result.counts.items()}
            row: dict[str, Any] = {"part": "shared and private", "pairing": pairing, "seed": seed}
            row |= counts
            if pairing == "true":
                codes = result.encode(systems)
                r = np.abs(interpret.feature_correlations(codes, z))
                sure = np.flatnonzero(r.max(axis=1) > 0.9)
                good = sum(result.evidence.kind[j] == kinds[r[j].argmax()] for j in sure)
                right, found = right + good, found + len(sure)
                row |= {"mcc": interpret.mcc(codes, z), "right": good, "recovered": len(sure)}
            else:
                by_chance += counts["shared"]
            table.append(row)
    claims = [
        Claim(
            text="recovered latents are in the right class",
            holds=right >= 0.95 * found > 0,
            evidence=f"{right} of {found} of all seeds",
        ),
        Claim(
            text="wrongly paired systems share nothing",
            holds=by_chance <= 0.05 * options.seeds * shared + 1,
            evidence=f"{by_chance} latents called shared in {options.seeds} seed(s)",
        ),
    ]
    return table, claims


def _draw(rng: np.random.Generator, n: int, count: int, k: int) -> np.ndarray:
    z = np.zeros((n, count))
    at = np.argsort(rng.random((n, count)), 1)[:, :k]
    np.put_along_axis(z, at, rng.uniform(0.5, 1.5, (n, k)), 1)
    return z


def _directions(rng: np.random.Generator, count: int, units: int) -> np.ndarray:
    found = rng.normal(size=(count, units))
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))
