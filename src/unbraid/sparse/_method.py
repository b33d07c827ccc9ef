"""What every way of learning a dictionary promises."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, cast

import numpy as np
from pydantic import AliasChoices, BeforeValidator, PlainSerializer

from unbraid._config import Config, shown
from unbraid._parse import choice_of, parse_choice
from unbraid.errors import InputError

ITERATIONS = AliasChoices("iterations", "turns")  # what the option was called in older files
_FEW = 4  # a warning is given for fewer stimuli per latent

if TYPE_CHECKING:
    from unbraid.sparse._dictionary import Dictionary
    from unbraid.sparse._log import Log


class Method(Config, ABC):
    """A choice of how to learn a dictionary: frozen, validated, stored with what it makes."""

    in_batches: ClassVar[bool] = False
    """Whether it learns batch by batch: from what is larger than memory, and with checkpoints."""
    on_device: ClassVar[bool] = False
    """Whether ``fit`` can let it compute on another device than the processor."""
    can_learn: ClassVar[bool] = True
    """Whether ``fit`` can use it; not where it only names a training of the past."""

    @property
    def has_no_origin(self) -> bool:
        """Whether responses moved by a constant give the same dictionary, its offset moved too."""
        return True

    @abstractmethod
    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Return the dictionary learned from ``x (n, p)``; called by ``fit``.

        Parameters
        ----------
        x : array of shape (n, p)
            Training responses, finite.
        rng : Generator
            For every random choice.
        log : Log
            Takes the history of the training and its warnings; reports progress.

        Returns
        -------
        Dictionary
            Its evidence is added by ``fit``.
        """

    @abstractmethod
    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return the dictionary that ``learn`` would start from.

        Parameters
        ----------
        x : array of shape (n, p)
            Training responses, finite.
        rng : Generator
            For every random choice.

        Returns
        -------
        Dictionary
            The control ``random_dictionary`` of a comparison.
        """


def known_methods() -> dict[str, type[Method]]:
    """Return every method that is defined now, by name: those of Unbraid and one's own.

    A class that is defined once more in the same place (a notebook's cell) replaces the first.

    Raises
    ------
    InputError
        Two classes of one name from different places: a saved dictionary names its method.
    """
    found: dict[str, type[Method]] = {}
    for kind in _subclasses(Method):  # type: ignore[type-abstract]
        other = found.setdefault(kind.__name__, kind)
        if (other.__module__, other.__qualname__) != (kind.__module__, kind.__qualname__):
            raise InputError(
                f"Two methods are called {kind.__name__}, in {other.__module__} and in "
                f"{kind.__module__}; rename one: saved dictionaries name their method."
            )
        found[kind.__name__] = kind
    return found


def parse_method(text: str) -> Method:
    """Read a method from text: its name in any case, or ``Name(option=value, ...)``.

    Parameters
    ----------
    text : str
        Such as ``"pursuit"`` or ``"TopK(k=8, expansion=2)"``.

    Returns
    -------
    Method
        The method with these options.

    Raises
    ------
    InputError
        No method of that name, with a suggestion; an option that it does not have.

    Examples
    --------
    >>> from unbraid.sparse import parse_method
    >>> parse_method("topk(k=8, expansion=2)").k
    8
    """
    kinds = {name: kind for name, kind in known_methods().items() if kind.can_learn}
    return cast(Method, parse_choice(text, kinds))


def rebuilt(described: Any) -> Method:
    """Return the method that ``describe`` wrote down, of a class that is defined now.

    Raises
    ------
    InputError
        Something else than what ``describe`` writes, or a name that no class has.
    """
    kinds = known_methods()
    name = described.get("name") if isinstance(described, Mapping) else None
    if not isinstance(name, str):
        raise InputError(f"A method is written as its name and options, got {shown(described)}.")
    if name not in kinds:
        raise InputError(
            f"No method called {shown(name)} is defined. If it is your own, define or import its "
            "class first; if not, a newer Unbraid may have it."
        )
    return cast(Method, choice_of(described, kinds))


def _subclasses(kind: type[Method]) -> Iterator[type[Method]]:
    """Yield every concrete class below ``kind``, in the order of their definition."""
    for below in kind.__subclasses__():
        if not inspect.isabstract(below):
            yield below
        yield from _subclasses(below)


def _read_option(value: Any) -> Any:
    """Read a method that is an option of another: from text, or from what ``describe`` wrote."""
    if isinstance(value, str):
        return parse_method(value)
    return rebuilt(value) if isinstance(value, Mapping) and "name" in value else value


MethodOption = Annotated[
    Method, BeforeValidator(_read_option), PlainSerializer(lambda method: method.describe())
]
"""A method as an option of another: written down in full, read back."""


def _read_named(value: Any) -> Any:
    if not isinstance(value, str | Method) and not (isinstance(value, dict) and "name" in value):
        raise InputError(
            f"method must be a method such as unbraid.TopK(k=32), or its name, got {value!r}"
        )
    return _read_option(value)


NamedMethod = Annotated[
    Any, BeforeValidator(_read_named), PlainSerializer(lambda method: method.describe())
]
"""The method of a main job: as ``MethodOption``; anything else is refused in a user's words."""


def width(n_latents: int | None, expansion: float, n_units: int) -> int:
    """Return the number of latents asked for: given, or ``expansion`` times the units."""
    return n_latents if n_latents is not None else max(1, round(expansion * n_units))


def active(k: int | None, n_latents: int, n_units: int, least: int = 1) -> int:
    """Return the latents per stimulus may use: given, or what ``n_units`` can distinguish.

    The default is the largest k up to 32 with ``n_units >= 2 k ln(n_latents / k)``, about where
    learned dictionaries begin to recover features.
    """
    if k is not None:
        return checked_k(k, n_latents)
    most = min(32, n_latents, max(1, n_units // 2))
    best = least
    for count in range(1, most + 1):
        if 2 * count * np.log(n_latents / count) > n_units:
            break
        best = max(best, count)
    return min(best, n_latents)


def checked_k(k: int, n_latents: int) -> int:
    """Return ``k`` where there are as many latents."""
    if k > n_latents:
        raise InputError(
            f"k must be at most the number of latents, {n_latents}, got {k}. Lower k, or ask for "
            "more latents."
        )
    return k


def check_device_of(method: Method, device: Any) -> None:
    """Refuse a device for a method that would make no use of it."""
    if device is not None and not method.on_device:
        raise InputError(
            f"{type(method).__name__} learns on the processor only, got device={device!r}: leave "
            "device out."
        )


def say_if_few(log: Log, n_stimuli: int, n_latents: int) -> None:
    """Leave a warning where there are too few stimuli for so many latents."""
    if n_stimuli < _FEW * n_latents:
        log.warnings.append(
            f"{n_stimuli} stimuli are few for {n_latents} latents: the dictionary may describe "
            "these stimuli only. Give more stimuli, ask for fewer latents, or use Auto()."
        )
