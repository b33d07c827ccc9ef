"""What the study of brains shows: figures, claims across sessions, the answer in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from unbraid import stats
from unbraid.align import Score
from unbraid.studies._across import across
from unbraid.studies._study import Claim, Figure, Series
from unbraid.studies.brains._brain import Elsewhere, Key
from unbraid.studies.brains._nested import NestedPrediction
from unbraid.studies.systems._sources import EXPANSIONS


def conclusion(session: str, gains: Mapping[str, stats.Difference]) -> str:
    """Answer in one sentence whether unbraiding helps beyond an expansion."""
    neurons, expansion = gains["neurons"], gains["expansion"]
    if neurons.low > 0 and expansion.low > 0:
        answer = "Unbraiding helps, beyond what a random expansion gives"
    elif neurons.low > 0:
        answer = "Unbraiding helps, but no more than a random expansion of the units does"
    elif neurons.high < 0:
        answer = "Unbraiding makes prediction worse"
    else:
        answer = "Unbraiding does not help"
    return (
        f"{answer}: each family at its best, r changes by {neurons.value:+.3f} "
        f"[{neurons.low:+.3f}, {neurons.high:+.3f}] against the units and by "
        f"{expansion.value:+.3f} [{expansion.low:+.3f}, {expansion.high:+.3f}] against random "
        f"expansions ({session})."
    )


def by_layer(scores: Mapping[Key, Score], network: str, session: str, n: int, seed: int) -> Figure:
    """Draw every source at every layer."""
    layers = list(dict.fromkeys(layer for layer, _ in scores))
    sources = [s for s in dict.fromkeys(source for _, source in scores) if s != "shuffled"]
    series = []
    for source in sources:
        there = [layer for layer in layers if (layer, source) in scores]
        mine = [scores[layer, source] for layer in there]
        measured = source in ("units", "codes", "codes, wide", "pursuit")
        series.append(
            Series(
                name=source,
                x=list(there),
                y=[score.value for score in mine],
                low=[score.low for score in mine],
                high=[score.high for score in mine],
                kind="measured" if measured else "control",
            )
        )
    best = {s.name: max(s.y) for s in series}
    told = ", ".join(f"{name} {value:.3f}" for name, value in best.items())
    return Figure(
        kind="bar",
        title=f"{network} to {session}",
        x_label="",
        y_label="mean r over units, held out",
        series=series,
        caption=f"At the best layer of each: {told}. n = {n} pictures, seed {seed}; bars: 95 % "
        "over pictures.",
    )


def by_unit(
    families: Mapping[str, NestedPrediction], ceiling: np.ndarray | None, session: str, seed: int
) -> Figure:
    """Draw each unit's prediction, unbraided and not, units sorted by the network's own."""
    order = np.argsort(families["neurons"].per_target)
    x = list(range(1, len(order) + 1))
    series = [
        Series(
            name=name,
            x=x,
            y=[float(v) for v in families[name].per_target[order]],
            kind="control" if name == "expansion" else "measured",
        )
        for name in ("neurons", "unbraided", "expansion")
    ]
    if ceiling is not None:
        known = np.nan_to_num(ceiling[order], nan=float(np.nanmin(ceiling)))
        series.append(Series(name="ceiling", x=x, y=[float(v) for v in known], kind="published"))
    better = np.mean(families["unbraided"].per_target > families["neurons"].per_target)
    return Figure(
        kind="line",
        title=f"Unit by unit, {session}",
        x_label="units, sorted",
        y_label="r, held out",
        series=series,
        caption=f"Unbraided, {better:.0%} of {len(order)} units are predicted better than from "
        f"the network's own. Seed {seed}.",
    )


def by_session(elsewhere: list[Elsewhere], layer: str, seed: int) -> list[Figure]:
    """Draw the other sessions, if there are any."""
    if not elsewhere:
        return []
    sources = list(elsewhere[0].scores)
    series = [
        Series(
            name=source,
            x=[each.name for each in elsewhere],
            y=[each.scores[source].value for each in elsewhere],
            low=[each.scores[source].low for each in elsewhere],
            high=[each.scores[source].high for each in elsewhere],
            kind="measured" if source in ("units", "codes") else "control",
        )
        for source in sources
    ]
    gain = _pooled(elsewhere, "units")
    return [
        Figure(
            kind="bar",
            title=f"{layer} to other sessions",
            x_label="",
            y_label="mean r over units, held out",
            series=series,
            caption=f"Over {len(gain)} units of {len(elsewhere)} sessions, codes change r by "
            f"{gain.mean():+.3f}. Seed {seed}; bars: 95 % over pictures.",
        )
    ]


def across_sessions(elsewhere: list[Elsewhere]) -> list[Claim]:
    """Return whether codes gain in the other sessions, pooled over units and by session."""
    claims = []
    for against in ("units", *EXPANSIONS) if elsewhere else ():
        gain = _pooled(elsewhere, against)
        bounds = across(gain)
        each = [float(_gains(e, against).mean()) for e in elsewhere]
        told = ", ".join(f"{e.name} {g:+.3f}" for e, g in zip(elsewhere, each, strict=True))
        claims.append(
            Claim(
                text=f"codes predict the other sessions better than {against} do",
                holds=bool(bounds.low > 0),
                evidence=f"{gain.mean():+.3f} [{bounds.low:+.3f}, {bounds.high:+.3f}] over "
                f"{len(gain)} units; over sessions {across(each)}: {told}",
            )
        )
    return claims


def _pooled(elsewhere: list[Elsewhere], against: str) -> np.ndarray:
    return np.concatenate([_gains(each, against) for each in elsewhere])


def _gains(each: Elsewhere, against: str) -> np.ndarray:
    gain = each.scores["codes"].per_target - each.scores[against].per_target
    return gain[np.isfinite(gain)]
