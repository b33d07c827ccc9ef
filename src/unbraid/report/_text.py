"""Words and numbers as they are written on a page, and how wide they come out."""

from __future__ import annotations

import math
import re
import unicodedata

DASH = "—"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NARROW = frozenset("ijl.,:;|'`!()[]{}ftrI1 ")
_WIDE = frozenset("mwMW@%&—…")


def number(value: float, digits: int = 2) -> str:
    """Write a number with fixed decimals and a true minus sign; a dash where it is not finite."""
    value = float(value)
    if not math.isfinite(value):
        return DASH
    if abs(value) >= 1e9:
        return significant(value, digits + 1)
    text = f"{abs(value):,.{digits}f}"
    return f"−{text}" if value < 0 and text.strip("0.,") else text


def with_minus(sentence: str) -> str:
    """Write the numbers of a sentence as ``number`` does: true minus signs, and no negative 0."""
    sentence = re.sub(r"(?<![\w.)\]-])-(?=0?\.?0+(?![\d.]))(?=[\d.])", "", sentence)
    return re.sub(r"(?<![\w.)\]-])-(?=\.?\d)", "−", sentence)


def significant(value: float, digits: int = 3) -> str:
    """Write a number with its leading digits, however small or large it is."""
    if not math.isfinite(value):
        return DASH
    mantissa, e, exponent = f"{value:.{digits}g}".partition("e")
    return (mantissa + (f"e{int(exponent)}" if e else "")).replace("-", "−")


def interval(low: float, high: float, digits: int = 2) -> str:
    """Write an interval, or nothing where either end is missing."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"[{number(low, digits)}, {number(high, digits)}]"


def printable(text: str) -> str:
    """Drop the characters that neither HTML nor XML can hold."""
    return _NOT_XML.sub("", text)


def text_width(text: str, size: float) -> float:
    """Return a cautious width of the text in a sans-serif face, in units of ``size``'s unit."""
    return size * sum(_advance(character) for character in text)


def wrap(text: str, width: float, size: float, max_lines: int = 2) -> list[str]:
    """Break the text into at most ``max_lines`` lines, the last ending in … if it must."""
    lines, current = [], ""
    for word in text.split():
        trial = f"{current} {word}".strip()
        if text_width(trial, size) <= width:
            current = trial
            continue
        if current:
            lines.append(current)
        while text_width(word, size) > width and len(word) > 1:  # a word wider than the line
            head = shorten(word, width, size, ellipsis="")
            lines.append(head)
            word = word[len(head) :]
        current = word
    lines.append(current)
    lines = [line for line in lines if line] or [""]
    if len(lines) > max_lines:
        rest = " ".join(lines[max_lines - 1 :])
        lines = [*lines[: max_lines - 1], shorten(rest, width, size)]
    return lines


def shorten(text: str, width: float, size: float, ellipsis: str = "…") -> str:
    """Cut the text to a width, ending in … where something was cut; at least one character."""
    if text_width(text, size) <= width:
        return text
    room, kept = width - text_width(ellipsis, size), ""
    for character in text:
        room -= size * _advance(character)
        if room < 0 and kept:
            break
        kept += character
    return kept.rstrip() + ellipsis


def _advance(character: str) -> float:
    """Width of one character in em, a little more than Helvetica's."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf", "Cc"):
        return 0.0
    if unicodedata.east_asian_width(character) in ("W", "F"):
        return 1.05
    if character in _NARROW:
        return 0.32 if character != "1" else 0.57
    if character in _WIDE:
        return 0.93
    return 0.7 if character.isupper() else 0.56
