"""Two networks and macaque V4 that saw the same photographs: what all share, and what not."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import sharing, sparse
from unbraid._progress import Progress, part
from unbraid.sharing import Joint
from unbraid.studies._study import Claim, Figure, Series
from unbraid.studies.systems._pooled import pooled
from unbraid.studies.systems._v4 import Session, data_folder, opened, session

_TOP = 5  # photographs that stand for a latent
_SHOWN = 3  # latents of each kind in the table


def joined(options: Any, tell: Progress) -> tuple[Joint, Session, dict[str, np.ndarray]]:
    """Record the networks' layers on a session's photographs, and join them with its units."""
    day = session(data_folder(options.data), options.session).first(options.n_pictures)
    systems: dict[str, np.ndarray] = {}
    for at, pair in enumerate(options.layers):
        name, _, layer = pair.partition(":")
        mine = part(tell, 0.3 * at, 0.3 * (at + 1), f"{name}: ")
        net = opened(name, options.networks)
        found = pooled(net, day.pictures, {layer: {"units": None}}, options.pool, mine)
        systems[name] = found[layer, "units"]
    systems["V4"] = day.responses.toarray()
    result = sharing.joint(
        systems,
        method=sparse.parse_method(options.real_method),
        seeds=options.real_seeds,
        refits=options.refits,
        permutations=999,
        rng=options.seed,
        order="exchangeable",
        progress=part(tell, 0.6, 1.0),
    )
    return result, day, systems


def rows(result: Joint, day: Session, systems: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Return a row per kind, and the latents of each kind that gain most, with photographs."""
    found: list[dict[str, Any]] = [
        {"part": "V4 and networks", "kind": kind, "latents": count.value, "low": count.low,
         "high": count.high}
        for kind, count in result.counts.items()
    ]  # fmt: skip
    codes = result.encode(systems).toarray()
    kinds, gain = np.array(result.evidence.kind), np.nansum(result.evidence.gain, axis=1)
    for kind in sorted(set(kinds) - {"undecided"}):
        mine = np.flatnonzero(kinds == kind)
        for latent in mine[np.argsort(-gain[mine])][:_SHOWN]:
            top = np.argsort(-np.abs(codes[:, latent]), kind="stable")[:_TOP]
            found.append({
                "part": "photographs", "kind": kind, "latent": int(latent),
                "gain": float(gain[latent]), "q": float(result.evidence.q[latent]),
                "photographs": " ".join(day.pictures.names[row] for row in top),
            })  # fmt: skip
    found += [
        {"part": "units left out", "system": each.system, "R2": each.r2,
         "wrong pairing": each.wrong_r2, "contrast": each.contrast, "p": each.p}
        for each in result.contrast.systems
    ]  # fmt: skip
    found += [
        {"part": "beside", "measure": each.measure, "source": each.source, "target": each.target,
         "value": each.value, "low": each.low, "high": each.high}
        for each in result.beside
    ]  # fmt: skip
    return found


def claims(result: Joint) -> list[Claim]:
    """Say whether the pairing of photographs is evidence about V4, and about each network."""
    said = ", ".join(f"{e.system} {e.contrast:+.3f} (p = {e.p:.2g})"
                     for e in result.contrast.systems)  # fmt: skip
    return [
        Claim(
            text=(
                "units left out of each system are predicted better together with the others' "
                "responses to the same photographs than to other ones"
            ),
            holds=all(each.p <= 0.05 and each.low > 0 for each in result.contrast.systems),
            evidence=f"R2 with true less wrong pairing: {said}",
        )
    ]


def figure(result: Joint, options: Any) -> Figure:
    """Draw how many latents are of each kind, beside what wrong pairings give."""
    kinds = list(result.counts)
    counts = list(result.counts.values())
    drawn = [
        Series(
            name="latents", x=kinds, y=[float(c.value) for c in counts],
            low=[float(c.low) for c in counts], high=[float(c.high) for c in counts],
        )
    ]  # fmt: skip
    chance = result.expected_shared
    return Figure(
        kind="bar",
        title="Which latents the networks and V4 share",
        x_label="systems that hold the latent",
        y_label="latents",
        series=drawn,
        caption=f"{', '.join(options.layers)} and {result.sizes[-1]} units of V4 "
        f"(session {options.session}), {options.n_pictures} photographs at most; bars: least over "
        f"{options.real_seeds} seed(s) to most, with all undecided latents; wrong pairings give "
        f"{'an unknown number' if np.isnan(chance) else f'{chance:.1f}'} of several systems. "
        f"{result.verdict.sentence}",
    )
