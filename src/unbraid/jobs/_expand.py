"""The blocks of a sweep: a base, and what varies over it, written out option by option."""

from __future__ import annotations

import difflib
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from unbraid._config import shown
from unbraid.errors import InputError

BLOCKS = ("base", "grid", "zip", "list")
_MOST_BLOCKS = 1_000_000  # jobs: a plan of more is a mistake, and would not fit into memory


def expand(blocks: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the options of every job, in the order in which the blocks are read.

    Jobs are every item of ``list``, with every row of ``zip``, with every combination of ``grid``
    (its last option varies fastest), each over ``base``.

    Parameters
    ----------
    blocks : mapping
        ``base``: options of all jobs. ``grid``: option -> list of values. ``zip``: option -> list
        of values, all of one length, which change together. ``list``: list of options.

    Raises
    ------
    InputError
        A block of another form; an option in two blocks, so that one of them would not count; more
        than a million jobs.

    Examples
    --------
    >>> expand({"base": {"seed": 0}, "grid": {"k": [1, 2]}, "list": [{"x": "a"}, {"x": "b"}]})
    [{'seed': 0, 'x': 'a', 'k': 1}, {'seed': 0, 'x': 'a', 'k': 2}, \
{'seed': 0, 'x': 'b', 'k': 1}, {'seed': 0, 'x': 'b', 'k': 2}]
    """
    base, grid = (_mapping(blocks, name) for name in ("base", "grid"))
    rows, items = _rows(_mapping(blocks, "zip")), _items(blocks.get("list"))
    _check_apart(base, grid, rows, items)
    for option, values in grid.items():
        _check_values(values, f"grid: {option}")
    count = len(rows) * len(items) * math.prod(len(values) for values in grid.values())
    if count > _MOST_BLOCKS:
        raise InputError(
            f"The sweep stands for {count:.2g} jobs; at most {_MOST_BLOCKS:.0g} are run."
        )
    return list(_jobs(base, grid, rows, items))


def unknown(name: str, known: Iterable[str], what: str) -> InputError:
    """Return the error for a name that nothing has, with a suggestion for a misspelling."""
    names = list(known)
    close = difflib.get_close_matches(str(name), names, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(names)}."
    return InputError(f"{what} has no {shown(name)}{hint}")


def _jobs(base: dict, grid: dict, rows: list[dict], items: list[dict]) -> Iterator[dict[str, Any]]:
    for item, row in itertools.product(items, rows):
        for values in itertools.product(*grid.values()):
            yield base | item | row | dict(zip(grid, values, strict=True))


def _mapping(blocks: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = blocks.get(name)
    if found is None:
        return {}
    if not isinstance(found, Mapping) or not all(isinstance(key, str) for key in found):
        raise InputError(f"{name} must hold 'option: value' lines, got {shown(found)}.")
    return dict(found)


def _rows(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of ``zip``; one empty row where there is no such block."""
    lengths = {}
    for option, values in columns.items():
        _check_values(values, f"zip: {option}")
        lengths[option] = len(values)
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{option} {length}" for option, length in lengths.items())
        raise InputError(f"Options of zip change together: lists of one length, got {told}.")
    if not columns:
        return [{}]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _items(items: Any) -> list[dict[str, Any]]:
    if items is None:
        return [{}]
    if not isinstance(items, list) or not items:
        raise InputError(f"list must hold one or more sets of options, got {shown(items)}.")
    return [_mapping({"list": item}, "list") if item is not None else {} for item in items]


def _check_values(values: Any, where: str) -> None:
    if not isinstance(values, list) or not values:
        raise InputError(f"{where} must be a list of one or more values, got {shown(values)}.")


def _check_apart(base: dict, grid: dict, rows: list[dict], items: list[dict]) -> None:
    """Refuse an option given twice, of which one value would never count."""
    listed = {option for item in items for option in item}
    always = {option for option in listed if all(option in item for item in items)}
    pairs = [
        ("grid", set(grid), "zip", set(rows[0])),
        ("grid", set(grid), "list", listed),
        ("zip", set(rows[0]), "list", listed),
        ("base", set(base), "grid", set(grid)),
        ("base", set(base), "zip", set(rows[0])),
        ("base", set(base), "every item of list", always),
    ]
    for one, names, other, others in pairs:
        for option in sorted(names & others):
            raise InputError(f"Option {option!r} is given in {one} and in {other}; leave one out.")
