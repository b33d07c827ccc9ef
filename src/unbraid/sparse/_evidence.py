"""How well a dictionary describes what it was learned from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NAN = float("nan")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Evidence:
    """What a dictionary can be judged by without knowing the truth."""

    fvu: float = NAN
    """Fraction of variance unexplained on the training stimuli, about their mean; 0 is perfect,
    1 no better than the mean. NaN if the stimuli do not vary."""
    fvu_held_out: float = NAN
    """The same on stimuli kept out of the training; NaN if none were."""
    fvu_held_out_units: float = NAN
    """The same on units kept out of the inference (codes from three quarters of the units predict
    the rest, atoms as learned); NaN if not measured."""
    l0: float = NAN
    """Mean number of active latents a stimulus."""
    dead: float = NAN
    """Share of the latents silent on every training stimulus."""
    n_stimuli: int = 0
    """Training stimuli, those held out included."""
    seconds: float = NAN
    """Wall-clock time of the training."""
    history: tuple[Mapping[str, float], ...] = ()
    """The course of the training: records of ``step``, ``loss``, ``fvu`` and more."""
    chosen: Mapping[str, Any] = field(default_factory=dict)
    """How an automatic choice was made: every candidate with its held-out errors."""
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Evidence(fvu={self.fvu:.3g}, l0={self.l0:.3g}, dead={self.dead:.2g})"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON data; NaN becomes None."""
        return {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if value == value else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") and not hasattr(value, "__len__") else value
