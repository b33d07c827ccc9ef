"""What the columns of a table are, by their names: units, or other information."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unbraid.errors import InputError
from unbraid.responses._said import changes_meaning

_NUMBER = r"(id|ids|name|names|label|labels|nr|no|num|number|index|idx)"
_UNIT = re.compile(
    r"(neuroid|neuron|unit|cell|voxel|vertex|roi|parcel|channel|electrode|site|gene|tetrode|probe)"
    rf"s?(_{_NUMBER})?"
)
_BESIDE = re.compile(
    r"(time|times|timestamp|timestamps|date|datetime|onset|offset|duration|latency|frame|frames|"
    r"sample|samples|tr|volume|scan|trial|trials|index|subject|session|run|block|epoch|fold|"
    r"label|labels|class|category|target|spike_times?)(_(nr|no|num|number|index|idx|ms|us|s|sec|seconds|min|start|"
    r"stop|end|type))*"
)
_STIMULUS = re.compile(
    r"(t|tp|time|timepoint|frame|volume|vol|scan|sample|bin|stim|stimulus|image|img|picture|trial)"
    r"_?\d+"
)
_ABOUT = re.compile(  # what is said of a response, or of a row
    r"(.+_)?(sem|std|stdev|stderr|se|sd|p_?val|p_?value|q_?val|q_?value|ci_?(low|high|lower|upper)|"
    r"weights?)|scale_factor|gain|offset|baseline"
)
_MARKS = {"0", "1", "0.0", "1.0", "true", "false"}
_MOST, _FEWEST = 0.9, 3  # columns with such names: their share, and how many


def check_columns(path: Path, names: Sequence[str], ids: str | None, chosen: bool) -> None:
    """Refuse a table whose rows are units, or pairs of stimulus and unit; warn of other columns.

    ``names`` are the columns besides the one of ``ids``; ``chosen``: the caller named the units.
    """
    if ids is not None and names_units(ids):
        raise InputError(
            f"{path}: its rows are named by {ids!r}, like units: say axes='units stimuli', or "
            f"stimuli={ids!r} if they are stimuli."
        )
    if chosen:
        return
    units = [name for name in names if names_units(name)]
    if units and len(names) > 1:
        remedy = f"table.pivot(index={ids!r}, columns={units[0]!r}, values=...)"
        raise InputError(
            f"{path}: column {units[0]!r} names units, which are columns here"
            + (f": give one row per stimulus, {remedy}." if ids else "; turn the table, or say ")
            + ("" if ids else f"stimuli={units[0]!r} with axes='units stimuli'.")
        )
    plain = [_plain(name) for name in names]
    if {"onset", "duration"} <= set(plain):
        _warn(f"{path} looks like a table of events (onset, duration), not of responses: give it "
              "as events= of the recording.")  # fmt: skip
        return
    beside = [
        name
        for name, text in zip(names, plain, strict=True)
        if _BESIDE.fullmatch(text) or _ABOUT.fullmatch(text)
    ]
    turned = [name for name, text in zip(names, plain, strict=True) if _STIMULUS.fullmatch(text)]
    if beside:
        _warn(f"{path}: {', '.join(map(repr, beside[:4]))} {'are' if len(beside) > 1 else 'is'} "
              "taken for a unit by its column. If it is none, say which columns are: "
              "values='unit*'.")  # fmt: skip
    elif len(turned) >= max(_FEWEST, _MOST * len(names)):
        _warn(f"{path}: columns have names like stimuli or frames ({turned[0]!r}, ...). If rows "
              "are units, say axes='units stimuli'.")  # fmt: skip


def check_flags(path: Path, table: Any) -> None:
    """Refuse a column that marks rows (valid, excluded, ...): it is no unit, and not applied."""
    for name in table.columns:
        if changes_meaning(name, True) and {str(cell).lower() for cell in table[name]} <= _MARKS:
            raise InputError(
                f"{path}: column {name!r} marks rows, which could change what is to be read. Drop "
                "those rows, or say which columns are units: values='unit*'."
            )


def names_units(name: str) -> bool:
    """Return whether a column or an index of this name holds names of units."""
    return bool(_UNIT.fullmatch(_plain(name)))


def _plain(name: str) -> str:
    """Return a column's name in small letters, its words joined by underscores."""
    words = re.sub(r"([a-z])([A-Z])", r"\1_\2", name)
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def _warn(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=5)
