"""Independent parts of a study side by side: one thread each."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

from unbraid._kernels.threads import one_thread, workers
from unbraid.studies._study import Progress

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
        if n_threads < 2:
            return [one(part) for part in parts]
        with ThreadPoolExecutor(n_threads) as pool:
            return list(pool.map(one, parts))
