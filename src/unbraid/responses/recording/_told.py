"""Errors that say where: at which stimuli other code failed, which layer was refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from unbraid.errors import InputError


@contextmanager
def told(who: str, start: int, stop: int) -> Iterator[None]:
    """Turn an error of other code into one line that names the stimuli; the cause is kept."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # it may raise any error
        text = (str(error).strip().splitlines() or ["no message"])[0][:200]
        place = f"stimulus {start}" if stop - start == 1 else f"stimuli {start}..{stop - 1}"
        raise InputError(f"{who} raised {type(error).__name__} at {place}: {text}") from error


@contextmanager
def named(who: str) -> Iterator[None]:
    """Say of which layer an error speaks."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{who}: {error}") from None
