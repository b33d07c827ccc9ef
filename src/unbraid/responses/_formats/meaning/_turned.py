"""Whether a file says that a matrix's rows are units: names of its axes, names along an axis."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._formats.meaning._axes import check_dimensions
from unbraid.responses._formats.meaning._entry import Entry, last_of
from unbraid.responses._formats.tables._columns import names_units

_TELLS = {"axes", "axis", "dims", "dim", "dimensions", "dimension"}  # what names the axes
_BESIDE = {"names", "name", "labels", "order", "layout"}  # dim_order, axis labels
_STIMULI = re.compile(r"(stim|stimuli|stimulus|image|img|picture|trial|presentation|condition)s?"
                      r"(_?(ids?|names?|labels?|nr|no|numbers?|index|paths?|files?))?")  # fmt: skip


def check_turned(
    where: str,
    shape: tuple[int, ...],
    told: Iterable[tuple[str, Any]],
    beside: Mapping[str, Entry],
    axes: str | None,
) -> None:
    """Refuse an array whose file says that its rows are no stimuli, unless ``axes`` are given.

    ``told`` are the attributes of the array and of what it stands in, ``beside`` the other arrays
    there.
    """
    if axes is not None:
        return
    for name, value in told:
        check_dimensions(where, dimensions_in(name, value, len(shape)), axes)
    for path, entry in beside.items():
        name = last_of(path)
        if entry.dtype.kind in "SUTO" and entry.size in (1, len(shape)) and _tells(name):
            held: Any = ()
            with suppress(InputError):  # objects that are not read
                held = entry.read()
            check_dimensions(where, dimensions_in(name, held, len(shape)), axes)
        if len(shape) == 2 and shape[0] != shape[1]:
            _check_along(where, shape, path, max(entry.shape, default=0), entry.size)


def _check_along(where: str, shape: tuple[int, ...], path: str, side: int, size: int) -> None:
    """Refuse names of units that are as many as the rows, and names of stimuli as the columns."""
    name = last_of(path)
    plain = re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
    units, stimuli = names_units(name), bool(_STIMULI.fullmatch(plain))
    if side != size or side < 2 or not ((units and side == shape[0]) or
                                        (stimuli and side == shape[1])):  # fmt: skip
        return
    what = f"rows are as many as its {path}" if units else f"columns are as many as its {path}"
    raise InputError(
        f"{where} has shape {shape}, and its {what}: if rows are units, say "
        f'axes="units stimuli", else axes="stimuli units".'
    )


def dimensions_in(name: str, value: Any, rank: int) -> list[str]:
    """Return the names of an array's axes where an item of this name says them, else nothing.

    A list of ``rank`` texts, or one text such as "units x stimuli" or "neuron,trial".
    """
    if not _tells(name):
        return []
    held = np.ravel(np.asarray(value, dtype=object)).tolist()
    found = [v.decode("latin1") if isinstance(v, bytes) else v for v in held]
    if not found or not all(isinstance(f, str) for f in found):
        return []
    if len(found) == 1:
        parts = re.split(r"[^\w]+", found[0])
        found = [part for part in parts if part not in ("", "x", "by")]
    return found if len(found) == rank else []


def _tells(name: str) -> bool:
    words = set(re.findall("[a-z]+", re.sub("([a-z])([A-Z])", r"\1 \2", name).lower()))
    return bool(words & _TELLS) and words <= _TELLS | _BESIDE
