"""What a reader must know before trusting a comparison."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from unbraid import stats, theory
from unbraid.align import Score
from unbraid.comparison._split import Split
from unbraid.comparison.controls._which import CONTROLS
from unbraid.comparison.dictionaries._system import Lifted

# Half of what is asked for is missing; of latents, three in ten are dead
_POOR_FVU, _MANY_DEAD, _LITTLE_COVERED, _UNSTABLE = 0.5, 0.3, 0.5, 0.5
_COPIED = 0.1  # a warning is given if this share of stimuli has the responses of another
_LISTED = 3  # a warning names at most this many further scores


def bound(codes: Sequence[Lifted], truth: tuple[int, float] | None) -> tuple[float, int, float]:
    """Return the units that sparse recovery needs, and the N and K of that number.

    N and K are the truth's number of features and mean number active, where it is known; else the
    live latents and the mean number of codes that are not zero.
    """
    if truth is None:
        n_features = int(np.median([_alive(lifted) for lifted in codes]))
        active = float(np.median([lifted.codes.l0 for lifted in codes]))
    else:
        n_features, active = truth
    if not 0 < active < n_features:
        return 0.0, n_features, active
    return theory.units_needed(n_features=n_features, active=active), n_features, active


def warnings_of(
    name: str, lifted: Sequence[Lifted], n_units: int, needed: tuple[float, int, float]
) -> list[str]:
    """Return one line for each thing about a system's dictionaries that weakens the answer."""
    found = []
    units, n_features, active = needed
    if n_units < units:
        found.append(
            f"{name}: {n_units} units are fewer than K ln(N/K) = {units:.1f} (K = {active:.1f} "
            f"active of N = {n_features}): sparse recovery must fail, so low scores say little."
        )
    if math.e * active > n_features:  # where K ln(N/K) falls with K
        found.append(
            f"{name}: {active:.1f} of {n_features} features are active at a time, which is not "
            "sparse: other atoms may describe the units as well."
        )
    fvu = float(np.mean([each.fvu for each in lifted]))
    if not fvu <= _POOR_FVU:
        found.append(
            f"{name}: the dictionary leaves {fvu:.0%} of the variance unexplained on new stimuli; "
            "its codes are not the system. Try more latents, another k, or more training stimuli."
        )
    dead = float(np.mean([each.dead for each in lifted]))
    if dead > _MANY_DEAD:
        found.append(f"{name}: {dead:.0%} of the latents never fire on the alignment stimuli.")
    told = [line for each in lifted for line in each.dictionary.evidence.warnings]
    return found + [f"{name}: {line}" for line in unalike(told)]


def warnings_of_joining(systems: Sequence[np.ndarray], needed: Sequence[float]) -> list[str]:
    """Return a line where each system has too few units, and all together have enough.

    What they repeat of each other is counted once.
    """
    n_units = [each.shape[1] for each in systems]
    too_few = all(units < need for units, need in zip(n_units, needed, strict=True))
    if not too_few or round(stats.independent_units(systems)) < max(needed):
        return []
    return [
        "Each system alone has fewer units than K ln(N/K), both together have enough: if they hold "
        f"the same features, unbraid.joint may separate what neither can ({n_units[0]} + "
        f"{n_units[1]} units)."
    ]


def warnings_of_stimuli(parts: Split) -> list[str]:
    """Return a line where many stimuli look like one shown twice, on both sides of the split.

    Or where rows are parts of stimuli, which are kept whole.
    """
    if parts.wholes:
        return [
            f"The {len(parts.rows)} alignment rows are parts of {parts.wholes} stimuli, by their "
            "ids: parts of one stimulus stay together, and intervals are for other stimuli."
        ]
    if parts.folds.blocks is not None:
        return []
    train = parts.x_train.toarray() if parts.apart else np.empty((0, 0))
    # stimuli that excite nothing are equal anyway
    learned = {row.tobytes() for row in train if row.any()}
    pairs = [
        (row.tobytes(), other.tobytes())
        for row, other in zip(parts.x.toarray(), parts.y.toarray(), strict=True)
        if row.any() or other.any()
    ]
    often = Counter(pairs)
    again = sum(often[pair] > 1 or pair[0] in learned for pair in pairs)
    if again <= _COPIED * len(parts.rows):
        return []
    return [
        f"{again} of the {len(parts.rows)} alignment stimuli have exactly the responses of another "
        "stimulus: if they were shown again, name each stimulus in groups, or the scores are not "
        "held out."
    ]


def warnings_of_scores(scores: Sequence[Score]) -> list[str]:
    """Return the metrics' own warnings, and the coverage where it is low, each kind said once."""
    found = []
    for score in scores:
        if score.source in CONTROLS or (score.seed or 0) > 0 and score.systems == "x->y":
            continue  # reported once, for the first seed; warnings of controls are left out
        where = f"{score.metric} {score.source}->{score.target} ({score.systems})"
        found += [(where, line) for line in score.warnings]
        if score.coverage < _LITTLE_COVERED:
            line = (
                f"only {score.coverage:.0%} of the target units could be scored; "
                f"counting the others as 0 the value is {score.value_over_all:.2f}."
            )
            found.append((where, line))
    unstable = [
        f"{score.systems[0]}: dictionaries of two seeds agree only to {score.value:.2f}; "
        "a match that does not survive refitting is not a match."
        for score in scores
        if score.systems in ("x->x", "y->y") and score.value < _UNSTABLE
    ]
    return [*_each_once(found), *unalike(unstable)]


def unalike(lines: Iterable[str]) -> list[str]:
    """Return the first of lines that differ in their numbers only."""
    return list({_without_numbers(line): line for line in reversed([*lines])}.values())[::-1]


def _each_once(found: Sequence[tuple[str, str]]) -> list[str]:
    """Return one line for each kind of warning, with the scores that it concerns."""
    kinds: dict[str, list[tuple[str, str]]] = {}
    for where, line in found:
        kinds.setdefault(_without_numbers(line), []).append((where, line))
    said = []
    for cases in kinds.values():
        where, line = cases[0]
        others = [other for other in dict.fromkeys(other for other, _ in cases) if other != where]
        listed = ", ".join(others[:_LISTED])
        more = f", and {len(others) - _LISTED} more" if len(others) > _LISTED else ""
        said.append(f"{where}: {line}" + (f" Likewise {listed}{more}." if others else ""))
    return said


def _without_numbers(line: str) -> str:
    return re.sub(r"\d[\d.e+-]*", "#", line)


def _alive(lifted: Lifted) -> int:
    return len(np.unique(lifted.codes.indices))
