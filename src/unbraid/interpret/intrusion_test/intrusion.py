"""Intrusion: whether a stimulus that does not belong to a unit is found among those that do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.interpret._scores import UnitScores
from unbraid.interpret.intrusion_test.trials import Trials
from unbraid.interpret.judges._sides import blocks, common_level, constant
from unbraid.responses import Responses, as_responses

_SETS = 4  # disjoint sets of exciting stimuli, between which a unit's interval is taken
_ASKED = 256  # other units at least whose stimuli may intrude: a dozen for each of 20 trials
Kind = Literal["external", "internal"]


def intrusion_trials(
    activations: Any,
    *,
    kind: Kind = "external",
    top: int = 5,
    trials: int = 20,
    words: Any = None,
    rng: int | np.random.Generator | None = 0,
) -> Trials:
    """Draw trials: ``top`` stimuli that excite a unit, and one intruder, in random order.

    Parameters
    ----------
    activations : Responses, Codes or array of shape (n, m)
        Units, or latents of a sparse code.
    kind : {"external", "internal"}
        ``external``: the intruder does not excite the unit (it lies at or below its median) but is
        among the most exciting stimuli of another unit. ``internal``: it excites the same unit, but
        less than half of its exciting stimuli do: whether strength has a meaning, not only being
        on.
    top : int
        Stimuli that belong together; chance is ``1 / (top + 1)``.
    trials : int
        For each unit. The ``4 top`` most exciting stimuli are dealt into four sets (fewer where
        fewer excite the unit), which are asked in turn, each time with another intruder.
    words : sequence of length n, optional
        Word form of each stimulus: no intruder shares its form with a stimulus beside it.
    rng : int or Generator
        Of the sets, the intruders and the order in which stimuli are shown.

    Returns
    -------
    Trials
        To be judged by similarity, or saved for people. Units that are constant or are excited by
        too few stimuli have none, and say why.

    Raises
    ------
    InputError
        Another kind of intruder; one unit alone, which has no external intruders; fewer than two
        stimuli that belong together.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> kinds = rng.integers(4, size=400)  # a unit for each of four kinds of stimuli, and noise
    >>> units = np.column_stack([np.eye(4)[kinds], rng.normal(size=400)])
    >>> drawn = intrusion_trials(units[:, :4], top=4, trials=5)
    >>> drawn.items.shape
    (20, 5)
    >>> shown = kinds[drawn.items] == drawn.unit[:, None]
    >>> bool((shown.sum(axis=1) == 4).all())  # one of the five does not belong
    True
    """
    if kind not in ("external", "internal"):
        raise InputError(f"kind must be 'external' or 'internal', got {kind!r}.")
    _validate.check_count(top, "top", 2)
    _validate.check_count(trials, "trials", 1)
    x, rng = as_responses(activations, "activations"), _validate.as_rng(rng)
    if x.shape[1] < 2 and kind == "external":
        raise InputError("External intruders come from other units, got one unit.")
    forms = _forms(words, len(x))
    typical = _typical(x, _SETS * top, rng)
    found = _Drawn(unit=[], items=[], place=[], block=[])
    reasons = [""] * x.shape[1]
    for first, block in blocks(x):
        flat = constant(block)
        for offset in range(block.shape[1]):
            unit = first + offset
            if flat[offset]:
                reasons[unit] = "constant"
                continue
            pool = _pool(block[:, offset], kind, typical, unit, rng)
            sets = _deal(block[:, offset], typical.of[unit], top, kind, rng)
            if not sets:
                reasons[unit] = f"excited by fewer than {2 * top if kind == 'internal' else top}"
                reasons[unit] += " stimuli"
            elif not _draw(found, unit, sets, pool, trials, forms, rng):
                reasons[unit] = "no stimulus that could be its intruder"
    return Trials(
        kind=kind,
        unit=np.array(found.unit, dtype=int),
        items=np.array(found.items, dtype=int).reshape(-1, top + 1),
        place=np.array(found.place, dtype=int),
        block=np.array(found.block, dtype=int),
        reasons=tuple(reasons),
        n=len(x),
        stimuli=x.stimuli,
        names=x.units,
    )


def intrusion(
    activations: Any,
    judge: Any,
    *,
    kind: Kind = "external",
    top: int = 5,
    trials: int = 20,
    words: Any = None,
    rng: int | np.random.Generator | None = 0,
) -> UnitScores:
    """Share of trials in which a judge of similarity finds the intruder.

    The machine names the stimulus that is least like the others, in the mean; equally unlike ones
    share the trial.

    Parameters
    ----------
    activations : Responses, Codes or array of shape (n, m)
        Units, or latents of a sparse code.
    judge : Judge, embeddings of shape (n, d) or labels of shape (n,)
        Which stimuli are alike, said by **another** system, as in ``example_auc``.
    kind : {"external", "internal"}
        Where the intruder comes from, as in ``intrusion_trials``.
    top : int
        Stimuli that belong together; chance is ``1 / (top + 1)``.
    trials : int
        For each unit.
    words : sequence of length n, optional
        Word form of each stimulus: no intruder shares its form with a stimulus beside it.
    rng : int or Generator
        Of the sets, the intruders and the order in which stimuli are shown.

    Returns
    -------
    UnitScores
        In [0, 1], chance ``1 / (top + 1)``. ``dist_ratio`` in the details is the mean distance of
        intruders to the unit's stimuli over the mean distance of these to each other (Sun et al.,
        2016), 1 by chance; distance is 1 - similarity. A unit's interval is between its (at most
        four) disjoint sets of stimuli; that of the mean is between units.

    Raises
    ------
    InputError
        As ``intrusion_trials``; a judge of other stimuli.

    References
    ----------
    Chang et al. (2009), Reading tea leaves, NeurIPS; Sun et al. (2016), Sparse word embeddings
    using l1 regularized online learning, IJCAI.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> kinds = rng.integers(4, size=400)  # a unit for each of four kinds of stimuli, and noise
    >>> units = np.column_stack([np.eye(4)[kinds], rng.normal(size=400)])
    >>> found = intrusion(units[:, :4], kinds)
    >>> found.value, round(float(found.chance[0]), 3)
    (1.0, 0.167)
    """
    drawn = intrusion_trials(activations, kind=kind, top=top, trials=trials, words=words, rng=rng)
    return drawn.judged(judge)


@dataclass
class _Drawn:
    """Trials as they are drawn."""

    unit: list[int]
    items: list[np.ndarray]
    place: list[int]
    block: list[int]


@dataclass(frozen=True, eq=False)
class _Typical:
    """The most exciting stimuli of each unit, those above its median, best first."""

    of: list[np.ndarray]
    """Stimuli of each unit."""
    rows: np.ndarray
    """The same, one unit after the other."""
    units: np.ndarray
    """Units that are excited at all."""
    start: np.ndarray
    """Where the rows of each of these units begin."""
    size: np.ndarray
    """How many each of these has."""

    @classmethod
    def made(cls, of: list[np.ndarray]) -> _Typical:
        """Return the stimuli of every unit, ready to be drawn from."""
        sizes = np.array([len(rows) for rows in of])
        units = np.flatnonzero(sizes)
        start = np.concatenate([[0], np.cumsum(sizes)])[units]
        return cls(of, np.concatenate(of), units, start, sizes[units])

    def drawn(self, unit: int, rng: np.random.Generator) -> np.ndarray:
        """Return one stimulus each of other units in random order; of few units, several."""
        others = np.flatnonzero(self.units != unit)
        if not len(others):
            return np.empty(0, dtype=int)
        times = -(-_ASKED // len(others))
        order = [rng.choice(others, min(_ASKED, len(others)), replace=False) for _ in range(times)]
        of = np.concatenate(order)
        return self.rows[self.start[of] + rng.integers(self.size[of])]


def _typical(x: Responses, count: int, rng: np.random.Generator) -> _Typical:
    """Return the most exciting stimuli of each unit."""
    found = []
    for _, block in blocks(x):
        luck = rng.permutation(len(block))
        order = luck[np.argsort(-block[luck], axis=0, kind="stable")[:count]]
        middle = common_level(block)
        for unit in range(block.shape[1]):
            rows = order[:, unit]
            found.append(rows[block[rows, unit] > middle[unit]])
    return _Typical.made(found)


def _deal(
    column: np.ndarray, best: np.ndarray, top: int, kind: Kind, rng: np.random.Generator
) -> list[np.ndarray]:
    """Return up to four disjoint sets of exciting stimuli."""
    exciting = int((column > common_level(column[:, None])).sum())
    most = exciting // 2 if kind == "internal" else exciting
    best = best[:most]
    count = len(best) // top
    mixed = rng.permutation(best[: count * top])
    return [mixed[i * top : (i + 1) * top] for i in range(count)]


def _pool(
    column: np.ndarray,
    kind: Kind,
    typical: _Typical,
    unit: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return stimuli that may intrude, in random order."""
    middle = common_level(column[:, None])[0]
    if kind == "internal":
        exciting = np.flatnonzero(column > middle)
        return rng.permutation(exciting[column[exciting] < np.median(column[exciting])])
    rows = typical.drawn(unit, rng)
    return rows[column[rows] <= middle]


def _draw(
    found: _Drawn,
    unit: int,
    sets: list[np.ndarray],
    pool: np.ndarray,
    trials: int,
    forms: np.ndarray | None,
    rng: np.random.Generator,
) -> bool:
    """Add a unit's trials; say whether there are any."""
    begun, at = len(found.unit), 0
    for trial in range(trials):
        members = sets[trial % len(sets)]
        for _ in range(len(pool)):
            intruder = pool[at % len(pool)]
            at += 1
            if forms is None or forms[intruder] not in forms[members]:
                place = int(rng.integers(len(members) + 1))
                found.unit.append(unit)
                found.items.append(np.insert(rng.permutation(members), place, intruder))
                found.place.append(place)
                found.block.append(trial % len(sets))
                break
    return len(found.unit) > begun


def _forms(words: Any, n: int) -> np.ndarray | None:
    if words is None:
        return None
    forms = np.array([str(word).casefold() for word in words])
    if forms.shape != (n,):
        raise InputError(f"words must be one per stimulus, {n}, got {len(forms)}.")
    return forms
