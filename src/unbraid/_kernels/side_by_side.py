"""Independent pieces of work in threads, told of by the thread that waits for them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from contextvars import copy_context
from typing import Any, TypeVar

from unbraid._kernels.threads import this_thread_alone

T = TypeVar("T")
Answer = TypeVar("Answer")


def side_by_side(
    work: Callable[[T], Answer],
    groups: Sequence[Sequence[T]],
    at_once: int,
    around: Callable[[], AbstractContextManager[Any]],
) -> Iterator[tuple[T, Answer | None]]:
    """Yield each item with None when it begins, and with ``work(item)`` when it ends.

    The items of a group follow each other in one thread, within ``around()``; so many groups go on
    at once. Each thread keeps NumPy's algebra and our kernels to itself: enter ``one_thread``
    around. The first error stops the others at their next item, and is raised here.
    """
    heard: queue.SimpleQueue[tuple[T, Answer | None] | None] = queue.SimpleQueue()
    stopped = threading.Event()

    def one_group(group: Sequence[T]) -> None:
        try:
            with around():
                for item in group:
                    if stopped.is_set():
                        return
                    heard.put((item, None))
                    heard.put((item, work(item)))
        except BaseException:
            stopped.set()
            raise
        finally:
            heard.put(None)

    workers = max(1, min(at_once, len(groups)))
    with ThreadPoolExecutor(workers, "unbraid-side", initializer=this_thread_alone) as pool:
        try:
            futures = [pool.submit(copy_context().run, one_group, group) for group in groups]
            for _ in groups:
                while (event := heard.get()) is not None:
                    yield event
            for future in futures:
                future.result()
        finally:  # an error, or whoever listens stopped listening
            stopped.set()
