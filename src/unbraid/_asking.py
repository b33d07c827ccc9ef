"""Messages that ask for an option, met where none can be given, say where it can."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from unbraid.errors import InputError


@contextmanager
def explained(options: Iterable[str], where: Callable[[str], str]) -> Iterator[None]:
    """Add ``where(option)`` to every error and warning that asks for one of these options."""
    names = "|".join(map(re.escape, options))
    asked = re.compile(rf"(?<![\w.-])({names})=")

    def told(text: str) -> str:
        found = asked.search(text) if names else None
        return f"{text} {where(found[1])}" if found else text

    caught: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            yield
    except InputError as error:
        raise InputError(told(str(error))) from None
    finally:
        for one in caught:
            text = told(str(one.message))
            warnings.warn_explicit(text, one.category, one.filename, one.lineno)
