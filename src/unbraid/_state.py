"""Objects as plain JSON and named arrays, and back to the same bits; only of classes one names."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from unbraid.errors import InputError

_MARK = "$"  # what the keys begin with that say what a value is


class Codec(NamedTuple):
    """How a class that is no dataclass becomes fields, and comes back from them."""

    kind: type
    fields: Callable[[Any], dict[str, Any]]
    made: Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class Layout:
    """The classes that a saved state may hold; no other is ever made from a file."""

    classes: tuple[type, ...]
    """Dataclasses, whose fields are saved."""
    codecs: tuple[Codec, ...] = ()
    """Others; the first that fits a value is taken."""
    left_out: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Fields of a class that are not saved; they must have a default."""


def pack(value: Any, layout: Layout) -> tuple[Any, dict[str, np.ndarray]]:
    """Return a value as JSON data, and the arrays in it by where they stand: ``scores.3.per_fold``.

    One object that is held several times is written once. NaN and infinite numbers are kept.
    """
    packer = _Packer(layout)
    return packer.plain(value, ""), packer.arrays


def unpack(plain: Any, arrays: Mapping[str, np.ndarray], layout: Layout, where: Any) -> Any:
    """Return the value that ``pack`` was given; ``where`` names the file in errors.

    Raises
    ------
    InputError
        A class, a field or an array that there is not: a damaged file, or another version's.
    """
    try:
        return _Unpacker(arrays, layout).value(plain)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{where} is damaged, or of another version: {reason}.") from None


class _Packer:
    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.arrays: dict[str, np.ndarray] = {}
        self.seen: dict[int, int] = {}
        self.held: list[Any] = []  # numbers of objects stay theirs while they live

    def plain(self, value: Any, at: str) -> Any:
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, np.bool_ | np.integer):
            return value.item()
        if isinstance(value, int):
            return value
        if isinstance(value, float | np.floating):
            number = float(value)
            return number if math.isfinite(number) else {"$float": str(number)}
        if isinstance(value, np.ndarray):
            return self._array(value, at)
        for codec in self.layout.codecs:
            if isinstance(value, codec.kind):
                return self._object(value, codec.kind.__name__, codec.fields, at)
        if type(value) in self.layout.classes:
            return self._object(value, type(value).__name__, self._fields, at)
        if isinstance(value, tuple):
            return {"$tuple": self._items(value, at)}
        if isinstance(value, list):
            return self._items(value, at)
        if isinstance(value, Mapping):
            pairs = {key: self.plain(item, f"{at}{key}.") for key, item in value.items()}
            if all(isinstance(key, str) and not key.startswith(_MARK) for key in pairs):
                return pairs
            return {"$pairs": [[self.plain(key, at), item] for key, item in pairs.items()]}
        raise TypeError(f"{type(value).__name__} has no place in a saved state")

    def _fields(self, value: Any) -> dict[str, Any]:
        out = self.layout.left_out.get(type(value).__name__, frozenset())
        names = [f.name for f in dataclasses.fields(value) if f.name not in out]
        return {name: getattr(value, name) for name in names}

    def _items(self, values: Any, at: str) -> list[Any]:
        return [self.plain(item, f"{at}{place}.") for place, item in enumerate(values)]

    def _object(
        self, value: Any, name: str, fields: Callable[[Any], dict[str, Any]], at: str
    ) -> Any:
        if id(value) in self.seen:
            return {"$again": self.seen[id(value)]}
        held = {key: self.plain(item, f"{at}{key}.") for key, item in fields(value).items()}
        number = self.seen[id(value)] = len(self.held)
        self.held.append(value)
        return {"$class": name, "number": number, "fields": held}

    def _array(self, array: np.ndarray, at: str) -> Any:
        if array.dtype.kind in "US":
            return {"$texts": array.astype(str).tolist(), "shape": list(array.shape)}
        if array.dtype.kind not in "biuf":
            raise TypeError(f"an array of {array.dtype} has no place in a saved state")
        name = at.removesuffix(".") or "value"
        self.arrays[name] = np.ascontiguousarray(array).reshape(array.shape)
        return {"$array": name}


class _Unpacker:
    def __init__(self, arrays: Mapping[str, np.ndarray], layout: Layout) -> None:
        self.arrays = arrays
        self.made: dict[int, Any] = {}
        self.classes: dict[str, Callable[[dict[str, Any]], Any]] = {
            kind.__name__: lambda fields, kind=kind: kind(**fields) for kind in layout.classes
        } | {codec.kind.__name__: codec.made for codec in layout.codecs}

    def value(self, plain: Any) -> Any:
        if isinstance(plain, list):
            return [self.value(item) for item in plain]
        if not isinstance(plain, dict):
            return plain
        if "$float" in plain:
            return float(plain["$float"])
        if "$tuple" in plain:
            return tuple(self.value(item) for item in plain["$tuple"])
        if "$texts" in plain:
            return np.array(plain["$texts"], dtype=str).reshape(plain["shape"])
        if "$array" in plain:
            return self.arrays[plain["$array"]]
        if "$pairs" in plain:
            return {self.value(key): self.value(item) for key, item in plain["$pairs"]}
        if "$again" in plain:
            return self.made[plain["$again"]]
        if "$class" not in plain:
            return {key: self.value(item) for key, item in plain.items()}
        fields = {key: self.value(item) for key, item in plain["fields"].items()}
        made = self.classes[plain["$class"]](fields)
        self.made[plain["number"]] = made
        return made
