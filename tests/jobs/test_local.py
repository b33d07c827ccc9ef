"""Worker processes: what they call, how they are limited, and what a death costs."""

import json
import math
import os
import signal
import time
from pathlib import Path

import pytest

from unbraid.errors import InputError
from unbraid.jobs import Local, WorkerDied
from unbraid.jobs.executors import CallFailed


def test_calls_are_answered_by_other_processes_with_capped_threads():
    with Local(workers=2, threads=3) as pool:
        answers = [pool.submit(math.factorial, n) for n in range(6)]
        caps = pool.submit(os.getenv, "OMP_NUM_THREADS")
        pid = pool.submit(os.getpid)
        assert [answer.result() for answer in answers] == [1, 1, 2, 6, 24, 120]
        assert caps.result() == "3"
        assert pid.result() in pool.pids
    assert pool.pids == ()


def test_an_error_keeps_its_traceback_and_the_worker():
    with Local(workers=1) as pool:
        pid = pool.submit(os.getpid).result()
        with pytest.raises(CallFailed, match=r"Traceback(.|\n)*JSONDecodeError"):
            pool.submit(json.loads, "{").result()
        assert pool.submit(os.getpid).result() == pid


def test_a_dead_worker_costs_its_own_call_alone():
    with Local(workers=1) as pool:
        before = pool.submit(os.getpid)
        killed = pool.submit(signal.raise_signal, signal.SIGKILL)  # for certain while it runs
        after = pool.submit(os.getpid)
        with pytest.raises(WorkerDied, match=r"signal 9 \(SIGKILL\)"):
            killed.result()
        assert after.result() != before.result()


def test_a_worker_that_died_idle_costs_nothing():
    with Local(workers=1) as pool:
        pid = pool.submit(os.getpid).result()
        os.kill(pid, signal.SIGKILL)
        while pid in pool.pids:
            time.sleep(0.01)
        assert pool.submit(math.factorial, 3).result() == 6


def test_last_words_are_told():
    with (
        Local(workers=1) as pool,
        pytest.raises(WorkerDied, match="status 7. Its last lines: farewell"),
    ):
        pool.submit(eval_exit, "farewell").result()


def eval_exit(words):
    """Write to stderr and leave (called in the worker by name)."""
    os.write(2, words.encode())
    os._exit(7)


eval_exit.__module__ = "tests_jobs_functions"


@pytest.fixture(autouse=True)
def functions(tmp_path, monkeypatch):
    """Functions that workers can import by name."""
    path = tmp_path / "functions"
    path.mkdir()
    (path / "tests_jobs_functions.py").write_text(
        "import os\n"
        "def eval_exit(words):\n    os.write(2, words.encode()); os._exit(7)\n"
        "def hold(n):\n    return len(bytearray(n))\n"
    )
    old = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", f"{path}{os.pathsep}{old}")


def hold(n):
    """Hold n bytes."""


hold.__module__ = "tests_jobs_functions"


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="RLIMIT_DATA is Linux's")
def test_a_worker_holds_no_more_than_its_limit():
    with Local(workers=1, memory=0.5) as pool:
        assert pool.submit(hold, 2**24).result() == 2**24
        with pytest.raises(CallFailed, match="MemoryError"):
            pool.submit(hold, 2**30).result()
        assert pool.submit(hold, 2**24).result() == 2**24


def test_what_cannot_be_called_by_name_is_refused():
    pool = Local(workers=1)
    with pytest.raises(InputError, match="a function of a module"):
        pool.submit(lambda: 3)
    with pytest.raises(InputError, match="plain JSON data"):
        pool.submit(math.factorial, {1, 2})
    with pytest.raises(InputError, match="memory must be more than 0"):
        Local(memory=0)
    with pytest.raises(InputError, match="workers must be a whole number"):
        Local(workers=0)
    pool.close()


def test_an_error_in_the_block_ends_workers_at_once():
    started = time.monotonic()
    with pytest.raises(KeyError), Local(workers=1) as pool:
        pool.submit(time.sleep, 60)
        while not pool.pids:
            time.sleep(0.01)
        raise KeyError
    assert pool.pids == ()
    assert time.monotonic() - started < 30
