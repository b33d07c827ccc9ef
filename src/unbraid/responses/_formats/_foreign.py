"""Other libraries: imported by name, their many errors reported in one line."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unbraid import _optional
from unbraid.errors import InputError
from unbraid.responses._files import check_memory

_FREE, _RATIO = 256 * 2**20, 1100  # deflate cannot shrink more than 1032-fold


def need(module: str, extra: str, suffix: str) -> Any:
    """Import an optional library, or say how to get it."""
    return _optional.need(module, extra, f"Reading {suffix}")


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Turn whatever a library raises on a damaged file into one line that names it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{path} needs more memory than there is.") from None
    except Exception as error:  # parsers raise errors of any type on damaged files
        text = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        raise InputError(f"{path} is not a whole {what} file ({text}).") from None


def check_claim(claimed: int, stored: int, where: str) -> None:
    """Refuse an array that claims more bytes than those stored for it can possibly hold."""
    if claimed > max(_FREE, _RATIO * stored):
        raise InputError(
            f"{where} claims {claimed} bytes of numbers, {stored} bytes are stored for them; "
            "the file is damaged or hostile."
        )
    check_memory(claimed, where)
