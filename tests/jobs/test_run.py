"""A run does each job once, resumes, keeps failures, and writes into its own folder alone."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from unbraid import jobs
from unbraid.errors import InputError, UnbraidError
from unbraid.jobs._perform import perform

_spec = importlib.util.spec_from_file_location("here", Path(__file__).with_name("here.py"))
_here = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_here)
Here = _here.Here


@pytest.fixture
def plan(spec):
    return jobs.plan_of(spec, Path.cwd())


def bytes_of(folder):
    """Every file of every result, times aside."""
    found = {}
    for path in sorted(folder.glob("jobs/*/*/*")):
        if path.name not in ("ran.json", ".unbraid.json"):
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def test_every_job_is_done_once_and_a_rerun_computes_what_is_missing(plan, tmp_path):
    first = jobs.run(plan, tmp_path / "run", Here())
    assert (first.jobs, first.done, first.ran, first.failed) == (9, 9, 9, {})
    again = Here()
    assert jobs.run(plan, tmp_path / "run", again).ran == 0
    assert again.calls == 0
    gone = jobs.RunFolder(tmp_path / "run").place(plan.jobs[4].fingerprint)
    for file in gone.iterdir():
        file.unlink()
    gone.rmdir()
    assert jobs.run(plan, tmp_path / "run", Here()).ran == 1


@pytest.mark.parametrize(
    "harm", ["changed", "shorter", "missing", "added", "record", "file", "job"]
)
def test_a_result_that_is_not_as_it_was_written_is_set_aside_and_made_again(plan, tmp_path, harm):
    run = tmp_path / "run"
    jobs.run(plan, run, Here())
    before = bytes_of(run)
    place = jobs.RunFolder(run).place(plan.jobs[2].fingerprint)
    file = place / "result.json"
    if harm == "changed":
        file.write_bytes(file.read_bytes().replace(b"cka", b"ckb"))
    elif harm == "shorter":
        file.write_bytes(file.read_bytes()[:-9])
    elif harm == "missing":
        file.unlink()
    elif harm == "added":
        (place / "notes.txt").write_text("mine")
    elif harm == "record":
        (place / ".unbraid.json").unlink()
    elif harm == "file":
        place.rename(tmp_path / "elsewhere")
        place.write_text("a file")
    else:  # a whole result, of another job
        other = jobs.RunFolder(run).place(plan.jobs[3].fingerprint)
        place.rename(tmp_path / "elsewhere")
        other.rename(place)
    changed = sorted(p.name for p in place.iterdir()) if place.is_dir() else ["a file"]
    again = jobs.run(plan, run, Here())
    assert again.ran == (2 if harm == "job" else 1)
    assert bytes_of(run) == before
    aside = list((run / "set-aside").iterdir())
    assert len(aside) == 1
    kept = sorted(p.name for p in aside[0].iterdir()) if aside[0].is_dir() else ["a file"]
    assert kept == changed


def test_two_shards_and_one_run_give_the_same_bytes(plan, tmp_path):
    jobs.run(plan, tmp_path / "whole", Here())
    for i in (2, 1):
        assert jobs.run(plan, tmp_path / "shards", Here(), shard=(i, 2)).failed == {}
    assert bytes_of(tmp_path / "whole") == bytes_of(tmp_path / "shards")


def test_workers_of_this_machine_give_the_same_bytes(plan, tmp_path):
    jobs.run(plan, tmp_path / "here", Here())
    with jobs.Local(workers=1, memory=8) as pool:
        assert jobs.run(plan, tmp_path / "local", pool).ran == 9
    assert bytes_of(tmp_path / "here") == bytes_of(tmp_path / "local")


def test_a_failed_job_is_a_row_with_its_traceback_until_it_is_retried(spec, systems, tmp_path):
    np.save(systems / "layer3.npy", np.full((20, 3), np.nan))
    plan, run = jobs.plan_of(spec, Path.cwd()), tmp_path / "run"
    found = jobs.run(plan, run, Here())
    assert (found.done, len(found.failed)) == (9, 7)
    failed = jobs.results(run).where(state="failed")
    assert len(failed) == 7
    assert "layer3.npy" in failed.rows[0]["error"]
    assert "Traceback (most recent call last)" in failed.rows[0]["traceback"]
    again = Here()
    assert len(jobs.run(plan, run, again).failed) == 7
    assert again.calls == 0
    np.save(systems / "layer3.npy", np.ones((20, 3)))
    changed = jobs.run(plan, run, Here(), retry=True)
    assert "changed since the sweep was planned" in next(iter(changed.failed.values()))


def test_a_failure_is_forgotten_when_its_job_is_done(plan, tmp_path):
    run = tmp_path / "run"
    found = jobs.run(plan, run, Here(deaths=3), attempts=1)
    assert (found.done, found.deaths, len(found.failed)) == (6, 3, 3)
    assert "signal 9" in jobs.results(run).where(state="failed").rows[0]["error"]
    assert jobs.run(plan, run, Here()).done == 6
    assert jobs.run(plan, run, Here(), retry=True).done == 9
    assert list((run / "failed").glob("*/*")) == []


def test_a_death_costs_an_attempt_and_the_job_is_tried_again(plan, tmp_path):
    found = jobs.run(plan, tmp_path / "run", Here(deaths=4), attempts=2)
    assert (found.done, found.deaths, found.failed) == (9, 4, {})


def test_what_needs_a_failed_job_fails_with_its_reason(plan, tmp_path):
    first, second, third = plan.jobs[:3]
    second = jobs.Job.of({**second.plain(), "needs": {"a": first.fingerprint}})
    third = jobs.Job.of({**third.plain(), "needs": {"a": second.fingerprint}})
    chain = jobs.Plan.of([third, second, first])
    found = jobs.run(chain, tmp_path / "run", Here(deaths=1), attempts=1)
    assert found.done == 0
    assert found.failed[third.fingerprint].startswith(f"It needs {second.fingerprint}")
    assert jobs.run(chain, tmp_path / "run", Here(), retry=True).done == 3


def test_a_job_that_another_process_has_is_waited_for(plan, tmp_path):
    kept = jobs.RunFolder.make(tmp_path / "run")
    job = plan.jobs[0]
    with kept.claimed(job.fingerprint) as mine:
        assert mine
        assert perform(str(kept.root), job.plain()) == {"state": "busy", "ran": False}
    assert perform(str(kept.root), job.plain()) == {"state": "done", "ran": True}
    assert perform(str(kept.root), job.plain()) == {"state": "done", "ran": False}
    assert list((kept.root / "locks").iterdir()) == []


def test_folders_that_hold_something_else_are_left_alone(plan, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    with pytest.raises(InputError, match="holds no run of jobs; it is left as it is"):
        jobs.run(plan, tmp_path / "mine", Here())
    with pytest.raises(InputError, match="holds no run of jobs; give the folder"):
        jobs.results(tmp_path / "mine")
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError):
        jobs.run(plan, tmp_path / "file", Here())
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "all of it"


@pytest.mark.parametrize("part", ["jobs", "failed", "locks", "plans"])
def test_nothing_is_written_through_links(plan, tmp_path, part):
    jobs.RunFolder.make(tmp_path / "run")
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "run" / part).rmdir()
    (tmp_path / "run" / part).symlink_to(outside)
    with pytest.raises(UnbraidError, match="is a link"):
        jobs.run(plan, tmp_path / "run", Here())
    inner = jobs.RunFolder.make(tmp_path / "second")
    (inner.root / "jobs" / plan.jobs[0].fingerprint[:2]).symlink_to(outside)
    found = jobs.run(plan, inner.root, Here())
    assert "is a link" in found.failed[plan.jobs[0].fingerprint]
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", ["../../../outside", "", "AAAAAAAAAAAAAAAA", "0" * 15, "/abs"])
def test_no_name_leads_out_of_the_folder(plan, tmp_path, name):
    kept = jobs.RunFolder.make(tmp_path / "run")
    with pytest.raises(InputError, match="16 hexadecimal digits"):
        kept.place(name)
    kept.add(plan)
    path = next((tmp_path / "run" / "plans").iterdir())
    told = json.loads(path.read_text())
    told[0]["needs"] = {"x": name}
    path.write_text(json.dumps(told))
    with pytest.raises(InputError, match="is damaged"):
        jobs.results(tmp_path / "run")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that root cannot write")
def test_a_folder_that_cannot_be_written_is_refused_before_anything_runs(plan):
    with pytest.raises(InputError, match="no writable folder|could not be"):
        jobs.run(plan, "/proc/run", Here())


COMMAND = """
import sys
from unbraid import jobs
plan = jobs.read_sweep(sys.argv[1])
with jobs.Local(workers=1) as pool:
    jobs.run(plan, sys.argv[2], pool)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_run_leaves_whole_results_and_goes_on(plan, spec, tmp_path, number):
    many = {**spec, "grid": {**spec["grid"], "seed": list(range(300))}}
    (tmp_path / "sweep.yaml").write_text(json.dumps(many))
    command = [sys.executable, "-c", COMMAND, str(tmp_path / "sweep.yaml"), str(tmp_path / "run")]
    parent = subprocess.Popen(command, stderr=subprocess.PIPE)
    while not list(tmp_path.glob("run/jobs/*/*/.unbraid.json")) and parent.poll() is None:
        time.sleep(0.02)
    parent.send_signal(number)
    said = parent.communicate(timeout=60)[1]
    if number != signal.SIGKILL:
        assert b"KeyboardInterrupt" in said
    kept = jobs.RunFolder(tmp_path / "run")
    whole = jobs.read_sweep(tmp_path / "sweep.yaml")
    states = [kept.state(job) for job in whole.jobs]
    assert 0 < states.count("done") < 2700
    assert set(states) == {"done", "missing"}
    with kept.claimed(whole.jobs[-1].fingerprint) as mine:
        assert mine
    part = jobs.Plan.of(whole.jobs[:20])
    assert jobs.run(part, tmp_path / "run", Here()).done == 20


