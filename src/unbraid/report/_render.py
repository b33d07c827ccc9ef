"""From declared data to one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from unbraid.errors import InputError
from unbraid.report import _palette as palette
from unbraid.report import draw
from unbraid.report._blocks import TONES, Block, Page
from unbraid.report._cells import Footnotes, figure_table, written
from unbraid.report._figures import FIGURES
from unbraid.report._gallery import MatchedPair, Stimulus
from unbraid.report._inline import marked_up, plain_json, slugs
from unbraid.report._png import data_uri
from unbraid.report._text import interval, number, printable, significant, with_minus

if TYPE_CHECKING:
    import jinja2

_TEMPLATES = Path(__file__).parent / "templates"


def render(page: Page) -> str:
    """Return the page as one HTML file that needs no network, no script and no other file.

    Parameters
    ----------
    page : Page
        Declared data; every block says what it shows, none says how.

    Returns
    -------
    str
        HTML. The same page gives the same bytes: no clock, no randomness.

    Raises
    ------
    InputError
        If ``page`` is not a `Page`.
    jinja2.UndefinedError
        If the template asks for a fact that the page does not have.

    Examples
    --------
    >>> from unbraid import report
    >>> number = report.KeyNumber(label="after", value=0.7)
    >>> verdict = report.VerdictBlock(headline="<b>", tone="gain", lead="So.", numbers=[number])
    >>> made_by = report.Provenance(fingerprint="0" * 12, config={})
    >>> page = report.Page(title="A page", verdict=verdict, provenance=made_by)
    >>> html = render(page)
    >>> "&lt;b&gt;" in html, html == render(page)  # text is never markup
    (True, True)
    """
    if not isinstance(page, Page):
        raise InputError(f"render takes a report.Page, got {type(page).__name__}.")
    anchors = slugs([section.title for section in page.sections])
    facts = {"page": page, "anchors": anchors, "css": _css(), "script": _script()}
    return _environment().get_template("page.html").render(facts)


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        number=number, significant=significant, marked_up=marked_up, with_minus=with_minus,
        plain_json=plain_json, written=written, data_uri=data_uri,
    )  # fmt: skip
    environment.globals.update(
        kind_of=_kind_of, wide=_wide, narrow=_narrow, tones=TONES, interval=interval,
        Footnotes=Footnotes, figure_table=figure_table, finite=_finite, share=_share,
        activation_scale=_strongest, shares=_shares, signed=_signed,
    )  # fmt: skip
    return environment


def _printable(value: Any) -> Any:
    """Drop the control characters that neither HTML nor SVG can hold."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value)
    return value


def _kind_of(block: Block) -> str:
    return "Figure" if isinstance(block, FIGURES) else type(block).__name__


def _wide(figure: Any) -> Markup:
    return Markup(draw.inline_svg(figure, draw.WIDE, "wide"))


def _narrow(figure: Any) -> Markup:
    return Markup(draw.inline_svg(figure, draw.NARROW, "narrow"))


def _finite(value: float) -> bool:
    return abs(float(value)) < float("inf")


def _strongest(stimuli: Sequence[Stimulus]) -> float:
    return max((abs(s.activation) for s in stimuli if _finite(s.activation)), default=0.0)


def _signed(stimuli: Sequence[Stimulus]) -> bool:
    """Whether any activation is below zero: then each picture shows its activation."""
    return any(stimulus.activation < 0 for stimulus in stimuli)


def _shares(pairs: Sequence[MatchedPair]) -> bool:
    """Whether any two matched units have a stimulus in common."""
    return any(
        {s.id for s in pair.source.stimuli} & {s.id for s in pair.target.stimuli} for pair in pairs
    )


def _share(activation: float, strongest: float) -> str:
    """Per cent of the strongest activation, for the length of a bar."""
    if not _finite(activation) or not strongest:
        return "0"
    return f"{100 * abs(activation) / strongest:.1f}"


@cache
def _css() -> Markup:
    css = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    return Markup(f"{palette.page_css()}\n{palette.ROLE_CSS}\n{palette.FIGURE_CSS}{css}")


@cache
def _script() -> Markup:
    return Markup((_TEMPLATES / "script.js").read_text(encoding="utf-8"))
