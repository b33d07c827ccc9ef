"""Compiled kernels on row blocks: threads that share memory, results that do not depend on them."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from typing import Any

_UNITS, _VALUES = 256, 8_000_000  # most of a system, and of its responses, for one thread
_POOLS: dict[int, ThreadPoolExecutor] = {}  # one per process: a forked child has no threads
_OWN = threading.local()  # what torch knows of each thread, where there is no torch


def workers() -> int:
    """Return the threads to use: torch's number where it is loaded, else what the process may."""
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_num_threads"):
        return int(torch.get_num_threads())
    own = getattr(_OWN, "threads", None)
    if own is not None:
        return int(own)
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    count = getattr(os, "process_cpu_count", os.cpu_count)() or 1
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else count


def in_blocks(work: Callable[..., Any], total: int, *arguments: Any, least: int = 1) -> None:
    """Call ``work(start, stop, *arguments)`` on contiguous blocks of ``range(total)``, in threads.

    The kernel must release the interpreter's lock and write only to its own block. ``least`` is
    the smallest block worth a thread.
    """
    n_blocks = max(1, min(workers(), total // max(1, least)))
    if n_blocks == 1:
        work(0, total, *arguments)
        return
    edges = [total * i // n_blocks for i in range(n_blocks + 1)]
    pool = _POOLS.get(os.getpid())
    if pool is None or pool._max_workers < n_blocks - 1:
        pool = _POOLS[os.getpid()] = ThreadPoolExecutor(n_blocks - 1, "unbraid")
    futures = [pool.submit(work, edges[i], edges[i + 1], *arguments) for i in range(1, n_blocks)]
    work(edges[0], edges[1], *arguments)
    for future in futures:
        future.result()


@contextmanager
def one_thread(when: bool = True) -> Iterator[None]:
    """Keep NumPy's and torch's algebra on one thread inside the block; then restore the number.

    Threads that meet at every small product cost many times what they save, the more so on a busy
    machine; and the same sums on any machine give the same numbers.
    """
    if not when:
        yield
        return
    from threadpoolctl import threadpool_limits

    torch = installed_torch()
    before = torch.get_num_threads() if torch is not None else getattr(_OWN, "threads", None)
    this_thread_alone()
    try:
        with threadpool_limits(limits=1, user_api="blas"):
            yield
    finally:
        if torch is not None:
            torch.set_num_threads(before)
        else:
            _OWN.threads = before


def this_thread_alone() -> None:
    """Let torch's algebra and our kernels, where this thread calls them, start no other threads."""
    torch = installed_torch()
    if torch is not None:
        torch.set_num_threads(1)
    else:
        _OWN.threads = 1


def installed_torch() -> Any:
    """Return torch, or None where it is not installed or does not import."""
    try:
        return import_module("torch")
    except (ImportError, OSError):  # OSError: one of its libraries is missing
        return None


def is_small(*shapes: tuple[int, int]) -> bool:
    """Whether responses of so many stimuli and units are quicker, or as quick, on one thread."""
    return max(p for _, p in shapes) <= _UNITS and max(n * p for n, p in shapes) <= _VALUES
