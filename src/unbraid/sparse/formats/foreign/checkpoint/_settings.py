"""Settings that a file states: each is used, known to leave the codes alone, or refused."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from unbraid.errors import InputError
from unbraid.sparse.formats.foreign.checkpoint._inert import INERT

_SHOWN = 4  # settings in a message of two lines


class Settings:
    """Named plain values of one file, which remember what was asked for.

    ``inert`` names those that change no code. What is neither asked for nor inert is refused by
    ``unread``. ``ignored`` are left out at the caller's wish, as though the file lacked them.
    """

    def __init__(
        self,
        where: str,
        values: Mapping[str, Any],
        inert: Set[str] = frozenset(),
        ignored: Set[str] = frozenset(),
    ) -> None:
        self.where = where
        self.ignored, self._ignore = ignored & values.keys(), ignored
        self._values = {name: values[name] for name in values if name not in ignored}
        self._inert = INERT | inert
        self._used: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Any:
        return iter(self._values)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a setting, which counts as used from now on."""
        self._used.add(name)
        return self._values.get(name, default)

    def peek(self, name: str) -> Any:
        """Return a setting without counting it as used."""
        return self._values.get(name)

    def leave(self, name: str) -> None:
        """Count a setting as one that changes no code."""
        self._inert = self._inert | {name}

    def choice(self, name: str, among: tuple[Any, ...], default: Any) -> Any:
        """Return a setting that must be one of a few."""
        value = self.get(name, default)
        if not any(value is known or (value == known and type(value) is type(known))
                   for known in among):  # fmt: skip
            shown = " or ".join(map(repr, among))
            raise InputError(f"{self.where}: {name} must be {shown}, got {value!r}.")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """Return a setting that must be true or false."""
        return bool(self.choice(name, (True, False), default))

    def section(self, name: str, inert: Set[str] = frozenset()) -> Settings:
        """Return the settings that stand below a name."""
        value = self.get(name)
        if value is not None and not isinstance(value, Mapping):
            raise InputError(f"{self.where}: {name} must be a JSON object, got {value!r}.")
        return Settings(f"{self.where}: {name}", value or {}, inert, self._ignore)

    def is_inert(self, name: str) -> bool:
        """Return whether a setting changes no code, whatever its value."""
        return name in self._inert

    def unread(self) -> list[str]:
        """Return the settings that were not used; one that may change the codes is refused."""
        left = [name for name in self._values if name not in self._used]
        unknown = [name for name in left if not self.is_inert(name)]
        if unknown:
            shown = ", ".join(f"{name}={shorten(self._values[name])}" for name in unknown[:_SHOWN])
            raise InputError(
                f"{self.where}: {shown}{', ...' if len(unknown) > _SHOWN else ''} is not a setting "
                "that this reader knows, and may change the codes. Read it with its own library, "
                f"or, where it changes nothing, give ignore={unknown}."
            )
        return left + sorted(self.ignored)


def shorten(value: Any) -> str:
    """Return a value as one short line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 40 else text[:37] + "..."
