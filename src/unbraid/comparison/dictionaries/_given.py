"""Dictionaries given by the caller: opened, and checked against the responses to be encoded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unbraid import sparse
from unbraid.comparison._config import CompareConfig
from unbraid.errors import InputError
from unbraid.responses import Responses
from unbraid.sparse import Dictionary

_LOOKED = 512  # stimuli on which other scales are tried
_HALF = 0.5  # another scale is named if it reduces the error to this share
_POOR_GIVEN = 0.3  # below this share of variance unexplained no other scale is tried


@dataclass(frozen=True, eq=False, kw_only=True)
class Given:
    """The dictionaries of both systems, one per seed; none where a system has units only."""

    x: tuple[Dictionary, ...] = ()
    y: tuple[Dictionary, ...] = ()

    def __len__(self) -> int:
        return max(len(self.x), len(self.y))

    def pair(self, seed: int) -> tuple[Dictionary | None, Dictionary | None]:
        """Return the dictionaries of one seed; a single one is paired with each of the others."""
        x, y = (
            of[min(seed, len(of) - 1)] if len(of) in (1, len(self)) else None
            for of in (self.x, self.y)
        )
        return x, y


def check_no_dictionaries(x: Any, y: Any) -> None:
    """Refuse dictionaries in the place of the responses that they are compared on."""
    for name, value in (("x", x), ("y", y)):
        if isinstance(value, Dictionary):
            raise InputError(
                f"{name} must be responses, got a Dictionary. Two dictionaries are compared on the "
                "responses of both systems (or of one, twice): compare(x, y, dictionaries=(a, b))."
            )


def given_of(dictionaries: Any, config: CompareConfig) -> Given | None:
    """Open what was given as ``dictionaries``; None where nothing was."""
    if dictionaries is None:
        return None
    several = isinstance(dictionaries, Sequence) and not isinstance(dictionaries, str)
    if not several or len(dictionaries) != 2:
        what = f"{len(dictionaries)} entries" if several else type(dictionaries).__name__
        raise InputError(
            "dictionaries must be a pair, one for each system (None: units only), got "
            f"{what}; several of one system are a sequence within it: ([a, b], [c, d])."
        )
    usual = CompareConfig()
    for option in ("method", "seeds"):
        if getattr(config, option) != getattr(usual, option):
            raise InputError(
                f"{option} says how dictionaries are learned, and these are given: leave out "
                f"{option} or dictionaries."
            )
    x, y = (_opened(of, name) for of, name in zip(dictionaries, "xy", strict=True))
    if not x and not y:
        raise InputError("dictionaries must hold one for x or for y, got None for both.")
    if len({len(x), len(y)} - {0, 1}) > 1:
        raise InputError(
            "dictionaries must be as many for x as for y, or one for one of them, got "
            f"{len(x)} and {len(y)}."
        )
    return Given(x=x, y=y)


def _opened(given: Any, name: str) -> tuple[Dictionary, ...]:
    if given is None:
        return ()
    several = isinstance(given, Sequence) and not isinstance(given, str)
    found = []
    for one in given if several else [given]:
        if isinstance(one, str | Path):
            found.append(Dictionary.load(one))
        elif isinstance(one, Dictionary):
            found.append(one)
        else:
            raise InputError(
                f"dictionary of {name} must be a Dictionary or the path of one, got "
                f"{type(one).__name__}."
            )
    if not found:
        raise InputError(f"dictionaries of {name} must be at least one, or None, got none.")
    return tuple(found)


def check_given(given: Given, x: Responses, y: Responses) -> None:
    """Refuse a dictionary of other units than the responses have."""
    for name, of, responses in (("x", given.x, x), ("y", given.y, y)):
        for one in of:
            p = one.atoms.shape[1]
            if p != responses.shape[1]:
                other = y if name == "x" else x
                turned = (
                    " Were the two dictionaries given in the wrong order?"
                    if p == other.shape[1]
                    else ""
                )
                raise InputError(
                    f"The dictionary of {name} ({source_of(one)}) is for {p} units, and {name} has "
                    f"{responses.shape[1]}: give the responses of the layer that it was trained "
                    f"on.{turned}"
                )


def warnings_of_given(
    names: tuple[str, str],
    given: Given | None,
    scored: tuple[Responses, Responses],
    apart: bool,
    known: bool,
) -> list[str]:
    """Return what a reader must know of both systems' given dictionaries.

    ``known``: that they learned from the training responses alone.
    """
    if given is None:
        return []
    return [
        line
        for name, of, values in zip(names, (given.x, given.y), scored, strict=True)
        for line in _warnings_of(name, of, values, apart, known)
    ]


def _warnings_of(
    name: str, of: Sequence[Dictionary], scored: Responses, apart: bool, known: bool
) -> list[str]:
    found = []
    if of and not known:
        held = "if any is among those scored, what is unexplained is too low"
        found.append(
            f"{name}: the stimuli that the given "
            f"{'dictionaries' if len(of) > 1 else 'dictionary'} learned from are not known; "
            f"{held}, and so may scores be too high."
        )
        if not apart:
            found.append(
                f"{name}: no responses to learn from were given, so that controls are fitted "
                "to the stimuli that are scored, which favours them, and there is no frozen "
                "decoder or "
                "encoder; x_train and y_train, or train_share, give them."
            )
    for one in dict.fromkeys(of):
        found += [*_of_layer(name, one, scored), *_of_scale(name, one, scored)]
    return found


def source_of(dictionary: Dictionary) -> str:
    """Return what a dictionary is called: its file, or its method."""
    method = dictionary.method
    if isinstance(method, sparse.Imported):
        return f"{method.source or method.library}, {method.library} {method.architecture}"
    return type(method).__name__


def _of_layer(name: str, dictionary: Dictionary, scored: Responses) -> list[str]:
    """Return a line where the file names a layer that the responses are not of."""
    asked = getattr(dictionary.method, "layer", "")
    held = str(scored.made_by.get("layer", ""))
    if not asked or not held or _key(asked) == _key(held):
        return []
    numbers = [re.findall(r"\d+", said)[:1] for said in (asked, held)]
    if all(numbers) and numbers[0] == numbers[1]:
        return []  # blocks.5.hook_resid_post and layers.5: two names of one place
    return [
        f"{name}: the dictionary says that it was trained on {asked!r}, and the responses are of "
        f"{held!r}."
    ]


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _of_scale(name: str, dictionary: Dictionary, scored: Responses) -> list[str]:
    """Return a line where responses on another scale would be described much better."""
    values = scored.take(np.arange(min(len(scored), _LOOKED))).toarray().astype(np.float64)
    dictionary = dictionary.prepared(values)
    left = dictionary.fvu(values, dictionary.encode(values))
    length = float(np.linalg.norm(values, axis=1).mean())
    if left <= _POOR_GIVEN or not length > 0 or dictionary.transform != "none":
        return []
    p, spread = values.shape[1], values.std()
    tried = {
        "scaled to a mean length of sqrt(units)": values * (np.sqrt(p) / length),
        "scaled to a mean length of 1": values / length,
        "scaled to unit variance over all units": values / spread if spread > 0 else values,
        "minus their means": values - values.mean(axis=0),
        "standardised unit by unit": (values - values.mean(axis=0))
        / np.maximum(values.std(axis=0), 1e-12),
        "with each stimulus normalised (layer norm)": (values - values.mean(1, keepdims=True))
        / np.maximum(values.std(1, keepdims=True), 1e-12),
    }
    errors = {how: dictionary.fvu(made, dictionary.encode(made)) for how, made in tried.items()}
    best = min(errors, key=lambda how: errors[how])
    if errors[best] < _HALF * min(left, 1.0):
        return [
            f"{name}: the dictionary leaves {left:.0%} of the variance unexplained, and "
            f"{errors[best]:.0%} of responses {best}: was it trained on such responses? Give "
            "them in that form (load_foreign has scale=)."
        ]
    if left >= 1:
        return [
            f"{name}: the dictionary describes these responses no better than their mean "
            f"({left:.0%} unexplained): does it belong to this layer, and to responses on this "
            "scale?"
        ]
    return []