def test_a_folder_whose_mark_was_never_ended_is_taken(plan, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".run.json.0123abcd.tmp").write_text("")
    assert jobs.run(plan, tmp_path / "run", Here()).done == len(plan.jobs)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ".run.json.notes.tmp").write_text("")
    with pytest.raises(InputError, match="holds no run of jobs"):
        jobs.run(plan, tmp_path / "other", Here())


def test_two_parents_share_a_folder(plan, spec, tmp_path):
    (tmp_path / "sweep.yaml").write_text(json.dumps(spec))
    command = [sys.executable, "-c", COMMAND, str(tmp_path / "sweep.yaml"), str(tmp_path / "run")]
    parents = [subprocess.Popen(command) for _ in range(2)]
    assert [parent.wait(timeout=120) for parent in parents] == [0, 0]
    jobs.run(plan, tmp_path / "alone", Here())
    assert bytes_of(tmp_path / "run") == bytes_of(tmp_path / "alone")
    leftovers = [p for p in (tmp_path / "run").rglob("*") if p.name.startswith(".unbraid-")]
    assert leftovers == []
    assert not (tmp_path / "run" / "set-aside").exists()


def test_workers_killed_at_random_lose_nothing(plan, tmp_path):
    import threading

    rng, killed = np.random.default_rng(0), []
    with jobs.Local(workers=2) as pool:

        def kill():
            while len(killed) < 3 and not stop.wait(float(rng.uniform(0.1, 1.5))):
                for pid in pool.pids[:1]:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

        stop = threading.Event()
        killer = threading.Thread(target=kill)
        killer.start()
        found = jobs.run(plan, tmp_path / "run", pool, attempts=100)
        stop.set()
        killer.join()
    assert (found.done, found.failed) == (9, {})
    jobs.run(plan, tmp_path / "calm", Here())
    assert bytes_of(tmp_path / "run") == bytes_of(tmp_path / "calm")


