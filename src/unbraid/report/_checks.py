"""Checks of the declared data: a page cannot be built from a missing or impossible fact."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from unbraid.errors import InputError


def check_text(value: object, name: str, *, may_be_empty: bool = False) -> None:
    """Refuse anything but a string, and an empty one unless it may be."""
    if not isinstance(value, str):
        raise InputError(f"{name} must be a string, got {type(value).__name__}. Use str(...).")
    if not value.strip() and not may_be_empty:
        raise InputError(f"{name} must not be empty: say what the reader should know.")


def check_choice(value: object, choices: Sequence[str], name: str) -> None:
    """Refuse a word that is not one of the declared ones."""
    if value not in choices:
        raise InputError(f"{name} must be one of {', '.join(choices)}, got {value!r}.")


def check_number(value: object, name: str) -> float:
    """Return a float; NaN and infinity are allowed and later drawn as missing."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a number (NaN where missing), got {value!r}.") from None


def check_interval(low: object, high: object, name: str) -> None:
    """Refuse an interval whose lower end lies above its upper end."""
    low, high = check_number(low, f"low of {name}"), check_number(high, f"high of {name}")
    if low > high:
        raise InputError(f"The interval of {name} must have low <= high, got [{low}, {high}].")


def check_count(value: object, name: str) -> None:
    """Refuse anything but a whole number that is not negative."""
    number = check_number(value, name)
    if not (math.isfinite(number) and number >= 0 and number == int(number)):
        raise InputError(f"{name} must be a whole number >= 0, got {value!r}.")


def check_members(values: Sequence[Any], kinds: type | tuple[type, ...], name: str) -> None:
    """Refuse a sequence that holds something else than the declared classes."""
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    for value in values:
        if not isinstance(value, kinds):
            allowed = ", ".join(kind.__name__ for kind in kinds)
            raise InputError(f"{name} must hold {allowed}, got {type(value).__name__}.")


def as_tuple(owner: object, field: str) -> tuple[Any, ...]:
    """Store a field of a frozen object as a tuple, so that nobody can change it; return it."""
    value = getattr(owner, field)
    name = f"{type(owner).__name__}.{field}"
    if isinstance(value, str | bytes | dict):
        raise InputError(f"{name} must be a list, got {type(value).__name__}.")
    try:
        items = tuple(value)
    except TypeError:
        raise InputError(f"{name} must be a list, got {type(value).__name__}.") from None
    object.__setattr__(owner, field, items)
    return items


def check_path(value: object, name: str) -> None:
    """Refuse a link that is no plain path beside or below the page; empty is no link."""
    text = value if isinstance(value, str) else "?"
    if not all(c.isalnum() or c in "-_./" for c in text) or text.startswith("/") or ".." in text:
        raise InputError(f"{name} must be a path below the page, got {value!r}.")
