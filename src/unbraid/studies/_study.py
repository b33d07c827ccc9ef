"""What every study is: a frozen choice, a run, and a result of plain data."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np

from unbraid._config import Config
from unbraid._documented import documented_choice
from unbraid._progress import Progress, silent
from unbraid.errors import InputError


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Claim:
    """A sentence of the papers, whether it held here, and the numbers that say so."""

    text: str
    """The sentence."""
    holds: bool
    """Whether it held."""
    evidence: str
    """The numbers that say so."""


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Series:
    """Points of one kind: measured, predicted by theory, or published."""

    name: str
    """As the legend calls it."""
    x: list
    """Numbers, or labels of bars."""
    y: list[float]
    """Values, one for each of ``x``."""
    low: list[float] | None = None
    """Lower ends of the values' intervals."""
    high: list[float] | None = None
    """Upper ends of the values' intervals."""
    kind: str = "measured"
    """``measured``, ``theory``, ``published`` or ``control``."""


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Figure:
    """What is drawn, without how: bars, lines, or a histogram (x: left edges of the bins)."""

    kind: str
    """``bar``, ``line``, ``histogram``, or ``heatmap`` (a series is a row, x its columns)."""
    title: str
    """Its title."""
    x_label: str
    """Name of the horizontal axis, with its unit."""
    y_label: str
    """Name of the vertical axis, with its unit."""
    series: list[Series]
    """What is drawn, each in its own colour."""
    caption: str
    """The finding, with its n and its seeds."""
    log_x: bool = False
    """Whether the horizontal axis is logarithmic."""
    log_y: bool = False
    """Whether the vertical axis is logarithmic."""


@documented_choice
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StudyResult:
    """The answer of a study: claims, a table, figures, and what made them; plain data."""

    name: str
    """The study's name on the command line."""
    question: str
    """What was asked."""
    claims: list[Claim]
    """Sentences of the papers, and whether they held."""
    table: list[dict[str, Any]]
    """Rows of numbers: column -> value."""
    figures: list[Figure]
    """What is drawn."""
    settings: dict[str, Any]
    """Every option that counted."""
    notes: list[str] = field(default_factory=list)
    """What would change the answer; what differs from the paper."""
    command: str = ""
    """The command that makes the same numbers again."""
    seconds: float = float("nan")
    """Wall-clock time."""
    conclusion: str = ""
    """The answer to the question in one sentence, where counting claims does not say it."""

    @property
    def seeds(self) -> int | None:
        """Independent worlds, models or pairs for each number; none where it is one network."""
        return seeds_of(self.settings)

    @property
    def verdict(self) -> str:
        """The conclusion, if there is one; how many of the claims hold, and which do not."""
        failed = [claim.text for claim in self.claims if not claim.holds]
        count = f"{len(self.claims) - len(failed)} of {len(self.claims)} claims hold"
        if self.conclusion:
            return f"{self.conclusion} {count}."
        return f"{count}." if not failed else f"{count}; not: {'; '.join(failed)}."

    def __repr__(self) -> str:
        return f"{self.name}: {self.verdict}"

    def record(self) -> dict[str, Any]:
        """Return everything as plain JSON data; NaN becomes None."""
        plain = _plain(asdict(self))
        return {**plain, "verdict": self.verdict}


class Study(Config, ABC):
    """A question of the papers: options, and a run that answers it."""

    name: ClassVar[str]
    """Its name on the command line."""
    question: ClassVar[str]
    reduced: ClassVar[dict[str, Any]]
    """Options of the fast version."""

    @abstractmethod
    def answer(self, progress: Progress) -> StudyResult:
        """Do the work; called by ``run``."""

    @property
    def is_fast(self) -> bool:
        """Whether the reduced version is requested."""
        return bool(getattr(self, "fast", False))

    @property
    def command(self) -> str:
        """The command that runs this study."""
        parts = [f"unbraid study {self.name}"]
        for option in type(self).model_fields:  # in the order of their declaration
            if option not in self.model_fields_set:
                continue
            value = getattr(self, option)
            if option == "fast":
                parts += ["--fast"] if value else []
            elif type(self).model_fields[option].exclude:  # a place on this machine
                flag = f"--{option} " if option in ("data", "networks") else f"--set {option}="
                parts += [] if value is None else [flag + option.upper()]
            else:
                plain = self.model_dump(mode="json", include={option})[option]
                parts.append(f"--set '{option}={json.dumps(plain)}'")
        return " ".join(parts)

    def settled(self) -> Self:
        """Return the options that count: in the fast version, the reduced ones not set by hand."""
        if not self.is_fast:
            return self
        by_hand = {name: getattr(self, name) for name in self.model_fields_set}
        return type(self)(**{**self.reduced, **by_hand})


def run(study: Study, progress: Progress | None = None) -> StudyResult:
    """Answer a study's question.

    Parameters
    ----------
    study : Study
        For example ``studies.Toy(fast=True)``.
    progress : callable, optional
        Called as ``progress(message, fraction)``.

    Returns
    -------
    StudyResult
        Claims and whether they hold, table, figures, settings, and how long it took.

    Examples
    --------
    >>> class Sum(Study):
    ...     "One and one."
    ...     name = "sum"
    ...     question = "Is it two?"
    ...     reduced = {}
    ...     def answer(self, progress):
    ...         claim = Claim(text="One and one is two", holds=1 + 1 == 2, evidence="2")
    ...         return StudyResult(name=self.name, question=self.question, claims=[claim],
    ...                            table=[], figures=[], settings={})
    >>> run(Sum())
    sum: 1 of 1 claims hold.
    """
    if not isinstance(study, Study):
        raise InputError(
            f"study must be a Study, such as studies.Toy(fast=True), got {study!r}; "
            "studies.choose('toy') finds one by its name."
        )
    started = time.perf_counter()
    settled = study.settled()
    result = settled.answer(progress or silent)
    return replace(
        result,
        settings=settled.describe(),
        command=study.command,
        seconds=round(time.perf_counter() - started, 1),
    )


def seeds_of(settings: Mapping[str, Any]) -> int | None:
    """Return how many seeds a study's settings request, under any name."""
    return settings.get("seeds", settings.get("pairs"))


def _plain(value: Any) -> Any:
    """Return JSON data: lists, dicts, strings, finite numbers, None."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