def test_files_of_a_run_are_not_written_through_links_and_pipes_are_not_read(plan, tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("keep")
    folder = jobs.RunFolder.make(tmp_path / "run")
    (folder.root / "plans" / f"{plan.fingerprint}.json").symlink_to(outside)
    with pytest.raises(UnbraidError, match="json is a link"):
        jobs.run(plan, folder.root, Here())
    folder = jobs.RunFolder.make(tmp_path / "second")
    (folder.root / "report.html").symlink_to(outside)
    with pytest.raises(UnbraidError, match="report.html is a link"):
        folder.write("report.html", "page")
    (folder.root / "locks" / plan.jobs[0].fingerprint).symlink_to(tmp_path / "lock")
    with pytest.raises(UnbraidError, match="is a link"):
        perform(str(folder.root), plan.jobs[0].plain())
    assert outside.read_text() == "keep"
    assert not (tmp_path / "lock").exists()
    os.mkfifo(folder.root / "plans" / "other.json")
    with pytest.raises(InputError, match="other.json is damaged"):
        jobs.results(folder.root)
    (tmp_path / "third").mkdir()
    os.mkfifo(tmp_path / "third" / "run.json")
    with pytest.raises(InputError, match="holds no run of jobs"):
        jobs.RunFolder.make(tmp_path / "third")
