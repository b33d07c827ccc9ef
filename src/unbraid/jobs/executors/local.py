"""Supervised worker processes of this machine; nothing to install."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import IO, Any, Self

from unbraid._validate import check_count, check_number
from unbraid.errors import InputError
from unbraid.jobs.executors._protocol import CallFailed, WorkerDied

_THREADS = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA", "BLIS")
_LAST_WORDS = 2000  # bytes of a dead worker's stderr that its error shows


class Local:
    """Worker processes, each supervised by a thread that starts it again when it dies.

    Parameters
    ----------
    workers : int, optional
        Processes; by default one for each core that this process may use.
    threads : int
        Threads of each worker's algebra, fixed before NumPy starts.
    memory : float, optional
        GiB of data that each worker may hold (``RLIMIT_DATA``); a job that needs more fails with
        a ``MemoryError``. Where the system has no such limit there is none.

    Notes
    -----
    Functions are called by their names and arguments are plain JSON data, so nothing is pickled.
    Workers start when the first call is submitted. A worker that dies costs the call it ran, and
    no other. Workers outlive a parent that is killed until their call has ended.

    Examples
    --------
    >>> import math
    >>> with Local(workers=1) as pool:
    ...     pool.submit(math.factorial, 5).result()
    120
    """

    def __init__(
        self, workers: int | None = None, threads: int = 1, memory: float | None = None
    ) -> None:
        if workers is not None:
            check_count(workers, "workers", least=1)
        check_count(threads, "threads", least=1)
        if memory is not None:
            check_number(memory, "memory")
            if not memory > 0:
                raise InputError(f"memory must be more than 0 GiB, got {memory!r}.")
        self.workers = workers or max(1, _cores() // threads)
        self.threads, self.memory = threads, memory
        self._calls: SimpleQueue[tuple[str, list[Any], Future] | None] = SimpleQueue()
        self._supervisors: list[threading.Thread] = []
        self._processes: dict[int, _Process] = {}
        self._closed = self._killed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _value: Any, _trace: TracebackType | None
    ) -> None:
        self.close(kill=kind is not None)

    @property
    def room(self) -> int:
        """Calls to keep submitted, so that no worker waits for the next."""
        return 2 * self.workers

    @property
    def pids(self) -> tuple[int, ...]:
        """Process numbers of the workers that live."""
        return tuple(p.popen.pid for p in list(self._processes.values()) if p.lives)

    def submit(self, f: Callable[..., Any], /, *args: Any) -> Future:
        """Call a function of a module with plain data in a worker.

        Raises
        ------
        InputError
            A function that no module holds under its name; arguments that are no JSON data.
        """
        name = f"{getattr(f, '__module__', None)}:{getattr(f, '__qualname__', None)}"
        if "<" in name or "." in name.partition(":")[2]:
            raise InputError(f"submit needs a function of a module, got {f!r}.")
        try:
            plain = json.loads(json.dumps(args))
        except (TypeError, ValueError):
            raise InputError("submit needs arguments that are plain JSON data.") from None
        if self._closed:
            raise RuntimeError("This executor is closed.")
        future: Future = Future()
        if len(self._supervisors) < self.workers:
            number = len(self._supervisors)
            thread = threading.Thread(target=self._supervise, args=(number,), daemon=True)
            self._supervisors.append(thread)
            thread.start()
        self._calls.put((name, plain, future))
        return future

    def close(self, *, kill: bool = False) -> None:
        """End the workers: after the calls submitted, or at once."""
        self._closed = True
        if kill:
            self._killed = True
            while not self._calls.empty():
                with suppress(Exception):
                    call = self._calls.get_nowait()
                    if call is not None:
                        call[2].cancel()
            for process in list(self._processes.values()):
                process.kill()
        for _ in self._supervisors:
            self._calls.put(None)
        for thread in self._supervisors:
            thread.join()
        self._supervisors.clear()

    def _supervise(self, number: int) -> None:
        """Give a worker one call after another; start it again where it has died."""
        process: _Process | None = None
        while (call := self._calls.get()) is not None:
            name, args, future = call
            if not future.set_running_or_notify_cancel():
                continue
            try:
                if process is not None and not process.lives:
                    process.end()
                    process = None
                if process is None:
                    process = self._processes[number] = _Process(self.threads, self.memory)
                if self._killed:
                    process.kill()
                answer = process.call(name, args)
            except CallFailed as error:
                future.set_exception(error)
            except BaseException as error:
                future.set_exception(error)
                if process is not None:
                    process.end()
                process = None
            else:
                future.set_result(answer)
        if process is not None:
            process.end()
        self._processes.pop(number, None)


class _Process:
    """One worker, spoken to in lines of JSON."""

    def __init__(self, threads: int, memory: float | None) -> None:
        self.words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by end
        # as a script: a worker imports no more than what it is asked to call
        command = [sys.executable, "-P", str(Path(__file__).with_name("_worker.py"))]
        if memory is not None:
            command.append(str(int(memory * 2**30)))
        self.popen = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.words,
            env=_environment(threads),
            start_new_session=True,  # Ctrl-C is for the parent
            text=True,
            encoding="utf-8",
        )

    @property
    def lives(self) -> bool:
        return self.popen.poll() is None

    def call(self, name: str, args: list[Any]) -> Any:
        try:
            print(json.dumps([name, args]), file=self.popen.stdin, flush=True)  # noqa: T201
            line = self.popen.stdout.readline() if self.popen.stdout else ""
        except (BrokenPipeError, OSError):
            line = ""
        if not line.endswith("\n"):
            raise WorkerDied(self._last_words())
        answer = json.loads(line)
        if "error" in answer:
            raise CallFailed(answer["error"])
        return answer["result"]

    def kill(self) -> None:
        with suppress(OSError):
            self.popen.kill()

    def end(self) -> None:
        """Close the worker's input: it ends when there is nothing more to read."""
        for stream in (self.popen.stdin, self.popen.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        try:
            self.popen.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()
            self.popen.wait()
        self.words.close()

    def _last_words(self) -> str:
        self.popen.wait()
        self.words.seek(0, os.SEEK_END)
        self.words.seek(max(0, self.words.tell() - _LAST_WORDS))
        words = self.words.read().decode("utf-8", "replace").strip()
        code = self.popen.returncode
        how = f"with status {code}"
        if code < 0:
            how = f"by signal {-code} ({signal.Signals(-code).name})"
        return f"The worker ended {how}." + (f" Its last lines: {words}" if words else "")


def _environment(threads: int) -> dict[str, str]:
    """Return the environment of a worker: threads capped, this very package on its path."""
    import unbraid

    home = str(Path(unbraid.__file__).parents[1])
    path = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH", "")]))
    caps = {f"{name}_NUM_THREADS": str(threads) for name in _THREADS}
    return {**os.environ, **caps, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
