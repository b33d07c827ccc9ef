"""The tokens of texts whose rows are tokens, so that a page can show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from unbraid.errors import InputError
from unbraid.responses._files import check_file, parse_json
from unbraid.responses.labelled._parts import parts_of


def tokens_by_id(tokens: Any, stimuli: Any) -> Callable[[int], list[str]]:
    """Return what gives the tokens of a stimulus by its place, or of the text it is a token of.

    Parameters
    ----------
    tokens : mapping of text id to list of str, list of lists, or path of a JSON file of either
        A list is that of the texts 0, 1, ..., as ``record`` numbers them.
    stimuli : sequence of n ids
        Of rows that are texts, or tokens (``TEXT@NUMBER``, as ``Positions`` gives them).

    Returns
    -------
    function of a place to a list of str
        All tokens of the text.

    Raises
    ------
    InputError
        A text without tokens, or with fewer than its rows number; a file that is no such JSON.

    Examples
    --------
    >>> tokens_by_id([["the", "cat"], ["a", "dog"]], ["0@0", "0@1", "1@1"])(2)
    ['a', 'dog']
    """
    if isinstance(tokens, str | Path):
        tokens = _read(Path(tokens))
    listed = tokens if isinstance(tokens, Mapping) else dict(enumerate(tokens))
    found = {str(id): [str(each) for each in words] for id, words in listed.items()}
    if stimuli is None:
        raise InputError("tokens are matched by stimulus id, and there are no ids.")
    parts = parts_of(stimuli)
    wholes = [str(each) for each in (stimuli if parts is None else parts.names[parts.whole])]
    least = [0] * len(wholes) if parts is None else (parts.position + 1).tolist()
    for whole, count in zip(wholes, least, strict=True):
        if len(found.get(whole, ())) < max(count, 1):
            came = f"{len(found[whole])} of text {whole!r}" if whole in found else "none"
            raise InputError(
                f"tokens must hold {max(count, 1)} or more of text {whole!r}, got {came}."
            )
    return lambda place: found[wholes[place]]


def _read(path: Path) -> Any:
    check_file(path)
    found = None
    with suppress(InputError):
        found = parse_json(path.read_bytes(), str(path))
    texts = list(found.values()) if isinstance(found, dict) else found
    if not isinstance(texts, list) or not all(
        isinstance(text, list) and all(isinstance(each, str) for each in text) for text in texts
    ):
        raise InputError(
            f"{path} must be JSON: a list of lists of tokens, or such lists by the ids of texts."
        )
    return found
