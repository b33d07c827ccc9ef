"""Matched units beside the stimuli that excite them, with or without pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unbraid._documented import documented_choice
from unbraid.errors import InputError
from unbraid.report import _checks as checks
from unbraid.report._values import NAN, Caption


@documented_choice
@dataclass(frozen=True, kw_only=True, eq=False)
class Stimulus:
    """A stimulus that excites a unit: its id, how strongly, and its picture when there is one."""

    id: str
    """Its id."""
    activation: float = NAN
    """What the unit answers; NaN where it is not known."""
    image: np.ndarray | None = None
    """uint8 array (height, width), (height, width, 3) or (height, width, 4)."""

    def __post_init__(self) -> None:
        checks.check_text(self.id, "id of a stimulus")
        checks.check_number(self.activation, f"activation of stimulus {self.id!r}")
        if self.image is not None:
            check_image(self.image, f"image of stimulus {self.id!r}")


@documented_choice
@dataclass(frozen=True, kw_only=True, eq=False)
class UnitView:
    """One unit of one system, seen through the stimuli that excite it most (best first)."""

    name: str
    """What the unit is called."""
    stimuli: Sequence[Stimulus]
    """The most exciting first."""
    note: str = ""
    """A few words below; empty for none."""

    def __post_init__(self) -> None:
        checks.check_text(self.name, "name of a unit")
        checks.check_text(self.note, "note of a unit", may_be_empty=True)
        checks.check_members(checks.as_tuple(self, "stimuli"), Stimulus, "UnitView.stimuli")


@documented_choice
@dataclass(frozen=True, kw_only=True, eq=False)
class MatchedPair:
    """Two units that were matched, their correlation, and what they mean when that is known."""

    r: float
    """The number beside the pair, most often a correlation."""
    source: UnitView
    """Unit of the source."""
    target: UnitView
    """Unit of the target."""
    label: str = ""
    """What both mean; empty where it is not known."""

    def __post_init__(self) -> None:
        checks.check_number(self.r, "r of a matched pair")
        checks.check_members((self.source, self.target), UnitView, "A matched pair")
        checks.check_text(self.label, "label of a matched pair", may_be_empty=True)


@documented_choice
@dataclass(frozen=True, kw_only=True, eq=False)
class MatchedUnits:
    """A gallery of matched units, in the order given."""

    title: str
    """Its title."""
    pairs: Sequence[MatchedPair]
    """In this order."""
    caption: Caption
    """What it found, from how much data, and which seed made it."""
    shown: int = 8
    """Pairs that are visible at first; the others are hidden until opened."""
    measure: str = "r"
    """Name of the number beside each pair."""

    def __post_init__(self) -> None:
        checks.check_text(self.title, "title of a gallery")
        checks.check_text(self.measure, "measure of a gallery")
        checks.check_members((self.caption,), Caption, "MatchedUnits.caption")
        checks.check_members(checks.as_tuple(self, "pairs"), MatchedPair, "MatchedUnits.pairs")
        checks.check_count(self.shown, "shown")


def check_image(image: object, name: str) -> None:
    """Refuse anything but a uint8 picture in grey, RGB or RGBA."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        came = getattr(image, "dtype", type(image).__name__)
        raise InputError(f"{name} must be a uint8 array, got {came}. Scale to 0..255 first.")
    shape = image.shape
    grey = len(shape) == 2
    if not (grey or (len(shape) == 3 and shape[2] in (3, 4))) or 0 in shape:
        raise InputError(
            f"{name} must have shape (height, width), (height, width, 3) or (height, width, 4), "
            f"got {shape}."
        )
