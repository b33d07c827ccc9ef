"""What the browser of latents shows, declared: sides, their latents, stimuli."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from unbraid._documented import documented_choice
from unbraid.errors import InputError
from unbraid.report import _checks as checks

Mark = Literal["full", "ring", "cross", "none"]
MARKS = ("full", "ring", "cross", "none")
PartKind = Literal["places", "moments", "trials"]
PART_KINDS = ("places", "moments", "trials")
Examples = Sequence[tuple[int, float]]
"""Stimuli, by their place, with the activation there."""


@documented_choice
@dataclass(frozen=True, kw_only=True, eq=False)
class LatentMeasure:
    """A number of every latent of a side, to be listed and sorted by."""

    name: str
    """Its heading."""
    values: np.ndarray
    """(m,), NaN where it is not known."""
    help: str
    """What it means."""
    digits: int = 2
    """Decimals that are written."""
    falling: bool = True
    """Whether large values come first when it is sorted by."""

    def __post_init__(self) -> None:
        checks.check_text(self.name, "name of a measure")
        checks.check_text(self.help, f"help of the measure {self.name!r}")
        checks.check_count(self.digits, "digits")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class LatentGroup:
    """Latents of one kind, with the mark that the map draws for them."""

    name: str
    """What the kind is called."""
    mark: Mark
    """What the map draws."""
    help: str
    """What the kind means."""

    def __post_init__(self) -> None:
        checks.check_text(self.name, "name of a group")
        checks.check_text(self.help, f"help of the group {self.name!r}")
        checks.check_choice(self.mark, MARKS, "mark of a group")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Braid:
    """The units of one system that a latent lies in."""

    system: str
    """Its name."""
    units: Sequence[tuple[str, float]]
    """Names and weights of the largest, for weights of length 1 over all units."""
    spread: float
    """Units it is spread over, ``1 / sum w^4``."""


@documented_choice
@dataclass(frozen=True, kw_only=True, eq=False)
class LatentPair:
    """A latent beside its partner on the other side."""

    points: Sequence[tuple[float, float]]
    """Activations of the other side's latent and of this one, of stimuli that excite either."""
    n_either: int
    """Stimuli that excite either; points are drawn from these."""
    both: Sequence[int]
    """Stimuli that excite both, the strongest first."""
    only_other: Sequence[int]
    """Stimuli that excite only the other side's latent."""
    only_own: Sequence[int]
    """Stimuli that excite only this one."""


@documented_choice
@dataclass(frozen=True, kw_only=True, eq=False)
class LatentDetail:
    """All that is shown of one latent when it is picked."""

    latent: int
    """Its place in the dictionary, from 0."""
    strongest: Examples = ()
    """Stimuli that excite it most, the most first."""
    steps: Examples = ()
    """At equal steps of rank, from the strongest to the weakest that excites it."""
    random: Examples = ()
    """Stimuli drawn from all."""
    low: float = 0.0
    """Lower end of the histogram."""
    high: float = 0.0
    """Upper end of the histogram."""
    counts: Sequence[int] = ()
    """Histogram of activations that are not 0, from ``low`` to ``high``."""
    braids: Sequence[Braid] = ()
    """Of each system that it lies in."""
    near: Sequence[tuple[int, float]] = ()
    """Nearest latents of its side, with the cosine of the atoms."""
    pair: LatentPair | None = None
    """With its partner, which lies on the other side."""
    maps: Sequence[Sequence[float]] = ()
    """Of each of the strongest stimuli what the latent answers to its parts; NaN for no part."""

    @classmethod
    def of(cls, view: Any, braids: Sequence[Braid], pair: LatentPair | None = None) -> LatentDetail:
        """Return what a browser shows of a latent's view.

        Parameters
        ----------
        view : LatentView
            One of those that ``sparse.latent_views`` yields.
        braids : sequence of Braid
            Of each system that it lies in.
        pair : LatentPair, optional
            With its partner.

        Returns
        -------
        LatentDetail
            Examples, histogram and neighbours of the view.
        """
        return cls(
            latent=view.latent,
            strongest=view.strongest,
            steps=view.steps,
            random=view.random,
            low=view.low,
            high=view.high,
            counts=view.counts,
            braids=braids,
            near=view.near,
            pair=pair,
            maps=view.maps.tolist() if view.maps.shape[1] else (),
        )


@documented_choice
@dataclass(frozen=True, kw_only=True, eq=False)
class BrowserSide:
    """The latents of one dictionary."""

    name: str
    """What the dictionary is called."""
    measures: Sequence[LatentMeasure]
    """The first is the one that the map shows, and that the list is sorted by."""
    groups: Sequence[LatentGroup]
    """Kinds of latents, in the order of the legend."""
    group: np.ndarray
    """(m,): which group each latent belongs to."""
    details: Callable[[Sequence[int]], Iterable[LatentDetail]]
    """What is shown of these latents, in this order, each when it is requested."""
    first: Sequence[int]
    """Latents in the order in which room is given to them: the most informative first."""
    partner: np.ndarray | None = None
    """(m,): its match on the other side, -1 where there is none."""
    labels: Mapping[int, str] = field(default_factory=dict)
    """What some latents stand for, where it is known."""
    parts: PartKind | None = None
    """What ``LatentDetail.maps`` are of: places (of a picture, or tokens), moments before and after
    a stimulus, or its trials."""

    def __post_init__(self) -> None:
        checks.check_text(self.name, "name of a side")
        checks.check_members(
            checks.as_tuple(self, "measures"), LatentMeasure, "BrowserSide.measures"
        )
        checks.check_members(checks.as_tuple(self, "groups"), LatentGroup, "BrowserSide.groups")
        if self.parts is not None:
            checks.check_choice(self.parts, PART_KINDS, "parts of a side")
        m = len(self.group)
        for name, values in (
            *((repr(each.name), each.values) for each in self.measures),
            *([("partner", self.partner)] if self.partner is not None else []),
        ):
            if len(values) != m:
                raise InputError(f"{name} must have one value for each of {m} latents.")


@documented_choice
@dataclass(frozen=True, kw_only=True, eq=False)
class LatentBrowser:
    """One side or two, and the stimuli that excite their latents."""

    title: str
    """Its title."""
    sides: Sequence[BrowserSide]
    """One dictionary or two."""
    stimuli: Sequence[str]
    """Their ids; ``Examples`` go by place."""
    picture: Callable[[int], np.ndarray] | None = None
    """The picture of a stimulus, uint8."""
    tokens: Callable[[int], Sequence[str]] | None = None
    """The words of a stimulus, where it is a text: as many as it has parts."""
    whole: Sequence[int] | None = None
    """(n,): the stimulus that each is a part of, by number; parts share its picture or words."""
    at: Sequence[int] | None = None
    """(n,): which part each is, where they are parts."""
    notes: Sequence[str] = ()
    """What the numbers are, and what was left out."""

    def __post_init__(self) -> None:
        checks.check_text(self.title, "title of a browser")
        checks.check_members(checks.as_tuple(self, "sides"), BrowserSide, "Browser.sides")
        if not 1 <= len(self.sides) <= 2:
            raise InputError(f"A browser has one side or two, got {len(self.sides)}.")
        for name, values in (("whole", self.whole), ("at", self.at)):
            if values is not None and len(values) != len(self.stimuli):
                raise InputError(f"{name} must have one number for each stimulus.")
        for note in checks.as_tuple(self, "notes"):
            checks.check_text(note, "a note")
