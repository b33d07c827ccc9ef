"""What a joint dictionary is compared with: each system alone, matched dictionaries, ridge."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid import align, sparse, stats
from unbraid._documented import documented_answer
from unbraid._progress import Progress, silent
from unbraid.interpret import feature_correlations
from unbraid.sharing._config import OrderWord
from unbraid.sharing.evidence._evidence import JointEvidence
from unbraid.sharing.learning._infer import (
    Coder,
    chosen_coder,
    judging_rows,
    left_out_errors,
    power_of,
)
from unbraid.sharing.learning._learn import LearnedTogether, sized
from unbraid.sharing.systems._stack import Systems

MOST_ALIKE = 0.9  # at this correlation or above a system's own latent is a joint one

RIDGE = "ridge from units"
SEPARATE = "ridge from codes of separate dictionaries"
JOINT = "ridge from joint codes"
ALONE = "units left out, alone"
JOINT_LATENTS = "joint latents in"
TOGETHER = "units left out, together"
FOUND_ALONE = "joint latents found alone"
FOUND_ELSEWHERE = "joint latents found in another system alone"
FOUND_AGAIN = "joint latents found from other seeds"
MATCHED = "separate dictionaries, one to one"


@documented_answer
@dataclass(frozen=True, kw_only=True)
class Beside:
    """One number beside the joint dictionary."""

    measure: str
    """What the number is."""
    source: str
    """What predicts."""
    target: str
    """What is predicted."""
    value: float
    """The number, of held-out stimuli."""
    low: float = float("nan")
    """Lower end of its interval; NaN where it has none."""
    high: float = float("nan")
    """Upper end of its interval; NaN where it has none."""
    kind: str = "R2"
    """``R2``, ``r`` or ``share``."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Alone:
    """A dictionary of one system, learned as the joint one is."""

    coder: Coder
    codes: sp.csr_array
    """Of the held-out stimuli."""
    r2: float
    """Of its units left out, from its other units; NaN for one unit."""


def alone(
    train: Systems,
    held: Systems,
    learned: LearnedTogether,
    method: sparse.Method,
    rng: np.random.Generator,
    tell: Progress,
    order: OrderWord = "auto",
) -> tuple[Alone, ...]:
    """Learn a dictionary of each system with the method, and the width, of the joint one."""
    found = []
    for number, each in enumerate(rng.spawn(len(train.sizes))):
        tell(f"{train.names[number]} alone", number / len(train.sizes))
        columns = train.columns(number)
        scale = learned.scale
        x = (train.only(number) - scale.center[columns]) / scale.size[columns]
        y = (held.values[:, columns] - scale.center[columns]) / scale.size[columns]
        with warnings.catch_warnings():  # a single system's weakness is what is measured here
            warnings.simplefilter("ignore", RuntimeWarning)
            own = sparse.fit(x, sized(method, (x.shape[1],)), rng=each, order=order)
        coder = Coder(
            atoms=np.asarray(own.atoms), offset=np.asarray(own.offset), signed=own.signed,
            power=power_of(x), floor=own.floor or 0.0,
        )  # fmt: skip
        sizes = (train.sizes[number],)
        coder = chosen_coder(x, coder, sizes)
        error = left_out_errors(judging_rows(y), coder, sizes)[0]
        codes = coder.floored(coder.codes(y))
        found.append(Alone(coder=coder, codes=codes, r2=1 - float(error)))
    return tuple(found)


