"""What a source says: each item is used, refused by name, or reported; none is ignored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from unbraid.errors import InputError

UNREAD = "unread"
"""Key of ``made_by`` under which a reader lists what it did not use."""

_MOST_NAMES = 40  # of what was not read, in a report that people read
_FACTORS = {"scale", "scaling", "slope", "gain", "conversion", "multiplier"}
_FLAGS = {
    "offset", "intercept", "imaginary", "complex", "sparse", "masked", "mask", "transposed",
    "transpose", "fortran", "quantized", "quantised", "quantization", "unsigned", "packed",
    "packing", "reversed", "endian", "endianness", "byteorder", "swapped",
    "encoding", "encoded", "layout", "invalid", "missing", "fill", "nodata", "sentinel", "dtype",
    "valid", "calendar", "orientation", "exclude", "excluded", "reject", "rejected", "bad",
    "outlier", "outliers", "artifact", "artifacts", "artefact", "artefacts", "discard", "discarded",
    "exponent", "divisor", "quantum", "cumulative", "inverted", "flipped",
}  # fmt: skip
_JOINED = ("scalefactor", "addoffset", "fillvalue", "missingvalue", "nanvalue", "nodata",
           "zeropoint", "colmajor", "columnmajor", "rowmajor", "logscale", "logtransform",
           "byteorder", "log10", "log2")  # fmt: skip
_NEUTRAL = {"", "none", "no", "false", "null", "c", "utf-8", "utf8", "little", "linear"}
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


class Said:
    """Items (attributes, settings, tensors) that one source holds, each to be accounted for.

    A reader takes what it uses; ``settle`` refuses what is left and could change what the numbers
    mean, and returns the names of the rest, which the reader reports (``report``).

    Parameters
    ----------
    where : str
        File, and the array in it: begins each message.
    items : mapping of names to values
        Everything that the source says.

    Examples
    --------
    >>> said = Said("x.h5: rates", {"encoding-type": "array", "lab": "mine", "scale_factor": 1})
    >>> said.take("encoding-type")
    'array'
    >>> said.settle()
    ['lab', 'scale_factor']
    """

    def __init__(self, where: str, items: Mapping[str, Any]) -> None:
        self.where = where
        self._left = dict(items)

    def take(self, name: str, default: Any = None) -> Any:
        """Return an item's value; the reader uses it, so that it is accounted for."""
        return self._left.pop(name, default)

    def skip(self, *patterns: str) -> None:
        """Drop items that say nothing about the numbers; ``*`` and ``?`` as in file names."""
        for name in [n for n in self._left if any(fnmatchcase(n, p) for p in patterns)]:
            del self._left[name]

    def settle(self, *, strict: bool = False, kind: str = "attribute") -> list[str]:
        """Refuse what could change the numbers' meaning (strictly: everything left).

        Raises
        ------
        InputError
            Names the first such item, with its value.
        """
        for name, value in self._left.items():
            if strict or changes_meaning(name, value):
                raise InputError(
                    f"{self.where} has the {kind} {_short(name)}={_short(value)}, which could "
                    "change what its numbers mean and is not read. Apply it and save the result "
                    "without it."
                )
        return sorted(_short(name) for name in self._left)


def changes_meaning(name: str, value: Any) -> bool:
    """Return whether an item of this name could change what the numbers beside it mean."""
    words = {word.lower() for word in _WORDS.findall(str(name))}
    joined = re.sub("[^a-z0-9]", "", str(name).lower())
    factor = bool(words & _FACTORS) or "scalefactor" in joined
    if not factor and not words & _FLAGS and not any(w in joined for w in _JOINED):
        return False
    plain = value.tolist() if hasattr(value, "tolist") else value
    plain = plain.decode("latin1") if isinstance(plain, bytes) else plain
    if isinstance(plain, list) and plain and all(p == plain[0] for p in plain):
        plain = plain[0]
    if isinstance(plain, str):
        plain = plain.strip().lower()
        if plain in _NEUTRAL:
            return False
        with suppress(ValueError):  # "1" says what 1 does
            plain = float(plain)
    if isinstance(plain, str):
        return True
    if isinstance(plain, bool) or plain is None or plain == []:
        return bool(plain)
    if isinstance(plain, int | float):
        return not (plain != plain or plain == (1 if factor else 0))  # NaN is what NaN means
    return True


def report(made_by: Mapping[str, Any], unread: Iterable[str]) -> dict[str, Any]:
    """Return provenance that lists what was not used, under ``unread``."""
    names = sorted(set(unread))
    if not names:
        return dict(made_by)
    more = [f"and {len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
    return {**made_by, UNREAD: names[:_MOST_NAMES] + more}


def _short(value: Any) -> str:
    """Return a name or value on one line of decent length."""
    text = str(np.asarray(value).tolist() if hasattr(value, "tolist") else value)
    return "".join(c if c.isprintable() else "?" for c in text[:60])
