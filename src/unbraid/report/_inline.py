"""Inline text: light marks, JSON, and addresses of sections."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup, escape

from unbraid.report._text import printable

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_CODE = re.compile(r"`([^`]+)`")
_RESERVED = ("top", "made")


def marked_up(text: str) -> Markup:
    """Escape the text, then turn ``**bold**`` and backquoted code into elements."""
    safe = _CODE.sub(r"<code>\1</code>", str(escape(printable(str(text)))))
    return Markup(_BOLD.sub(r"<strong>\1</strong>", safe))


def plain_json(data: Any) -> str:
    """Write plain data as JSON in the order given; what JSON lacks becomes its text."""
    return json.dumps(data, indent=2, ensure_ascii=False, default=_plain)


def slugs(titles: Sequence[str]) -> list[str]:
    """Return one address a title, all different, in plain letters."""
    taken = set(_RESERVED)
    found = []
    for index, title in enumerate(titles, start=1):
        plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
        base = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or f"section-{index}"
        slug = base if base not in taken else f"{base}-{index}"
        taken.add(slug)
        found.append(slug)
    return found


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    return str(value)
