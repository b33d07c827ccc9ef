"""A dictionary in a notebook."""

from __future__ import annotations

from unbraid._notebook import card
from unbraid.sparse._evidence import Evidence


def shown(method: str, shape: tuple[int, ...], by: str, seen: Evidence) -> str:
    """Return what a dictionary is assessed by, as a small table."""
    return card(f"Dictionary by {method}", [
        ("latents", shape[0]), ("units", shape[1]), ("unexplained (FVU)", seen.fvu),
        ("unexplained, held out", seen.fvu_held_out), ("active a stimulus (l0)", seen.l0),
        ("dead", seen.dead), ("codes by", by),
    ])  # fmt: skip