def beside(
    held: Systems,
    learned: LearnedTogether,
    seen: JointEvidence,
    separate: Sequence[Alone],
    again: Sequence[sp.csr_array],
    order: str,
    tell: Progress = silent,
) -> tuple[Beside, ...]:
    """Return every number beside what was seen of the joint dictionary.

    ``again``: codes of the held-out stimuli from joint dictionaries of other seeds.
    """
    x = learned.scale.apply(held.values).astype(learned.coder.atoms.dtype, copy=False)
    how = _folds_of(held, order)
    found: list[Beside] = []
    for number, name in enumerate(held.names):
        tell(f"beside {name}", number / len(held.names))
        columns = held.columns(number)
        others = " + ".join(other for other in held.names if other != name)
        y, shown = x[:, columns], held.owner != number
        codes = [each.codes for at, each in enumerate(separate) if at != number]
        sources: tuple[tuple[str, Any], ...] = (
            (RIDGE, x[:, shown]),
            (SEPARATE, sp.csr_array(sp.hstack(codes, format="csr"))),
            (JOINT, learned.coder.codes(x, shown)),
        )
        found += [_ridge(measure, source, y, others, name, how) for measure, source in sources]
        found.append(Beside(measure=ALONE, source=name, target=name, value=separate[number].r2))
        found.append(
            Beside(measure=TOGETHER, source=" + ".join(held.names), target=name,
                   value=seen.contrast.systems[number].r2)
        )  # fmt: skip
        found += _found(seen, separate, again, held.names, number)
    for a, b in combinations(range(len(held.names)), 2):
        found.append(_matched(separate, held.names, a, b, how))
    return tuple(found)


def _folds_of(held: Systems, order: str) -> dict[str, Any]:
    """Return the options of scores: folds that split no group, or the order of the stimuli."""
    if held.groups is None:
        return {"order": order}
    count = min(5, len(np.unique(held.groups)))
    return {"folds": stats.grouped_folds(held.groups, count, rng=0), "order": "exchangeable"}


def _ridge(
    measure: str, source: Any, y: np.ndarray, others: str, name: str, how: dict[str, Any]
) -> Beside:
    if sp.issparse(source) and not source.nnz:
        return Beside(measure=measure, source=others, target=name, value=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        score = align.ridge_r2(source, y, permutations=0, rng=0, **how)
    return Beside(measure=measure, source=others, target=name, value=score.value,
                  low=score.low, high=score.high)  # fmt: skip


def _matched(
    separate: Sequence[Alone], names: Sequence[str], a: int, b: int, how: dict[str, Any]
) -> Beside:
    value, low, high = 0.0, float("nan"), float("nan")
    if separate[a].codes.nnz and separate[b].codes.nnz:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            score = align.one_to_one(
                separate[a].codes, separate[b].codes, permutations=0, rng=0, **how
            )
        value, low, high = score.value, score.low, score.high
    return Beside(measure=MATCHED, source=names[a], target=names[b], value=value, low=low,
                  high=high, kind="r")  # fmt: skip


def _found(
    seen: JointEvidence,
    separate: Sequence[Alone],
    again: Sequence[sp.csr_array],
    names: Sequence[str],
    number: int,
) -> list[Beside]:
    """Return which shares of a system's joint latents other dictionaries find too.

    Its own, that of the system which alone finds most of them, joint ones of other seeds (mean).
    """
    name, joint = names[number], seen.codes[:, seen.latents.lies[:, number]]
    alone = [_share_found(each.codes, joint) for each in separate]
    others = [at for at in range(len(names)) if at != number]
    best = max(others, key=lambda at: alone[at] if np.isfinite(alone[at]) else -1)
    found = [(FOUND_ALONE, name, alone[number]), (FOUND_ELSEWHERE, names[best], alone[best])]
    if again:
        value = float(np.mean([_share_found(codes, joint) for codes in again]))
        found.append((FOUND_AGAIN, " + ".join(names), value))
    return [
        Beside(measure=measure, source=source, target=f"{JOINT_LATENTS} {name}", value=value,
               kind="share")
        for measure, source, value in found
    ]  # fmt: skip


def _share_found(own: sp.csr_array, joint: sp.csr_array) -> float:
    """Return the share of joint latents with a latent like it; NaN without joint latents."""
    if not joint.shape[1]:
        return float("nan")
    best = np.abs(feature_correlations(own, joint)).max(axis=0)
    return float((best >= MOST_ALIKE).mean())
