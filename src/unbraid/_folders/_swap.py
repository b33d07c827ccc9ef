"""Two folders change places: in one step where the system can, in three elsewhere."""

from __future__ import annotations

import ctypes
import errno
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux
_CANNOT = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.ENOTTY)


def swap(new: Path, target: Path, aside: Path) -> None:
    """Put ``new`` at ``target``; what stood there is then at ``new``, or at ``aside``.

    Where three steps are needed and the last fails, what stood there is put back. A kill between
    them leaves it at ``aside``, from which the next writer puts it back.
    """
    if _exchanged(new, target):
        return
    target.rename(aside)
    try:
        new.rename(target)
    except OSError:
        with suppress(OSError):  # another writer's result may stand there now
            aside.rename(target)
        raise


def _exchanged(a: Path, b: Path) -> bool:
    """Exchange two names in one step; False where the system or the disk cannot."""
    call = _renameat2()
    if call is None:
        return False
    if call(_HERE, os.fsencode(a), _HERE, os.fsencode(b), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(b))


@cache
def _renameat2() -> Any:
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError, TypeError):
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return call
