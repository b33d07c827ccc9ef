"""Files as a command takes them: one array of many, its axes and ids; messages in its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from unbraid.cli.arguments._readers import reader_options
from unbraid.cli.arguments._settings import FILE_OPTIONS, selection
from unbraid.cli.arguments._texts import names_texts, texts_of
from unbraid.errors import InputError

_AS_IT_STANDS = "-"  # given for one of several files: nothing is said of this one
_OPTIONS = ("x_train", "y_train", "x_untrained", "y_untrained", "features_train")


def file_options(
    asked: Mapping[str, Any], paths: Sequence[Path], beside: Mapping[str, Path | None] | None = None
) -> list[dict[str, Any]]:
    """Return what each file is read with: an option once for all of them, or once for each.

    ``beside``: files that other options name (``--features``). Those that are given follow in the
    list; an option is theirs where it is given for each of the files, and then once more.
    """
    more = {option: path for option, path in (beside or {}).items() if path is not None}
    found = reader_options(asked["load"] or [], paths, more)
    for name in (option for option in FILE_OPTIONS if option != "load"):
        values = asked[name]
        if not values:
            continue
        values = values if isinstance(values, list) else [values]
        if len(values) not in (1, len(paths), len(found)):
            raise InputError(
                f"--{name} is given {_how_often(len(paths), list(more))}, got {len(values)}."
            )
        each = values if len(values) > 1 else values * len(paths)
        for own, value in zip(found, each, strict=False):
            if value != _AS_IT_STANDS:
                own[name] = selection(value) if name == "select" else value
    return found


def _how_often(files: int, more: Sequence[str]) -> str:
    each = {1: "once", 2: "once for both, or once for each"}.get(
        files, f"once for all, or once for each of the {files} files"
    )
    return each + (f", then once for {' and '.join(more)}" if more else "")


def read_each(
    paths: Sequence[Path], options: Sequence[Mapping[str, Any]], asked: Mapping[str, Any]
) -> list[Any]:
    """Return the responses of several files; an error says which options were for all of them."""
    once = [
        f"--{name}"
        for name in FILE_OPTIONS
        if isinstance(asked[name], list) and len(asked[name]) == 1 and name != "load"
    ]
    try:
        return [read(path, own) for path, own in zip(paths, options, strict=True)]
    except InputError as error:
        if not once or len(paths) < 2:
            raise
        raise InputError(
            f"{error} ({' and '.join(once)}, given once, {'is' if len(once) == 1 else 'are'} for "
            "all files; '-' in place of a value leaves a file as it stands.)"
        ) from None


def read(path: Path, options: Mapping[str, Any]) -> Any:
    """Return the responses of ``FILE`` or ``FILE::NAME``; ids may stand in a file of texts."""
    from unbraid import responses

    own = dict(options)
    ids = own.get("stimuli")
    if not names_texts(ids):
        return responses.load_plainly(path, **own)
    del own["stimuli"]
    trials = own.pop("trials", False)
    found, names = responses.load_plainly(path, **own), texts_of(Path(str(ids)), "--stimuli")
    if len(names) != len(found):
        raise InputError(f"--stimuli {ids} has {len(names)} lines, and {path} {len(found)} rows.")
    if trials and found.repeats is None:
        return responses.from_trials(found.values, names, units=found.units, made_by=found.made_by)
    if len(set(names)) < len(names):
        raise InputError(
            f"--stimuli {ids} names {len(names) - len(set(names))} rows more than once; if rows of "
            "one name are repeats, say --trials."
        )
    return replace(found, stimuli=names)


def judge_of(embeddings: Path | None, labels: Path | None) -> Any:
    """Return what says which stimuli are alike; None where neither was given."""
    from unbraid import interpret

    if embeddings is not None and labels is not None:
        raise InputError("One judge is asked for: give --embeddings or --labels.")
    if embeddings is not None:
        return interpret.embeddings(read(embeddings, {}))
    return None if labels is None else labels_judge(labels)


def labels_judge(path: Path) -> Any:
    """Return the labels of a .txt, one per line, or of a column of a table: ``t.csv::column``."""
    from unbraid import interpret

    if "::" in str(path):
        return interpret.labels(texts_of(path, "--labels"))
    return interpret.read_labels(path)


def check_tokens(path: Path | None, system: Any) -> None:
    """Refuse a file of tokens that are not those of a system's texts; None is none."""
    from unbraid import responses

    if path is not None:
        responses.tokens_by_id(path, system.stimuli)


def parts_for(system: Any, path: Path | None, option: str) -> Any:
    """Return the responses to parts of a system's stimuli, or its own trials; None without both."""
    from unbraid import responses

    if path is None:
        return None if getattr(system, "repeats", None) is None else system
    found = read(path, {})
    if found.shape[1] != system.shape[1]:
        raise InputError(
            f"{option} must be of the same layer, {system.shape[1]} units, got {found.shape[1]}."
        )
    if found.repeats is None and responses.parts_of(found.stimuli) is None:
        raise InputError(
            f"{option} must have rows STIMULUS@NUMBER, as unbraid record --units 'Positions()' "
            "gives them, or repeats."
        )
    return found


@contextmanager
def asked_of_a_command() -> Iterator[None]:
    """Let errors name the options of the command line, where Python's were named."""
    try:
        yield
    except InputError as error:
        raise InputError(in_words_of_a_command(str(error))) from None


def in_words_of_a_command(text: str) -> str:
    """Return a message with ``x_train`` as ``--x-train``, ``train_share`` as ``--set ...``."""
    for name in _OPTIONS:
        text = re.sub(rf"(?<![\w.-]){name}\b(?!=)", f"--{name.replace('_', '-')}", text)
    text = re.sub(r"\btrain_share\b(?!=)", "--set train_share=SHARE", text)
    text = re.sub(r"\bdictionaries must", "--dictionary-x and --dictionary-y must", text)
    text = re.sub(r"\bThe dictionary of ([xy])\b", r"--dictionary-\1", text)
    return re.sub(r"(leave out \S.*?) or dictionaries\b", r"\1 or --dictionary-x and -y", text)
