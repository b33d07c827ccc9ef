"""A method as an option of another: written down in full, read back."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from unbraid.sparse._method import Method


def _read_method(value: Any) -> Any:
    """Read a method from what ``describe`` wrote, or from text."""
    from unbraid.sparse import METHODS, parse_method

    if isinstance(value, str):
        return parse_method(value)
    if isinstance(value, dict) and value.get("name") in METHODS:
        return METHODS[value["name"]](**{k: v for k, v in value.items() if k != "name"})
    return value


Of = Annotated[
    Method, BeforeValidator(_read_method), PlainSerializer(lambda method: method.describe())
]
