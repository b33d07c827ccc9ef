"""How an object shows itself in a notebook: its name, and its facts in a small table."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any


def card(title: str, facts: Iterable[tuple[str, Any]]) -> str:
    """Return a caption and a table of two columns as HTML; every text is escaped."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th>"
        f"<td style='text-align:left'>{escape(_shown(value))}</td></tr>"
        for name, value in facts
    )
    caption = f"<caption style='text-align:left'><b>{escape(title)}</b></caption>"
    return f"<table>{caption}<tbody>{rows}</tbody></table>"


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return "not known" if value != value else f"{value:.3g}"
    return str(value)
