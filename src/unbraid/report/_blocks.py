"""Blocks of words and numbers, the sections that hold them, and the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from unbraid._documented import documented_choice
from unbraid.errors import InputError
from unbraid.report import _checks as checks
from unbraid.report._figures import FIGURES, Figure
from unbraid.report._gallery import MatchedUnits
from unbraid.report._table import Table
from unbraid.report._values import KINDS, NAN, Cell, Kind

Tone = Literal[
    "gain", "no-gain", "explained-by-control", "cannot-help", "holds", "fails", "one-system"
]

TONES: dict[str, str] = {
    "gain": "Gain",
    "no-gain": "No gain",
    "explained-by-control": "Explained by a control",
    "cannot-help": "Cannot help here",
    "holds": "The claims hold",
    "fails": "Not every claim holds",
    "one-system": "One system",
}


@documented_choice
@dataclass(frozen=True, kw_only=True)
class KeyNumber:
    """One of the few large numbers under the headline."""

    label: str
    """What the number is, in a few words."""
    value: float
    """The number; NaN is shown as missing."""
    low: float = NAN
    """Lower end of its interval; NaN where there is none."""
    high: float = NAN
    """Upper end of its interval; NaN where there is none."""
    kind: Kind = "after"
    """Its role, which chooses the colour."""
    digits: int = 2
    """Decimals that are written."""
    note: str = ""
    """A few words below it."""

    def __post_init__(self) -> None:
        checks.check_text(self.label, "label of a key number")
        checks.check_text(self.note, "note of a key number", may_be_empty=True)
        checks.check_choice(self.kind, KINDS, "kind of a key number")
        checks.check_number(self.value, f"value of {self.label!r}")
        checks.check_interval(self.low, self.high, repr(self.label))
        checks.check_count(self.digits, "digits")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class VerdictBlock:
    """The answer: one sentence, what kind of answer it is, and the numbers that carry it."""

    headline: str
    """The answer in one sentence."""
    tone: Tone
    """What kind of answer it is; it chooses the badge."""
    lead: str
    """A sentence or two below the headline."""
    numbers: Sequence[KeyNumber]
    """Two to four; a number of kind ``after`` that follows ``before`` gets an arrow."""
    about: str = ""
    """What was compared, or asked: said before any number, and ``lead`` then comes after them."""
    badge: str = ""
    """Words of the badge; by default those of the tone."""

    def __post_init__(self) -> None:
        checks.check_text(self.headline, "headline")
        checks.check_text(self.lead, "lead")
        checks.check_text(self.about, "about", may_be_empty=True)
        checks.check_text(self.badge, "badge", may_be_empty=True)
        checks.check_choice(self.tone, tuple(TONES), "tone")
        numbers = checks.as_tuple(self, "numbers")
        checks.check_members(numbers, KeyNumber, "VerdictBlock.numbers")
        if not 1 <= len(numbers) <= 4:
            raise InputError(f"A verdict shows 1 to 4 key numbers, got {len(numbers)}.")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Fact:
    """A named value, with an optional explanation."""

    name: str
    """What it is."""
    value: Cell
    """Text, a number, an estimate, or why it is missing."""
    help: str = ""
    """An explanation, shown on demand."""

    def __post_init__(self) -> None:
        checks.check_text(self.name, "name of a fact")
        checks.check_text(self.help, "help of a fact", may_be_empty=True)


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Facts:
    """Names and values, shown as a quiet list."""

    items: Sequence[Fact]
    """Shown in this order."""
    title: str = ""
    """Its title; empty for none."""

    def __post_init__(self) -> None:
        checks.check_members(checks.as_tuple(self, "items"), Fact, "Facts.items")
        checks.check_text(self.title, "title", may_be_empty=True)


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Warnings:
    """One-liners that the reader must see; an empty list says that there were none."""

    items: Sequence[str]
    """One sentence each, the most serious first."""

    def __post_init__(self) -> None:
        for item in checks.as_tuple(self, "items"):
            checks.check_text(item, "a warning")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Prose:
    """A few paragraphs; ``**bold**`` and backquoted code are understood."""

    paragraphs: Sequence[str]
    """One text each."""

    def __post_init__(self) -> None:
        for paragraph in checks.as_tuple(self, "paragraphs"):
            checks.check_text(paragraph, "a paragraph")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Details:
    """Hidden until it is opened: facts, and any plain data shown as JSON."""

    summary: str
    """The line that is always visible."""
    facts: Sequence[Fact] = ()
    """Names and values."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON data."""

    def __post_init__(self) -> None:
        checks.check_text(self.summary, "summary")
        checks.check_members(checks.as_tuple(self, "facts"), Fact, "Details.facts")


Block = Facts | Warnings | Prose | Details | Table | MatchedUnits | Figure
BLOCKS: tuple[type, ...] = (Facts, Warnings, Prose, Details, Table, MatchedUnits, *FIGURES)


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Section:
    """A chapter of the page, listed in the table of contents."""

    title: str
    """Its title, in the table of contents too."""
    blocks: Sequence[Block]
    """What it holds, in this order."""
    lead: str = ""
    """A sentence below the title; empty for none."""

    def __post_init__(self) -> None:
        checks.check_text(self.title, "title of a section")
        checks.check_text(self.lead, "lead of a section", may_be_empty=True)
        checks.check_members(checks.as_tuple(self, "blocks"), BLOCKS, "Section.blocks")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What made the numbers; every caption links here."""

    fingerprint: str
    """Names the configuration; shown beside every figure."""
    config: Mapping[str, Any]
    """The configuration as given, plain JSON data."""
    facts: Sequence[Fact] = ()
    """Versions, seeds, hashes, machine, time of the run."""

    def __post_init__(self) -> None:
        checks.check_text(self.fingerprint, "fingerprint")
        checks.check_members(checks.as_tuple(self, "facts"), Fact, "Provenance.facts")


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Page:
    """A whole report: the verdict and what is under it, sections, and what made it."""

    title: str
    """Its title."""
    verdict: VerdictBlock
    """The first thing that is seen."""
    provenance: Provenance
    """What made the numbers; every caption links to it."""
    opening: Sequence[Block] = ()
    """Blocks of the first screen, right under the key numbers."""
    sections: Sequence[Section] = ()
    """Chapters, in this order."""
    browser: str = ""
    """Path of the browser of latents, from the page; empty where there is none."""
    language: str = "en"
    """Language of the text, as HTML names it."""

    def __post_init__(self) -> None:
        checks.check_text(self.title, "title of the page")
        checks.check_text(self.language, "language")
        checks.check_path(self.browser, "browser of a page")
        checks.check_members((self.verdict,), VerdictBlock, "Page.verdict")
        checks.check_members((self.provenance,), Provenance, "Page.provenance")
        checks.check_members(checks.as_tuple(self, "opening"), BLOCKS, "Page.opening")
        checks.check_members(checks.as_tuple(self, "sections"), Section, "Page.sections")
