"""The smallest parts of a page: kinds of number, estimates, missing values, captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from unbraid._documented import documented_choice
from unbraid.errors import InputError
from unbraid.report import _checks as checks

NAN = float("nan")

Kind = Literal["before", "after", "control", "ceiling", "null", "prediction"]
"""The role of a number; it decides colour and shape, never colour alone."""

KINDS: tuple[str, ...] = ("before", "after", "control", "ceiling", "null", "prediction")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with its interval; ends that are not finite are shown as missing."""

    value: float
    """The value."""
    low: float = NAN
    """Lower end of the interval."""
    high: float = NAN
    """Upper end of the interval."""

    def __post_init__(self) -> None:
        checks.check_number(self.value, "value")
        checks.check_interval(self.low, self.high, "the estimate")


@documented_choice
@dataclass(frozen=True)
class Missing:
    """A value that is not there, and why: shown as a dash with a footnote."""

    reason: str
    """Why, in a few words."""

    def __post_init__(self) -> None:
        checks.check_text(self.reason, "reason")


Cell = str | int | float | Estimate | Missing | None
"""What a table or a fact can hold; None and NaN are missing values."""


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Caption:
    """What a figure found, from how much data, and which seed made it."""

    finding: str
    """One or two sentences; ``**bold**`` and backquoted code are understood."""
    n: int
    """Number of things measured; 0 says that the figure is theory and uses no data."""
    seed: int | Sequence[int]
    """One seed or several; an empty sequence says that nothing was random."""
    unit: str = "stimuli"
    """What ``n`` counts."""

    def __post_init__(self) -> None:
        checks.check_text(self.finding, "finding")
        checks.check_text(self.unit, "unit")
        checks.check_count(self.n, "n")
        if isinstance(self.seed, Sequence) and not isinstance(self.seed, str):
            for seed in checks.as_tuple(self, "seed"):
                checks.check_count(seed, "seed")
        elif self.seed is None:
            raise InputError("seed must be an integer, or () where nothing was random, got None.")
        else:
            checks.check_count(self.seed, "seed")

    @property
    def facts(self) -> str:
        """The sample and the seed in words."""
        seeds = self.seed if isinstance(self.seed, tuple) else (self.seed,)
        count = f"n = {int(self.n):,} {self.unit}" if self.n else "n = 0 (theory, no data)"
        if not seeds:
            return f"{count} · seed: none, nothing random"
        word = "seed" if len(seeds) == 1 else "seeds"
        return f"{count} · {word} {', '.join(str(int(seed)) for seed in seeds)}"


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Reference:
    """A labelled line across the figure at one value."""

    label: str
    """Text beside the line."""
    value: float
    """Where it stands."""

    def __post_init__(self) -> None:
        checks.check_text(self.label, "label of a reference")
        checks.check_number(self.value, f"value of {self.label!r}")


def check_figure(figure: Any) -> None:
    """Check what every figure has: a title and a caption."""
    checks.check_text(figure.title, "title of a figure")
    checks.check_members((figure.caption,), Caption, f"caption of {figure.title!r}")


def check_domain(domain: tuple[float, float] | None, name: str) -> None:
    """Check the ends of an axis, where they are given."""
    if domain is None:
        return
    low, high = domain
    if not checks.check_number(low, "domain") < checks.check_number(high, "domain"):
        raise InputError(f"domain of {name!r} must be (low, high) with low < high, got {domain}.")
