"""The latents of a joint dictionary one by one, with their part in every system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from unbraid import report, sparse
from unbraid.responses import parts_of, pictures_by_id, tokens_by_id
from unbraid.sharing.evidence._latents import SHARED, UNDECIDED
from unbraid.sparse._latent_views import heaviest

if TYPE_CHECKING:
    from unbraid.sharing._joint import Joint

_UNITS = 8  # of each system, largest first


def joint_browser(result: Joint, pictures: Any = None, tokens: Any = None) -> report.LatentBrowser:
    """Return every latent with all systems' parts side by side, and what excites it held out.

    ``pictures`` and ``tokens`` as ``Joint.save`` takes them.
    """
    shown = sparse.parts_within(result.codes, result.held_stimuli)
    whole = parts_of(result.held_stimuli)
    seen, n = result.evidence, len(result.held_stimuli)
    density = seen.active / n
    names = [*result.counts, "silent"]
    group = np.array([names.index(kind) for kind in seen.kind])
    group[density == 0] = len(names) - 1
    shared = np.array([kind == SHARED for kind in seen.kind])
    return report.LatentBrowser(
        title=" and ".join(result.names),
        sides=[
            report.BrowserSide(
                name="Joint dictionary",
                measures=[each for each in _measures(result, density) if _known(each)],
                groups=[_group(name) for name in names],
                group=group,
                details=lambda latents: _details(result, latents, shown),
                parts=None if shown is None else shown.kind,
                first=np.lexsort((-density, ~shared)).tolist(),
            )
        ],
        stimuli=[str(each) for each in result.held_stimuli],
        picture=None if pictures is None else pictures_by_id(pictures, result.held_stimuli),
        tokens=None if tokens is None else tokens_by_id(tokens, result.held_stimuli),
        whole=None if whole is None else whole.whole.tolist(),
        at=None if whole is None else whole.position.tolist(),
        notes=[
            f"{n:,} held-out stimuli, which nothing was learned from; codes are inferred from all "
            "systems together.",
            f"One dictionary of {len(result.names)} systems: each latent has one code, and a part "
            "in every system.",
        ],
    )


def _known(measure: report.LatentMeasure) -> bool:
    return bool(np.isfinite(measure.values).any())


def _measures(result: Joint, density: np.ndarray) -> Iterator[report.LatentMeasure]:
    seen = result.evidence
    yield report.LatentMeasure(
        name="number of systems",
        values=seen.effective(),
        help="effective number of systems it lies in, from the shares of its squared length",
    )
    yield report.LatentMeasure(
        name="q",
        values=seen.q,
        digits=3,
        falling=False,
        help="p-value of being shared, against wrong pairings, after Benjamini and Hochberg",
    )
    for number, name in enumerate(result.names):
        yield report.LatentMeasure(
            name=f"share {name}",
            values=seen.share[:, number],
            help=f"share of its squared length that lies in {name}, held out",
        )
    for number, name in enumerate(result.names):
        yield report.LatentMeasure(
            name=f"gain {name}",
            values=seen.gain[:, number],
            digits=4,
            help=f"variance of left-out units of {name} that it predicts from the other units",
        )
    yield report.LatentMeasure(
        name="density", values=density, digits=4, help="share of the stimuli that it is active on"
    )
    yield report.LatentMeasure(
        name="stability",
        values=seen.stability,
        help="largest cosine with an atom of another seed, mean over seeds",
    )


def _group(name: str) -> report.LatentGroup:
    if name == SHARED:
        return report.LatentGroup(name=name, mark="full", help="every system has it")
    if name == UNDECIDED:
        return report.LatentGroup(name=name, mark="none", help="the evidence does not tell")
    if name == "silent":
        return report.LatentGroup(name=name, mark="none", help="no held-out stimulus excites it")
    alone = name.endswith(" only")
    where = name.removesuffix(" only") if alone else name.replace("+", " and ")
    return report.LatentGroup(
        name=name,
        mark="cross" if alone else "ring",
        help=f"it lies in {where}, and in no other with a fifth of its length",
    )


def _details(
    result: Joint, latents: Sequence[int], parts: sparse.LatentParts | None
) -> Iterator[report.LatentDetail]:
    own = {name: result.atoms(name) for name in result.names}
    for view in sparse.latent_views(result.codes, result.coder.atoms, latents, parts=parts):
        braids = [_braid(name, atoms[view.latent]) for name, atoms in own.items()]
        yield report.LatentDetail.of(view, braids)


def _braid(name: str, atom: np.ndarray) -> report.Braid:
    """Return one system's part of an atom, of length 1."""
    length = float(np.linalg.norm(atom))
    units, spread = heaviest(atom / (length if length > 0 else 1.0), _UNITS)
    named = [(f"unit {unit}", weight) for unit, weight in units]
    return report.Braid(system=name, units=named, spread=spread)
