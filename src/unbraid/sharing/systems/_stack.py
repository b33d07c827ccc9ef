"""Several systems side by side: rows matched by id, each system scaled to power 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unbraid._validate import check_mapping, check_scale
from unbraid.errors import InputError
from unbraid.responses import Responses, as_responses, pair
from unbraid.sharing.systems._groups import groups_of

_TAKEN = ("shared", "undecided", "together")


@dataclass(frozen=True, eq=False, kw_only=True)
class Systems:
    """Responses of several systems; what a system did not answer is 0 and not ``observed``."""

    names: tuple[str, ...]
    values: np.ndarray
    """(n, P): the units of all systems, one system after the other, in their own units."""
    sizes: tuple[int, ...]
    """Units of each system."""
    observed: np.ndarray
    """(n, S), boolean."""
    stimuli: np.ndarray | None
    made_by: tuple[Mapping[str, Any], ...]
    groups: np.ndarray | None = None
    """(n,): number of the group of each row, exchangeable as a whole; None: each is its own."""

    def __len__(self) -> int:
        return len(self.values)

    @property
    def ends(self) -> np.ndarray:
        """Column at which each system ends, behind a 0."""
        return np.concatenate([[0], np.cumsum(self.sizes)])

    def columns(self, system: int) -> slice:
        """Return the columns of a system."""
        return slice(int(self.ends[system]), int(self.ends[system + 1]))

    @property
    def owner(self) -> np.ndarray:
        """Number of the system that each column belongs to."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @property
    def complete(self) -> np.ndarray:
        """Rows that every system answered."""
        return np.flatnonzero(self.observed.all(axis=1))

    def take(self, rows: np.ndarray) -> Systems:
        """Return the same systems on some rows."""
        ids = None if self.stimuli is None else self.stimuli[rows]
        groups = None if self.groups is None else self.groups[rows]
        return replace(self, values=self.values[rows], observed=self.observed[rows], stimuli=ids,
                       groups=groups)  # fmt: skip

    def only(self, system: int) -> np.ndarray:
        """Return the responses of a system to the rows that it answered."""
        return self.values[self.observed[:, system], self.columns(system)]


@dataclass(frozen=True, eq=False, kw_only=True)
class SystemScales:
    """What is taken from the responses before they stand side by side.

    Each unit's mean is subtracted, and each system is divided by one number, the square root of its
    mean squared size: all systems have power 1, however many units they have. Units keep their
    relative sizes, so that the noise of silent units is not blown up. A system of which no unit can
    be predicted is noise to the others, and weighs a tenth.
    """

    center: np.ndarray
    """(P,)"""
    size: np.ndarray
    """(P,): one number a system, repeated for each of its units."""
    weight: np.ndarray
    """(P,): 1, or what a system of noise is multiplied with."""

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Return scaled responses."""
        return (values - self.center) * (self.weight / self.size)

    def back(self, values: np.ndarray, columns: slice) -> np.ndarray:
        """Return atoms, or other directions, of some columns in the responses' own units."""
        return values * (self.size[columns] / self.weight[columns])


def scale_of(systems: Systems) -> SystemScales:
    """Return the scale of the rows given; each system's from the rows that it answered."""
    center, size = np.zeros(systems.values.shape[1]), np.ones(systems.values.shape[1])
    for number, name in enumerate(systems.names):
        own, columns = systems.only(number), systems.columns(number)
        center[columns] = own.mean(axis=0, dtype=np.float64)
        power = float(np.square(own - center[columns], dtype=np.float64).sum(axis=1).mean())
        if not power > 0:
            raise InputError(f"System {name!r} must vary over stimuli, but every unit is constant.")
        size[columns] = np.sqrt(power)
    return SystemScales(center=center, size=size, weight=np.ones_like(size))


def matched(systems: Any, groups: Any = None) -> Systems:
    """Return systems side by side, rows matched by stimulus id, with the groups of their stimuli.

    With ids in all systems a row may be missing in some of them. Without, all must have the same
    number of rows, which are taken to be in the same order.

    Raises
    ------
    InputError
        Fewer than two systems; no stimulus that all systems answered.
    """
    check_mapping(systems, "systems")
    if len(systems) < 2:
        raise InputError(
            f"systems must name at least two, got {len(systems)}: of one alone, learn a "
            "dictionary with unbraid.fit."
        )
    names = tuple(str(name) for name in systems)
    _check_names(names)
    sides = [as_responses(values, name) for name, values in systems.items()]
    for name, side in zip(names, sides, strict=True):
        check_scale(side.values, name)
    if any(side.stimuli is None for side in sides):
        sides = _in_rows_of_first(sides, systems)
    found = _side_by_side(names, sides)
    return replace(found, groups=groups_of(groups, found.stimuli, len(found)))


def _check_names(names: tuple[str, ...]) -> None:
    """Refuse names that cannot be told from each other, or from the kinds of latents."""
    if len(set(names)) < len(names):
        raise InputError(f"systems must have different names, got {', '.join(names)}.")
    for name in names:
        if not name.strip():
            raise InputError("systems must have names, got an empty one.")
        if name in _TAKEN or "+" in name or name.endswith(" only"):
            raise InputError(
                f"systems must have names that are no kinds of latents ({', '.join(_TAKEN)}, "
                f"'a only', 'a+b'), got {name!r}."
            )


def _in_rows_of_first(sides: list[Responses], systems: Mapping[str, Any]) -> list[Responses]:
    """Return systems of which some have no ids: as many rows, in the order of the first."""
    lengths = {name: len(side) for name, side in zip(systems, sides, strict=True)}
    if len(set(lengths.values())) > 1 and all(side.stimuli is None for side in sides):
        told = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise InputError(
            f"systems must answer the same stimuli, but {told}. Give stimulus ids, so that rows "
            "can be matched and may be missing in some systems."
        )
    first, (own, *others) = sides[0], list(map(str, systems))
    raw, *rest = systems.values()
    for name, value in zip(others, rest, strict=True):
        first = pair(first if first.stimuli is not None else raw, value, names=(own, name))[0]
    pairs = zip(others, rest, strict=True)
    return [first, *(pair(first, value, names=(own, name))[1] for name, value in pairs)]


def _side_by_side(names: tuple[str, ...], sides: list[Responses]) -> Systems:
    kind = np.result_type(*(side.values.dtype for side in sides))
    ids = None
    where = [np.arange(len(side)) for side in sides]
    if sides[0].stimuli is not None:
        together = np.concatenate([side.stimuli for side in sides])
        _, first, place = np.unique(together, return_index=True, return_inverse=True)
        rank = np.argsort(np.argsort(first))[place]  # ids in the order of their first appearance
        ids = together[np.sort(first)]
        where = np.split(rank, np.cumsum([len(side) for side in sides])[:-1])
    n = len(sides[0]) if ids is None else len(ids)
    observed = np.zeros((n, len(sides)), bool)
    values = np.zeros((n, sum(side.shape[1] for side in sides)), kind)
    start = 0
    for number, (rows, side) in enumerate(zip(where, sides, strict=True)):
        observed[rows, number] = True
        values[rows, start : start + side.shape[1]] = side.toarray()
        start += side.shape[1]
    found = Systems(
        names=names,
        values=values,
        sizes=tuple(side.shape[1] for side in sides),
        observed=observed,
        stimuli=ids,
        made_by=tuple(side.made_by for side in sides),
    )
    if not len(found.complete):
        raise InputError(
            f"No stimulus was answered by all of {', '.join(names)}: what they share can only be "
            "seen in stimuli that they have in common. Name stimuli alike in all systems."
        )
    return found
