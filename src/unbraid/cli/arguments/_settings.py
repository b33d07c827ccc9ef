"""What a command was asked, in words or in the file of `--config`; and how files are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unbraid.errors import InputError

FILE_OPTIONS = ("stimuli", "axes", "time", "select", "trials", "load")
"""What says how a file of responses is read; every command that takes such files has these."""
_FLAGS = ("trials", "common")
_SEVERAL = (
    "stimuli", "axes", "time", "select", "load", "dictionary_x", "dictionary_y", "names",
)  # fmt: skip
_PATHS = (
    "x_train", "y_train", "x_untrained", "y_untrained", "features", "features_train", "groups",
    "pictures", "dictionary_x", "dictionary_y", "embeddings", "labels", "train",
    "tokens", "parts", "parts_x", "parts_y",
)  # fmt: skip


def settled(config: Path | None, given: Mapping[str, Any], known: bool = False) -> dict[str, Any]:
    """Return the options of a command: as given, else as the file of ``--config`` says.

    ``known``: whether the file may hold nothing else.
    """
    from unbraid._config import check_known, read_yaml  # heavy: not at import

    own = {} if config is None else read_yaml(config)
    own = {} if own is None else own
    if not isinstance(own, dict):
        raise InputError(f"{config} must hold 'option: value' lines, got {type(own).__name__}.")
    if known and config is not None:
        check_known(config, own, list(given))
    return {
        name: _as_given(f"{config}: {name}", name, own[name])
        if (value is None or value is False or value == []) and own.get(name) is not None
        else value
        for name, value in given.items()
    }


def _as_given(where: str, name: str, value: Any) -> Any:
    """Return an entry of a file as the command line would have given it."""
    if name in _FLAGS:
        if not isinstance(value, bool):
            raise InputError(f"{where} must be true or false, got {value!r}.")
        return value
    if name == "seed":
        if isinstance(value, bool) or not isinstance(value, int):
            raise InputError(f"{where} must be a whole number, got {value!r}.")
        return value
    if name == "load" and isinstance(value, dict):  # window: [0, 1]
        value = [f"{key}={json.dumps(one)}" for key, one in value.items()]
    kind: type[Path] | type[str] = Path if name in _PATHS else str
    values: Any = value if isinstance(value, list) and name in _SEVERAL else [value]
    if not values or not all(isinstance(one, str) for one in values):
        several = ", or a list of them" if name in _SEVERAL else ""
        raise InputError(f"{where} must be text{several}, got {value!r}.")
    found = [kind(one) for one in values]
    return found if name in _SEVERAL else found[0]


def selection(text: str) -> dict[str, str]:
    """Return what ``layer=conv5,region=IT`` selects."""
    found = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise InputError(
                f"--select must be COORDINATE=VALUE, several between commas, got {text!r}."
            )
        found[name.strip()] = value.strip()
    return found
