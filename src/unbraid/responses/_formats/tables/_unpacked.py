"""Text tables, plain or packed by gzip: their size is known before they are read."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TextIO, cast

from unbraid.errors import InputError
from unbraid.responses._files import check_memory

_STEP = 2**20  # bytes inflated at a time, counted before the next
_FREE, _TEXT_RATIO = (
    256 * 2**20,
    200,
)  # tables of numbers shrink to a third; of zeros, a hundredfold


def is_packed(path: Path) -> bool:
    """Return whether a table is packed."""
    return path.suffix.lower() == ".gz"


def kind_of(path: Path) -> str:
    """Return the suffix of the table itself: ``.csv`` of ``x.csv.gz``."""
    return Path(path.stem if is_packed(path) else path.name).suffix.lower()


def open_text(path: Path, encoding: str) -> TextIO:
    """Open a table as text."""
    if is_packed(path):
        return cast(TextIO, gzip.open(path, "rt", encoding=encoding))
    return path.open(encoding=encoding)


def begins_with(path: Path, marks: tuple[bytes, ...]) -> bool:
    """Return whether a table's first two bytes are one of these."""
    with gzip.open(path) if is_packed(path) else path.open("rb") as stream:
        return stream.read(2) in marks


def check_packed(path: Path, stored: int) -> None:
    """Unpack a table block by block, keep nothing, and refuse one that is too large for a table."""
    if not is_packed(path):
        return
    size = 0
    try:
        with gzip.open(path) as stream:
            while block := stream.read(_STEP):
                size += len(block)
                if size > max(_FREE, _TEXT_RATIO * stored):
                    raise InputError(
                        f"{path} would unpack from {stored} to more than {size} bytes, which looks "
                        "like a bomb. Unpack it if it is genuine."
                    )
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} is not a whole .gz file ({error}).") from None
    check_memory(size, str(path))
