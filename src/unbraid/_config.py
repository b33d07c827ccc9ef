"""Frozen configurations: the only place where an option is declared, checked and stored."""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import reprlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar, get_args

import pydantic
import yaml

from unbraid._documented import documented_options
from unbraid._validate import check_count
from unbraid.errors import InputError


class Config(pydantic.BaseModel):
    """Base of every choice: frozen, strict about names, stored as given."""

    model_config = pydantic.ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        documented_options(cls)

    def __new__(cls, *by_place: Any, **_: Any) -> Self:
        """Refuse options that are given by place: their order says nothing."""
        if by_place:
            raise InputError(
                f"{cls.__name__} takes its options by name, got {shown(by_place[0])} without one; "
                f"it has {_names(cls)}."
            )
        return super().__new__(cls)

    def __init__(self, /, **options: Any) -> None:
        try:
            super().__init__(**options)
        except pydantic.ValidationError as error:
            raise InputError(_one_line(type(self), error)) from None

    def describe(self) -> dict[str, Any]:
        """Return the class's name and every option, as plain JSON data."""
        return {"name": type(self).__name__, **self.model_dump(mode="json")}

    def fingerprint(self) -> str:
        """Return 12 hexadecimal digits that name this exact choice."""
        return fingerprint(self.describe())

    def with_options(self, overrides: Sequence[str]) -> Self:
        """Return a copy with ``key=value`` overrides applied, values read as YAML."""
        options: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        given = set()
        for item in overrides:
            key, equals, text = item.partition("=")
            if not equals:
                raise InputError(f"An override is written key=value, got {shown(item)}.")
            name, plain = key.strip(), text.strip()
            if name in given:
                raise InputError(f"{shown(name)} is set twice; which one counts?")
            given.add(name)
            field = type(self).model_fields.get(name)
            a_path = field is not None and Path in get_args(field.annotation)
            if a_path and plain not in ("", "null") and plain[0] not in "'\"":
                options[name] = plain  # a folder's name is no YAML
            else:
                what = f"the value of {shown(name)}"
                value = parse_value(text, what)
                if _is_text(field) and value is not None:
                    value = _words(value, yaml.compose(text, Loader=yaml.SafeLoader))
                options[name] = value
        return type(self)(**options)


def fingerprint(data: Any) -> str:
    """Return 12 hexadecimal digits that name plain JSON data."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


C = TypeVar("C", bound=Config)
_LARGEST = 1_000_000  # characters of options; aliases of aliases reach any number


def load(kind: type[C], path: Path | None, overrides: Sequence[str] = ()) -> C:
    """Read a configuration from YAML, then apply ``key=value`` overrides."""
    return kind(**read(kind, path)).with_options(overrides)


def configured(kind: type[C], config: C | None, options: dict[str, Any]) -> C:
    """Return the options of a main job: given as one object, or one by one."""
    if config is None:
        return kind(**options)
    if options:
        raise InputError("Give either config or single options, not both.")
    if not isinstance(config, kind):
        a = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise InputError(
            f"config must be {a} {kind.__name__}, got {type(config).__name__}. Give options one by "
            "one as keywords, e.g. method=TopK(k=8), seeds=3."
        )
    return config


def read(kind: type[Config], path: Path | None, beside: Collection[str] = ()) -> dict[str, Any]:
    """Return the options in a YAML file, or in what ``describe`` wrote; none without a file.

    ``beside``: names that the file may hold too, and that are left out.
    """
    if path is None:
        return {}
    text = _text_of(path, f"a YAML file of {kind.__name__} options")
    options = parse_value(text, str(path))
    options = {} if options is None else options
    options = _with_texts(kind, options, text) if isinstance(options, dict) else options
    if not isinstance(options, dict):
        raise InputError(f"{path} must hold 'option: value' lines, got {type(options).__name__}.")
    name = options.pop("name", kind.__name__)
    if name != kind.__name__:
        raise InputError(f"{path} holds options of {name}, expected those of {kind.__name__}.")
    if beside:
        check_known(path, options, [*kind.model_fields, *beside, "seed"])
    return {str(key): value for key, value in options.items() if key not in beside}


def check_known(path: Path, options: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse an entry of a file that means nothing, with what it may have been meant to be."""
    for key in options:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"it may hold {', '.join(known)}."
            raise InputError(f"{path} has an unknown option {shown(key)}; {hint}")


