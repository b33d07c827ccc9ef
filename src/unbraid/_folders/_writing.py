"""Folders that are whole or absent: the one writer of runs, dictionaries, exports and study pages.

A result is written under a temporary name beside its target, together with a record of its files,
and then moved into place in one step. An earlier result is replaced only if its own record accounts
for every byte in it, so nothing that Unbraid did not write is ever removed.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from unbraid._folders import _written
from unbraid._folders._swap import swap
from unbraid._folders._workplace import Workplace, free_name, sweep
from unbraid.errors import InputError, UnbraidError

_ATTEMPTS = 100  # other writers may come first a few times; each time one of them is done
_PAUSE = 0.01  # seconds
_CAME_FIRST = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT)
_NAMED = 3  # files named in a refusal


def check_target(folder: Path, kind: str, *, overwrite: bool, flag: bool = True) -> Path:
    """Return where a result can be written; refuse what is unfit before anything is computed.

    Parameters
    ----------
    folder : Path
        May be absent, empty, or hold an earlier result of the same kind.
    kind : str
        What is written: ``run``, ``dictionary``, ...
    overwrite : bool
        Whether an earlier result of this kind may be replaced.
    flag : bool
        Whether there is an option to ask for it.

    Raises
    ------
    InputError
        A file, a link, a mount point, the current folder or one above it; a folder that holds
        anything that Unbraid did not write, or a result of another kind; one that cannot be made.
    """
    path = _place(folder)
    try:
        with suppress(FileNotFoundError, NotADirectoryError):  # a parent that is none: see below
            _check_there(path, path.lstat().st_mode, kind)
            if any(path.iterdir()) and not overwrite:
                hint = ", or replace it by --overwrite (overwrite=True)" if flag else ""
                raise InputError(f"{folder} exists; choose another folder{hint}.")
    except OSError as error:
        raise InputError(f"{folder} cannot be a folder: {_reason(error)}.") from None
    _check_makeable(path.parent, path)
    return path


def check_makeable(folder: Path) -> None:
    """Refuse a name at which no folder can be made, or one that nothing can be written to."""
    _check_makeable(_place(folder))


@contextmanager
def writing(
    folder: Path,
    kind: str,
    names: Collection[str],
    *,
    overwrite: bool,
    flag: bool = True,
    to_disk: bool = True,
) -> Iterator[Path]:
    """Yield an empty folder for files of these names; it becomes ``folder`` if the block succeeds.

    Parameters
    ----------
    folder, kind, overwrite, flag
        As ``check_target`` takes them; it is asked again.
    names : collection of str
        Every file that the block may write.
    to_disk : bool
        Whether to wait until the disk has it. Without, a power cut may leave it damaged, for
        readers who look at ``kind_of_whole`` first and can make it again.

    Raises
    ------
    InputError
        As ``check_target``.
    UnbraidError
        The disk is full, or the target was changed meanwhile. An earlier result stays whole, and
        what was complete is kept beside.
    """
    path = check_target(folder, kind, overwrite=overwrite, flag=flag)
    made = [parent for parent in path.parents if not parent.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent)
        with Workplace(path, names) as work:
            yield work.new
            work.seal(kind, to_disk)
            _move(work, path, kind, overwrite)
    except OSError as error:
        raise UnbraidError(
            f"{folder} could not be written: {_reason(error)}. Nothing was kept, and nothing that "
            "was there is changed."
        ) from None
    finally:
        for parent in made:  # only those that stayed empty
            with suppress(OSError):
                parent.rmdir()


def _move(work: Workplace, path: Path, kind: str, overwrite: bool) -> None:
    """Put the new folder in place, or beside it where the place is not free any more."""
    try:
        for _ in range(_ATTEMPTS):
            if _moved(work, path, kind, overwrite):
                return
            time.sleep(_PAUSE)
        raise OSError(errno.EBUSY, "other processes keep writing it")
    except (OSError, InputError) as error:
        kept = work.keep(work.ready)
        raise UnbraidError(
            f"{path} could not be written: {_reason(error).rstrip('.')}. "
            f"What was computed is kept in {kept}."
        ) from None


def _moved(work: Workplace, path: Path, kind: str, overwrite: bool) -> bool:
    """Try once; False if another writer came first."""
    try:
        if os.path.lexists(path):
            mode = path.lstat().st_mode
            _check_there(path, mode, kind)
            work.ready.chmod(stat.S_IMODE(mode))
            if any(path.iterdir()):
                if not overwrite:
                    raise InputError("another process wrote it meanwhile")
                if work.old.exists() and not _written.remove(work.old):
                    raise OSError(errno.ENOTEMPTY, f"{work.old} cannot be removed")
                swap(work.ready, path, aside=work.old)
                return True
        work.ready.rename(path)  # takes the place of an empty folder too
        return True
    except OSError as error:
        if error.errno in _CAME_FIRST:
            return False
        raise


def _place(folder: Path) -> Path:
    try:
        path = Path(os.fspath(folder)).expanduser()
        if "\0" in path.name:
            raise ValueError("embedded null byte")
        return path.resolve() if path.name in ("", "..") else path.absolute()
    except (OSError, RuntimeError, ValueError, TypeError) as error:
        raise InputError(f"{folder!r} cannot be a folder: {_reason(error)}.") from None


def _check_there(path: Path, mode: int, kind: str) -> None:
    """Refuse what stands at a target, unless it is an empty folder or all of it is known."""
    if stat.S_ISLNK(mode):
        raise InputError(f"{path} exists and is a link; name the folder that it leads to.")
    if not stat.S_ISDIR(mode):
        raise InputError(f"{path} exists and is a file; it is left as it is.")
    real, here = path.resolve(), Path.cwd().resolve()
    if real == here or real in here.parents or path.is_mount():
        what = "a mount point" if path.is_mount() else "the current folder, or one above it"
        raise InputError(f"{path} is {what}, which is never replaced; name a new folder in it.")
    found, foreign = _written.examine(path)
    if foreign:
        listed = ", ".join(foreign[:_NAMED])
        more = f" and {len(foreign) - _NAMED} more" if len(foreign) > _NAMED else ""
        raise InputError(
            f"{path} exists and holds something else than files as Unbraid wrote them "
            f"({listed}{more}); it is left as it is. Choose another folder."
        )
    if found not in (None, kind):
        raise InputError(f"{path} exists and holds a {found}, no {kind}; choose another folder.")


def _check_makeable(path: Path, wanted: Path | None = None) -> None:
    """Make a folder in the nearest one that exists, and remove it.

    Asking for permissions is not enough: a read-only disk and /proc grant them to root.
    """
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            path.lstat()  # a name that none can have
        above = next(place for place in (path, *path.parents) if os.path.lexists(place))
        trial = free_name(above)
        trial.mkdir()
        with suppress(FileNotFoundError):  # another writer may have swept it
            trial.rmdir()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InputError(f"{path} cannot be a folder: {_reason(error)}.") from None
        raise InputError(
            f"{wanted or path} could not be written: {above} is no writable folder "
            f"({_reason(error)})."
        ) from None


def _reason(error: Any) -> str:
    return str(getattr(error, "strerror", None) or error)
