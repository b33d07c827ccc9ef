"""Independent parts of a study side by side: one thread each."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Lock, Thread
from typing import TypeVar

from unbraid._kernels.threads import one_thread, workers
from unbraid._progress import Progress

T = TypeVar("T")
R = TypeVar("R")


def together(
    work: Callable[[T], R], parts: Sequence[T], name: Callable[[T], str], progress: Progress
) -> list[R]:
    """Return ``[work(part) for part in parts]``, computed in as many threads as there are cores.

    The parts share nothing, so that the answers do not depend on the number of threads. Runtime
    warnings are silent throughout: filters that threads set one by one would undo each other.
    """
    done, lock = [0], Lock()

    def one(part: T) -> R:
        result = work(part)
        with lock:
            done[0] += 1
            progress(name(part), done[0] / len(parts))
        return result

    n_threads = min(workers(), len(parts))
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return _in_threads(one, parts, n_threads) if n_threads > 1 else [one(p) for p in parts]


def _in_threads(work: Callable[[T], R], parts: Sequence[T], n_threads: int) -> list[R]:
    """Map in daemon threads: unlike a pool's, they delay neither an error nor an interrupt."""
    futures: list[Future[R]] = [Future() for _ in parts]
    waiting, lock = iter(list(zip(parts, futures, strict=True))), Lock()

    def serve() -> None:
        while True:
            with lock:
                found = next(waiting, None)
            if found is None:
                return
            part, future = found
            try:
                future.set_result(work(part))
            except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
                future.set_exception(error)

    for _ in range(n_threads):
        Thread(target=serve, daemon=True).start()
    try:
        return [future.result() for future in futures]
    finally:
        with lock:  # after an error no thread begins another part
            for _ in waiting:
                pass
