"""What a reader is given: the weights file, what the caller says, and what was left unread."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from unbraid.errors import InputError
from unbraid.responses._formats.arrays.npz import read_arrays
from unbraid.sparse.formats._config_file import read_config
from unbraid.sparse.formats.foreign._assemble import whole_number
from unbraid.sparse.formats.foreign._imported import Imported
from unbraid.sparse.formats.foreign.checkpoint._settings import Settings
from unbraid.sparse.formats.foreign.checkpoint._tensors import Tensors
from unbraid.sparse.formats.foreign.checkpoint._weights import read_safetensors, read_torch
from unbraid.sparse.inference._encoder import Activation

_LAYERS = ("hook_name", "hook_point", "hookpoint", "submodule_name", "hf_hook_point_in")
_LONGEST_NAME = 200  # characters of a layer's name that are kept


@dataclass(frozen=True, kw_only=True)
class StatedByCaller:
    """What the caller says because the file does not."""

    k: int | None = None
    threshold: float | None = None
    activation: Activation | None = None
    centred: bool | None = None
    normalization: str | None = None
    scale: float | None = None
    ignore: frozenset[str] = frozenset()

    def named(self) -> list[str]:
        """Return the names of what was given, but for what is to be ignored."""
        names = ("k", "threshold", "activation", "centred", "normalization")
        return [name for name in names if getattr(self, name) is not None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A weights file of a known layout."""

    library: str
    weights: Path
    given: StatedByCaller = field(default_factory=StatedByCaller)
    content: dict[str, Any] | None = field(default=None, repr=False)
    around: dict[str, Any] = field(default_factory=dict, repr=False)
    """What stood beside the state dict within the file."""
    opened: list[Tensors | Settings] = field(default_factory=list, repr=False)

    def config(self, *names: str, inert: Set[str] = frozenset()) -> Settings:
        """Return the first of these JSON or YAML files beside the weights; without one, nothing.

        Of weights in a folder ``checkpoints`` it may be above, where runs keep it.
        """
        beside = self.weights.parent
        for folder in (beside, *([beside.parent] if beside.name == "checkpoints" else [])):
            for path in (folder / name for name in names):
                if path.is_file() and path.name not in self.given.ignore:
                    return self.settings(str(path), _read(path), inert)
        return Settings(str(self.weights.parent / names[0]), {})

    def settings(
        self, where: str, values: dict[str, Any], inert: Set[str] = frozenset()
    ) -> Settings:
        """Return settings whose unread part is checked in the end."""
        return self._opened(Settings(where, values, inert, self.given.ignore))

    def section(self, settings: Settings, name: str, inert: Set[str] = frozenset()) -> Settings:
        """Return the settings below a name, checked in the end too."""
        return self._opened(settings.section(name, inert))

    def read(self) -> dict[str, Any]:
        """Return the weights file as named arrays and plain values."""
        if self.content is not None:
            return self.content
        if self.weights.suffix == ".npz":
            return read_arrays(self.weights)
        if self.weights.name.endswith((".safetensors", ".safetensors.index.json")):
            return read_safetensors(self.weights)
        return read_torch(self.weights)

    def tensors(
        self, content: dict[str, Any] | None = None, inert: Set[str] = frozenset()
    ) -> Tensors:
        """Return the arrays of the weights file."""
        return self.parts(content, inert)[0]

    def parts(
        self,
        content: dict[str, Any] | None = None,
        inert: Set[str] = frozenset(),
        inert_settings: Set[str] = frozenset(),
    ) -> tuple[Tensors, Settings]:
        """Return the arrays of the weights file, and the plain values among them."""
        content = self.read() if content is None else content
        twice = sorted(content.keys() & self.around.keys())
        if twice:
            raise InputError(
                f"{self.weights} states {twice[0]} within its weights and beside them."
            )
        content = content | self.around
        arrays = {name: value for name, value in content.items() if hasattr(value, "dtype")}
        plain = {name: value for name, value in content.items() if name not in arrays}
        tensors = Tensors(self.weights, self.library, arrays, inert, self.given.ignore)
        return self._opened(tensors), self.settings(str(self.weights), plain, inert_settings)

    def imported(self, architecture: str, *notes: str) -> Imported:
        """Return the method that says where a dictionary comes from."""
        name = "/".join(self.weights.parts[-2:])
        return Imported(
            library=self.library, architecture=architecture, source=name, notes=tuple(notes)
        )

    def active(self, stated: Any, where: str = "k") -> int:
        """Return k as the file states it; one given by hand may only fill a gap."""
        if stated is None:
            stated = self.given.k
        k = whole_number(stated, f"{self.weights}: {where}")
        if self.given.k is not None and self.given.k != k:
            raise InputError(
                f"{self.weights} was trained with k={k}, got k={self.given.k}; leave k out."
            )
        return k

    def says_all(self, *except_for: str) -> None:
        """Refuse what is given by hand for a layout whose files say it."""
        given = [name for name in self.given.named() if name not in except_for]
        if given:
            raise InputError(
                f"{given[0]} is part of a {self.library} checkpoint and must not be given; leave "
                f"it out, or change the dictionary afterwards."
            )

    def unread(self) -> tuple[str, ...]:
        """Return what was left unread and changes no code; anything else is refused."""
        names = [name for part in self.opened for name in part.unread()]
        found = {name for part in self.opened for name in part.ignored} | {
            item.name for item in self.weights.parent.iterdir()
        }
        for name in sorted(self.given.ignore - found):
            raise InputError(f"ignore names {name!r}, which {self.weights} does not hold.")
        return tuple(dict.fromkeys(names))

    def layer(self) -> str:
        """Return the layer that a file names, or sparsify's folder; empty where none does."""
        stated = [part for part in self.opened if isinstance(part, Settings)]
        nested = [part.peek("metadata") for part in stated]
        for name in _LAYERS:
            values = [part.peek(name) for part in stated]
            values += [found.get(name) for found in nested if isinstance(found, dict)]
            named = [value for value in values if isinstance(value, str) and value]
            if named:
                return named[0][:_LONGEST_NAME]
        folder = self.weights.parent.name
        return folder if self.library == "sparsify" and "." in folder else ""

    def _opened(self, part: Any) -> Any:
        self.opened.append(part)
        return part


def _read(path: Path) -> dict[str, Any]:
    if path.suffix == ".json":
        return read_config(path)
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise InputError(f"{path} is not YAML: {str(error).splitlines()[0]}.") from None
    if not isinstance(config, dict):
        raise InputError(f"{path} must hold a mapping, got {type(config).__name__}.")
    return {str(name): value for name, value in config.items()}
