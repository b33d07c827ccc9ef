"""Workers that read stores block by block, for a command that is given ``--on``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unbraid.errors import InputError, UnbraidError

_THREADS = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA", "BLIS")


@contextmanager
def workers_of(on: str | None) -> Iterator[Any]:
    """Yield what ``compare`` takes as ``on``: one process per core, or a dask cluster."""
    if on is None:
        yield None
    elif on == "local":
        with _processes() as pool:
            yield pool
    elif on == "dask" or "://" in on:
        from unbraid.jobs.executors.dask import Dask

        with Dask(None if on == "dask" else on) as cluster:
            yield cluster
    else:
        raise InputError(f"--on is local, dask or an address such as tcp://host:8786, got {on!r}.")


@contextmanager
def _processes() -> Iterator[Any]:
    """Yield new processes of one thread each, fixed before NumPy starts in them."""
    from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
    from multiprocessing import get_context

    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    before = dict(os.environ)
    os.environ.update({f"{name}_NUM_THREADS": "1" for name in _THREADS})
    try:
        with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
            yield pool
    except BrokenExecutor:
        raise UnbraidError(
            "A worker ended before its call did: it was killed, or memory ran out. Use fewer "
            "latents, or workers with more memory (--on dask)."
        ) from None
    finally:
        os.environ.clear()
        os.environ.update(before)


def opened_for(on: str | None, path: Path, options: dict[str, Any], read: Any) -> Any:
    """Return a folder of responses as a store that workers read, all else as ``read`` does."""
    from unbraid import responses

    is_store = on is not None and (path / "manifest.json").is_file()
    if not is_store:
        return read(path, options)
    if options:
        raise InputError(
            f"--on reads {path} as it was written: leave out --{', --'.join(sorted(options))}."
        )
    return responses.open_store(path)
