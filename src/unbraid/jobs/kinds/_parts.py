"""Which stimuli dictionaries learn from where one serves many comparisons."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from unbraid._validate import check_number
from unbraid.errors import InputError

if TYPE_CHECKING:
    from unbraid.responses import Responses

ORDERS = ("exchangeable", "time")


def check_share(share: Any) -> None:
    """Refuse what is no share of the stimuli."""
    check_number(share, "train_share")
    if not 0 < share < 1:
        raise InputError(f"train_share must lie between 0 and 1, got {share!r}.")


def learning_rows(x: Responses, part: Mapping[str, Any]) -> np.ndarray:
    """Return the mask (n,) of the stimuli that a dictionary learns from.

    A stimulus is drawn by its id (its row, where there are no ids) and the seed alone: about
    ``share`` of all, and the same ones in every system, whatever other stimuli that has. In
    ``time`` the first rows are taken, so that neighbours stay on one side.
    """
    n, share = len(x), float(part["share"])
    if part["order"] == "time":
        return np.arange(n) < round(share * n)
    names = x.stimuli if x.stimuli is not None else range(n)
    below = int(share * 2**64)
    return np.array([_drawn(f"{part['seed']} {name}") < below for name in names], dtype=bool)


def _drawn(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