def load_seeded(
    kind: type[C],
    path: Path | None,
    overrides: Sequence[str],
    seed: int | None,
    beside: Collection[str] = (),
    **given: Any,
) -> tuple[C, int]:
    """Return the options of a YAML file or a run's config.json, and the seed, else the file's.

    Options ``given`` beside the file come before its own; one that is None is not given.
    ``beside``: names that the file may hold too, for others to read.
    """
    options = read(kind, path, beside)
    own = options.pop("seed", 0)
    if own is None and seed is None:
        raise InputError(f"{path} was made by a generator, not by a seed: give a seed.")
    seed = own if seed is None else seed
    check_count(seed, "seed")
    options |= {name: value for name, value in given.items() if value is not None}
    return kind(**options).with_options(overrides), seed


def read_yaml(path: Path) -> Any:
    """Return what a YAML file holds; tags, long aliases and options given twice are refused."""
    return parse_value(_text_of(path, "a YAML file"), str(path))


def _text_of(path: Path, wanted: str) -> str:
    if not path.is_file():
        raise InputError(f"{path} is not a file; give {wanted}.")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as UTF-8 text: {error}.") from None


def _with_texts(kind: type[Config], options: dict, text: str) -> dict:
    """Return options of which those that are text are as they were written."""
    texts = [key for key in options if _is_text(kind.model_fields.get(str(key)))]
    if not texts:
        return options
    tree: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    written = {key.value: value for key, value in tree.value}
    return options | {key: _words(options[key], written[key]) for key in texts if key in written}


def _is_text(field: Any) -> bool:
    """Return whether an option is text, or a list of texts, and nothing else."""
    kinds = [] if field is None else [field.annotation]
    while any(get_args(kind) for kind in kinds):
        kinds = [part for kind in kinds for part in get_args(kind) or (kind,)]
    return bool(kinds) and set(kinds) <= {str, type(None), Ellipsis} and str in kinds


def _words(value: Any, node: Any) -> Any:
    """Return text as it was written where YAML made a number, a date or a truth of it."""
    if isinstance(value, list):
        return [_words(one, part) for one, part in zip(value, node.value, strict=True)]
    return value if value is None or isinstance(value, str | dict) else node.value


def parse_value(text: str, name: str) -> Any:
    """Return what YAML or a value on the command line means: a number, a list, a flag, or text."""
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        size = _expanded(tree, {})
        if size > _LARGEST:
            raise InputError(
                f"{name} stands for {size:.2g} characters once its aliases (*name) are replaced; "
                f"options have at most {_LARGEST:.0g}."
            )
        return yaml.safe_load(text)
    except RecursionError:
        raise InputError(f"{name} is nested too deeply.") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: an impossible date
        raise InputError(f"{name} is not YAML: {str(error).splitlines()[0]}.") from None


def _expanded(node: yaml.Node | None, sizes: dict[int, float]) -> float:
    """Return the characters of a document with its aliases replaced; infinite for a circle."""
    if node is None or isinstance(node, yaml.ScalarNode):
        return 1.0 if node is None else 1.0 + len(node.value)
    if id(node) not in sizes:
        sizes[id(node)] = math.inf  # what is met again within itself
        inner = node.value
        if isinstance(node, yaml.MappingNode):
            inner = [part for pair in node.value for part in pair]
            _check_keys(key.value for key, _ in node.value)
        sizes[id(node)] = 1.0 + sum(_expanded(part, sizes) for part in inner)
    return sizes[id(node)]


def _check_keys(keys: Iterable[Any]) -> None:
    plain = [key for key in keys if isinstance(key, str)]
    for key in plain:
        if plain.count(key) > 1:
            raise InputError(f"Option {shown(key)} is given twice; which one counts?")


def shown(value: Any) -> str:
    """Return a value as a message shows it, on a hundred characters at most."""
    short = reprlib.Repr()
    short.maxlevel, short.maxstring, short.maxother = 2, 80, 80
    text = short.repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _one_line(kind: type[Config], error: pydantic.ValidationError) -> str:
    """Say the first fault of a configuration in one line, with a suggestion for a misspelling."""
    name = kind.__name__
    name = name.removesuffix("Config").lower() if name.endswith("Config") else name
    fault = error.errors()[0]
    option = ".".join(str(part) for part in fault["loc"])
    option = option if len(option) <= 80 else f"{option[:77]}..."
    if fault["type"] == "extra_forbidden":
        close = difflib.get_close_matches(option, kind.model_fields, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; it has {_names(kind)}."
        return f"{name} has no option {option!r}{hint}"
    if fault["type"] == "missing":
        return f"{name} needs the option {option!r}."
    message = fault["msg"].removeprefix("Value error, ")
    where = f" {option!r}" if option else ""
    came = "" if fault["type"] == "value_error" else f", got {shown(fault['input'])}"
    line = f"{name}{where}: {message}{came}"
    return line if line.endswith((".", "?")) else f"{line}."


def _names(kind: type[Config]) -> str:
    return ", ".join(kind.model_fields)
