"""Plain data as a script that hands it to the page: the only way to load a file from the disk."""

from __future__ import annotations

import json
import math
from typing import Any

from unbraid.report._text import printable

_DIGITS = 4  # significant digits of a number on a page: more than a figure can show


def script(name: str, *arguments: Any) -> str:
    """Return a call of ``unbraid.NAME`` with plain data, in which no text can end the script."""
    given = ",".join(text_of(each) for each in arguments)
    return f"unbraid.{name}({given});\n"


def text_of(data: Any) -> str:
    """Return data as JSON that is safe within a script."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in ("<", "\u2028", "\u2029"):
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def short(value: float) -> float | None:
    """Return a number with four digits; None where it is not finite."""
    value = float(value)
    if not math.isfinite(value):
        return None
    found = float(f"{value:.{_DIGITS}g}")
    return int(found) if found == int(found) else found


def words(text: str) -> str:
    """Return text without what no page can hold."""
    return printable(str(text)).encode("utf-8", "backslashreplace").decode()
