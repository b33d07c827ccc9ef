"""The parent of a run: gives out jobs whose needs are done, and counts how they end."""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from unbraid._documented import documented_answer
from unbraid._progress import Progress, progress_to
from unbraid._validate import check_count
from unbraid.errors import UnbraidError
from unbraid.jobs._folder import RunFolder
from unbraid.jobs._perform import perform, reason
from unbraid.jobs._plan import Plan
from unbraid.jobs.executors import Executor, Local, WorkerDied

_ROOM = 64  # calls kept submitted to an executor that does not say how many it takes
_LOOK = 0.2  # seconds between looks at what another process does, and at silent futures


@documented_answer
@dataclass
class Outcome:
    """How the jobs of a run ended."""

    folder: Path
    """Where the results lie."""
    jobs: int = 0
    """Jobs of the plan, or of the share of it."""
    done: int = 0
    """Jobs whose result lies in the folder, whole."""
    ran: int = 0
    """Those of them that this call computed."""
    failed: dict[str, str] = field(default_factory=dict)
    """Fingerprint -> reason, in one line."""
    deaths: int = 0
    """Workers that died."""

    def __str__(self) -> str:
        failed = f", {len(self.failed)} failed" if self.failed else ""
        return f"{self.done} of {self.jobs} jobs done, {self.ran} of them now{failed}."


def run(
    plan: Plan,
    folder: str | Path,
    executor: Executor | None = None,
    *,
    attempts: int = 3,
    retry: bool = False,
    shard: tuple[int, int] | None = None,
    progress: bool | Progress = False,
) -> Outcome:
    """Do the jobs of a plan that are not done.

    Parameters
    ----------
    plan : Plan
        Jobs, as ``read_sweep``, ``plan_of`` or ``matrix`` make them.
    folder : path
        New, or of an earlier run: what it holds whole is not computed again.
    executor : Executor, optional
        By default ``Local()``: worker processes of this machine.
    attempts : int
        Workers that may die over one job before it counts as failed.
    retry : bool
        Whether jobs that failed before are tried again.
    shard : (i, n), optional
        Do only the i-th of n shares of the jobs (from 1 on), and what these need.
    progress : bool or callable
        Show progress on stderr, or report it to ``progress(message, share)``.

    Returns
    -------
    Outcome
        How many jobs are done, and why others failed: a job that fails ends no other.

    Raises
    ------
    InputError
        The folder holds something else, or cannot be written.

    Notes
    -----
    Any number of processes may run the same folder at once: each job is claimed by a lock that
    ends with its process, and what another one does is waited for.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> place = Path(tempfile.mkdtemp())
    >>> np.save(place / "x.npy", np.random.default_rng(0).normal(size=(40, 3)))
    >>> spec = {"job": "score", "base": {"x": "x.npy", "y": "x.npy", "metric": "cka"}}
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import unbraid as ub
    >>> plan = ub.jobs.plan_of(spec, place)
    >>> run(plan, place / "run", ThreadPoolExecutor(1)).ran
    1
    >>> run(plan, place / "run", ThreadPoolExecutor(1)).ran  # it is there already
    0
    """
    check_count(attempts, "attempts", least=1)
    kept = RunFolder.make(folder)
    kept.add(plan)
    todo = plan if shard is None else plan.share(*shard)
    with progress_to(progress) as tell, _stoppable():
        own = Local() if executor is None else None
        parent = _Parent(todo, kept, executor or own, attempts, retry, tell)
        try:
            return parent.work()
        except BaseException:
            if own is not None:
                own.close(kill=True)
            raise
        finally:
            if own is not None:
                own.close()


