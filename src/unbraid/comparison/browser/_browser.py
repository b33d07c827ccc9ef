"""Both systems of a comparison side by side, latent by latent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import scipy.sparse as sp

from unbraid import align, report, sparse
from unbraid._answers import pictures_of
from unbraid.comparison.browser._pair import pair_of
from unbraid.comparison.controls._which import rivals
from unbraid.comparison.page._latents import MEANING
from unbraid.comparison.scores._matched import RATE, labels, pairs_of, stability_of
from unbraid.errors import InputError
from unbraid.responses import Responses, parts_of, tokens_by_id
from unbraid.sparse.evidence.splitting._kinds import KINDS

if TYPE_CHECKING:
    from unbraid.comparison._comparison import Comparison

SHARED, MATCHED, ALONE, SILENT = range(4)  # groups, in the order in which a page lists them
_UNKNOWN = np.nan


_IN_TIME = ("time", "drift", "period")  # orders of a score in which neighbours mean something


def browser_files(
    result: Comparison, pictures: Any = None, tokens: Any = None, parts: Any = None
) -> dict[str, str]:
    """Return the files of the browser by name; none where no system has a dictionary."""
    made = browser(result, pictures, tokens, parts)
    return {} if made is None else report.browser_files(made)


def browser(
    result: Comparison, pictures: Any = None, tokens: Any = None, parts: Any = None
) -> report.LatentBrowser | None:
    """Return the latents of the first seed's dictionaries; None where no system has one.

    Matches are those of ``Comparison.matched``. The rest as ``Comparison.save`` takes it.
    """
    there = [side for side in (0, 1) if result.of_side(side)]
    if not there:
        return None
    columns = {side: _columns(result.of_side(side)[0].codes) for side in there}
    found = pairs_of(result) if len(there) == 2 else None
    of_parts = _parts(result, parts)
    whole = parts_of(result.stimuli)
    return report.LatentBrowser(
        title=f"{result.names[0]} and {result.names[1]}",
        sides=[_side(result, side, columns, found, of_parts[side]) for side in there],
        stimuli=[str(each) for each in result.stimuli],
        picture=pictures_of(pictures, result.stimuli, result.rows, "compare"),
        tokens=None if tokens is None else tokens_by_id(tokens, result.stimuli),
        whole=None if whole is None else whole.whole.tolist(),
        at=None if whole is None else whole.position.tolist(),
        notes=_notes(result, found),
    )


def _columns(codes: Any) -> sp.csc_array:
    columns = sp.csc_array(codes.values)
    columns.eliminate_zeros()
    columns.sort_indices()
    return columns


def _side(
    result: Comparison,
    side: int,
    columns: dict[int, sp.csc_array],
    found: align.SharedPairs | None,
    parts: sparse.LatentParts | None,
) -> report.BrowserSide:
    m, density = columns[side].shape[1], np.diff(columns[side].indptr) / columns[side].shape[0]
    r, q, gain = (np.full(m, np.nan) for _ in range(3))
    partner, shared = np.full(m, -1), np.zeros(m, bool)
    if found is not None:
        target = _target_of(found, m) if side == 0 else np.arange(m)
        has = (target >= 0) & (found.source[target] >= 0) & np.isfinite(found.r[target])
        of = target[has]
        r[has], q[has], gain[has] = found.r[of], found.q_value[of], _gain(result)[of]
        partner[has], shared[has] = (of if side == 0 else found.source[of]), found.shared[of]
    stable = np.asarray(stability_of(result, side) or np.full(m, np.nan))
    group = np.where(shared, SHARED, np.where(partner >= 0, MATCHED, ALONE))
    group[density == 0] = SILENT
    groups = _groups(result.names[1 - side], found is not None)
    if result.correspondences:
        kinds = (result.correspondences[0].first, result.correspondences[0].second)[side].kind
        group, groups = np.array([KINDS.index(kind) for kind in kinds]), _groups_of_kinds()
    own = [*_meaning_measure(result, side), *_own_measures(density, stable)]
    measures = own if found is None else [*_match_measures(r, q, gain), *own]
    return report.BrowserSide(
        name=result.names[side],
        measures=[each for each in measures if np.isfinite(each.values).any()],
        groups=groups,
        group=group,
        partner=partner if found is not None else None,
        labels=labels(result, side),
        first=np.lexsort((-density, -np.nan_to_num(r, nan=-2.0))).tolist(),
        details=lambda latents: _details(result, side, latents, columns, partner, parts),
        parts=None if parts is None else parts.kind,
    )


def _parts(result: Comparison, given: Any) -> tuple[sparse.LatentParts | None, ...]:
    """Return what is known of the parts of the stimuli, for each side."""
    given = (None, None) if given is None else given
    if isinstance(given, Responses) or len(given) != 2:
        raise InputError("parts must be a pair, one for each system (None: none).")
    in_time = any(score.order in _IN_TIME for score in result.scores)
    found: list[sparse.LatentParts | None] = []
    for side, own in enumerate(given):
        of = result.of_side(side)
        if not of:
            found.append(None)
            continue
        found.append(sparse.parts_shown(
            of[0].dictionary, of[0].codes, result.stimuli, result.rows, given=own, in_time=in_time,
            by=result.config.by, name=f"parts of {result.names[side]}",
        ))  # fmt: skip
    return tuple(found)


def _target_of(found: align.SharedPairs, m: int) -> np.ndarray:
    """Return for each source the target that it matches best, -1 where none chose it."""
    best = np.full(m, -1)
    order = np.argsort(np.nan_to_num(found.r, nan=-2.0), kind="stable")
    order = order[(found.source[order] >= 0) & np.isfinite(found.r[order])]
    best[found.source[order]] = order  # the last, which is the best, stays
    return best


def _gain(result: Comparison) -> np.ndarray:
    """Return by how much each latent of y is followed better by codes than by any control."""
    m = result.of_side(1)[0].codes.shape[1]
    for metric in result.config.scored:
        codes = result.find(metric, "codes", "codes")
        if codes and codes[0].matching is not None:
            headline = metric == result.config.scored[0]
            controls = [
                scores[0].per_target
                for source, target in rivals(metric, "codes", headline=headline)
                if target == "codes" and (scores := result.find(metric, source, target))
            ]
            best = np.max([np.nan_to_num(each, nan=-1.0) for each in controls], axis=0)
            return np.asarray(codes[0].per_target - best)
    return np.full(m, np.nan)


def _match_measures(r: np.ndarray, q: np.ndarray, gain: np.ndarray) -> list[report.LatentMeasure]:
    return [
        report.LatentMeasure(
            name="r",
            values=r,
            help="correlation with its match on stimuli that did not choose the match",
        ),
        report.LatentMeasure(
            name="gain",
            values=gain,
            help="correlation of the latent with its match in the codes, less that with its best "
            "match in any control",
        ),
        report.LatentMeasure(
            name="q",
            values=q,
            digits=3,
            falling=False,
            help="p-value of the match after Benjamini and Hochberg",
        ),
    ]


def _meaning_measure(result: Comparison, side: int) -> list[report.LatentMeasure]:
    found = result.interpretability[side]
    if found is None:
        return []
    return [
        report.LatentMeasure(
            name="interpretability",
            values=found.values,
            help="share of trials in which a stimulus that does not excite the latent is found "
            f"among five that do, by how alike they are to {found.judge} (chance "
            f"{found.chance[0]:.2f})",
        )
    ]


def _own_measures(density: np.ndarray, stable: np.ndarray) -> list[report.LatentMeasure]:
    return [
        report.LatentMeasure(
            name="density",
            values=density,
            digits=4,
            help="share of the stimuli that the latent is active on",
        ),
        report.LatentMeasure(
            name="stability",
            values=stable,
            help=(
                "mean cosine of its atom with the most similar atom of the other seeds' "
                "dictionaries"
            ),
        ),
    ]


def _groups(other: str, compared: bool) -> list[report.LatentGroup]:
    alone = f"no latent of {other} matches it best" if compared else "it is active"
    return [
        report.LatentGroup(
            name="shared",
            mark="full",
            help=f"matched at a false discovery rate of {RATE:.0%}, in most folds and all seeds",
        ),
        report.LatentGroup(
            name="matched, not sure",
            mark="ring",
            help="has a match, which chance or another seed could explain",
        ),
        report.LatentGroup(name="unmatched" if compared else "active", mark="cross", help=alone),
        report.LatentGroup(name="silent", mark="none", help="no stimulus excites it"),
    ]


def _groups_of_kinds() -> list[report.LatentGroup]:
    """Return the kinds of latents of two dictionaries of one system."""
    marks: dict[str, Literal["full", "ring", "cross", "none"]] = {
        "shared": "full",
        "not found": "cross",
        "silent": "none",
    }
    return [
        report.LatentGroup(name=kind, mark=marks.get(kind, "ring"), help=MEANING[kind])
        for kind in KINDS
    ]


def _details(
    result: Comparison,
    side: int,
    latents: Sequence[int],
    columns: dict[int, sp.csc_array],
    partner: np.ndarray,
    parts: sparse.LatentParts | None,
) -> Iterator[report.LatentDetail]:
    lifted = result.of_side(side)[0]
    names = lifted.dictionary.units
    for view in sparse.latent_views(lifted.codes, lifted.dictionary.atoms, latents, parts=parts):
        mate = int(partner[view.latent])
        braid = report.Braid(
            system=result.names[side],
            units=view.named_units(names),
            spread=view.spread,
        )
        paired = side == 1 and mate >= 0
        pair = pair_of(columns[0], columns[1], mate, view.latent) if paired else None
        yield report.LatentDetail.of(view, [braid], pair)


def _notes(result: Comparison, found: align.SharedPairs | None) -> list[str]:
    seeds = len(result.lifted)
    which = f"the first of {seeds} seeds" if seeds > 1 else "one seed: stability is not known"
    notes = [f"{len(result.rows):,} stimuli; dictionaries of {which}."]
    if found is not None:
        notes.append(
            "A match is the latent of the other side that follows a latent best; r is held out. "
            "The same pairs as of result.matched()."
        )
        notes += list(found.warnings)
    return notes
