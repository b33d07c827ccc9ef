"""Matched units as a drawing, for files on their own (a page shows them as HTML)."""

from __future__ import annotations

import math

from unbraid.report._gallery import MatchedPair, MatchedUnits, UnitView
from unbraid.report._png import data_uri
from unbraid.report._text import number, shorten, significant, text_width, wrap
from unbraid.report.draw._svg import Drawing, element, rect, text, title

_GAP, _PADDING, _STRIP = 16.0, 14.0, 8  # pixels between cards and within one; stimuli in a row
_LEGEND = "among the strongest stimuli of both units"


def draw(figure: MatchedUnits, width: float) -> Drawing:
    """Draw the pairs that are visible, two cards a line where there is room."""
    columns = 2 if width >= 560 else 1
    card_width = (width - _GAP * (columns - 1)) / columns
    pairs = figure.pairs[: figure.shown]
    cards = [_card(pair, rank, figure.measure, card_width) for rank, pair in enumerate(pairs, 1)]
    parts, y = [], 4.0
    if any(_common(pair) for pair in pairs):
        key = rect(0.0, 7.0, 18.0, 3.0, "f")
        parts += [element("g", key, class_="k-after"), text(_LEGEND, 25.0, 13.0, "s m")]
        y = 28.0
    for start in range(0, len(cards), columns):
        line = cards[start : start + columns]
        height = max(card.height for card in line)
        for column, card in enumerate(line):
            frame = rect(0.5, 0.5, card_width - 1, height - 1, "card", rx=8)
            place = f"translate({column * (card_width + _GAP):.2f} {y:.2f})"
            parts.append(element("g", frame, card.body, transform=place))
        y += height + _GAP
    return Drawing(body="".join(parts), width=width, height=y - _GAP)


def describe(figure: MatchedUnits) -> str:
    """Describe which units were matched, and how well."""
    return " ".join(
        f"{pair.label + ': ' if pair.label else ''}{pair.source.name} with {pair.target.name}, "
        f"{figure.measure} {number(pair.r)}."
        for pair in figure.pairs[: figure.shown]
    )


def _card(pair: MatchedPair, rank: int, measure: str, width: float) -> Drawing:
    room = width - 2 * _PADDING
    value = f"{measure} {number(pair.r)}"
    label = shorten(pair.label or f"pair {rank}", room - text_width(value, 13) - 12, 13)
    parts = [text(label, _PADDING, 25.0, "b" if pair.label else "m")]
    parts.append(text(value, width - _PADDING, 25.0, "e b"))
    y, common = 36.0, _common(pair)
    for unit in (pair.source, pair.target):
        parts.append(text(shorten(unit.name, room, 11.5), _PADDING, y + 12, "s m"))
        body, height = _stimuli(unit, common, y + 20, room)
        parts.append(body)
        y += 20 + height + 10
    return Drawing(body="".join(parts), width=width, height=y + 4)


def _stimuli(unit: UnitView, common: set[str], y: float, room: float) -> tuple[str, float]:
    shown = unit.stimuli[:_STRIP]
    if not any(stimulus.image is not None for stimulus in shown):
        words = ", ".join(stimulus.id for stimulus in shown) or "no stimulus excites it"
        lines = wrap(words, room, 11.5)
        body = [text(line, _PADDING, y + 11 + 16 * i, "s") for i, line in enumerate(lines)]
        return "".join(body), 16.0 * len(lines)
    size = (room - 4 * (_STRIP - 1)) / _STRIP
    parts = []
    for index, stimulus in enumerate(shown):
        x = _PADDING + index * (size + 4)
        said = title(f"{stimulus.id}: {significant(stimulus.activation)}")
        inside = [rect(x, y, size, size, "empty"), said]
        if stimulus.image is not None:
            inside.append(
                element(
                    "image", x=x, y=y, width=size, height=size, href=data_uri(stimulus.image),
                    style="image-rendering:pixelated",
                )
            )  # fmt: skip
        if stimulus.id in common:
            inside.append(rect(x, y + size, size, 3.0, "f"))
        parts.append(element("g", *inside, class_="k-after"))
    return "".join(parts), math.ceil(size) + 3.0


def _common(pair: MatchedPair) -> set[str]:
    """Return the stimuli that excite both units of a pair."""
    return {s.id for s in pair.source.stimuli} & {s.id for s in pair.target.stimuli}