class _Parent:
    """The state of one call of ``run``."""

    def __init__(
        self,
        plan: Plan,
        folder: RunFolder,
        executor: Any,
        attempts: int,
        retry: bool,
        tell: Progress,
    ) -> None:
        self.plan, self.folder, self.executor = plan, folder, executor
        self.attempts, self.tell = attempts, tell
        self.outcome = Outcome(folder.root, jobs=len(plan.jobs))
        self.missing = {job.fingerprint: set(job.needs.values()) for job in plan.jobs}
        self.users: dict[str, list[str]] = {name: [] for name in self.missing}
        for job in plan.jobs:
            for need in job.needs.values():
                self.users[need].append(job.fingerprint)
        self.ready: deque[str] = deque()
        self.later: deque[tuple[float, str]] = deque()
        self.flying: dict[Any, str] = {}
        self.silent: set[Any] = set()
        self.deaths: dict[str, int] = {}
        self.ended: SimpleQueue[Any] = SimpleQueue()
        self.open = set(self.missing)
        self.started = time.monotonic()
        self._take_stock(retry)

    def work(self) -> Outcome:
        """Go on until every job is done or has failed."""
        try:
            while self.open:
                self._give_out()
                self._collect()
                self._say()
        except BaseException:
            for future in self.flying:
                with suppress(Exception):
                    future.cancel()
            raise
        return self.outcome

    def _take_stock(self, retry: bool) -> None:
        """Look at what the folder holds already."""
        for job in self.plan.jobs:
            name = job.fingerprint
            if name not in self.open:
                continue
            state = self.folder.state(job)
            if state == "done":
                self._done(name, ran=False)
            elif state == "failed" and not retry:
                self._failed(name, self.folder.failure(name) or {})
            elif not self.missing[name] and name not in self.ready:
                self.ready.append(name)

    def _give_out(self) -> None:
        now = time.monotonic()
        while self.later and self.later[0][0] <= now:
            self.ready.append(self.later.popleft()[1])
        room = getattr(self.executor, "room", _ROOM)
        while self.ready and len(self.flying) < room:
            name = self.ready.popleft()
            if name not in self.open:
                continue
            plain = self.plan.by_fingerprint[name].plain()
            future = self.executor.submit(perform, str(self.folder.root), plain)
            self.flying[future] = name
            if hasattr(future, "add_done_callback"):
                future.add_done_callback(self.ended.put)
            else:
                self.silent.add(future)

    def _collect(self) -> None:
        """Wait for calls that have ended, and take in what they say."""
        if not self.flying and not self.later:
            return
        found = []
        with suppress(Empty):
            found.append(self.ended.get(timeout=_LOOK))
            while True:
                found.append(self.ended.get_nowait())
        found += [future for future in self.silent if future.done()]
        for future in found:
            self.silent.discard(future)
            name = self.flying.pop(future, None)
            if name is not None:
                self._take_in(name, future)

    def _take_in(self, name: str, future: Any) -> None:
        try:
            told = future.result()
        except Exception as error:
            self._died(name, error)
            return
        if told["state"] == "busy":
            self.later.append((time.monotonic() + _LOOK, name))
        elif told["state"] == "done":
            self._done(name, ran=told["ran"])
        else:
            self._failed(name, told["failure"])

    def _died(self, name: str, error: Exception) -> None:
        """Count an attempt; try again, or give up."""
        self.outcome.deaths += isinstance(error, WorkerDied)
        self.deaths[name] = self.deaths.get(name, 0) + 1
        if self.deaths[name] < self.attempts:
            self.ready.append(name)
            return
        self._give_up(name, reason(error, self.deaths[name]))

    def _give_up(self, name: str, failure: dict[str, Any]) -> None:
        with suppress(UnbraidError, OSError):
            self.folder.write_failure(self.plan.by_fingerprint[name], failure)
        self._failed(name, failure)

    def _done(self, name: str, *, ran: bool) -> None:
        self.open.discard(name)
        self.outcome.done += 1
        self.outcome.ran += ran
        for user in self.users[name]:
            self.missing[user].discard(name)
            if not self.missing[user] and user in self.open:
                self.ready.append(user)

    def _failed(self, name: str, failure: dict[str, Any]) -> None:
        """Count a failure, and those of the jobs that need this one."""
        self.open.discard(name)
        self.outcome.failed[name] = str(failure.get("message", "unknown"))
        for user in self.users[name]:
            if user in self.open:
                told = f"It needs {name}, which failed: {failure.get('message', 'unknown')}"
                self._give_up(user, reason(UnbraidError(told)))

    def _say(self) -> None:
        ended = self.outcome.done + len(self.outcome.failed)
        rate = self.outcome.ran / max(time.monotonic() - self.started, 1e-9)
        failed = f", {len(self.outcome.failed)} failed" if self.outcome.failed else ""
        line = f"{self.outcome.done} of {self.outcome.jobs} jobs{failed}, {rate:.3g}/s"
        self.tell(line, ended / max(self.outcome.jobs, 1))


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM stop the run as Ctrl-C does, where no other handler is set."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
