"""The folder of a run of jobs: what is done, what failed, which jobs are running."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from unbraid import _folders
from unbraid._documented import documented_choice
from unbraid.errors import InputError, UnbraidError
from unbraid.jobs._job import Job
from unbraid.jobs._plan import Plan

State = Literal["done", "failed", "missing", "invalid"]
JOB, RAN, FAILURE, RESULT = "job.json", "ran.json", "failure.json", "result.json"
_MARK, _FORMAT = "run.json", {"format": "unbraid-jobs", "version": 1}
_JOBS, _FAILED, _LOCKS, _PLANS, _ASIDE = "jobs", "failed", "locks", "plans", "set-aside"
_NAME = re.compile(r"[0-9a-f]{16}")
_FAILURE_KIND = "failed job"


@documented_choice
@dataclass(frozen=True)
class RunFolder:
    """Where the plans, results and failures of a sweep lie."""

    root: Path
    """Its path."""

    @classmethod
    def make(cls, root: str | Path) -> RunFolder:
        """Return the folder, made if it is new.

        Raises
        ------
        InputError
            It holds something else, or cannot be written.
        """
        path = Path(root).expanduser().absolute()
        _folders.check_makeable(path)
        if path.is_dir() and _holds_more(path) and not _is_marked(path):
            raise InputError(
                f"{root} exists and holds no run of jobs; it is left as it is. Choose another "
                "folder."
            )
        if path.exists() and not path.is_dir():
            raise InputError(f"{root} exists and is a file; it is left as it is.")
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{root} could not be made: {error.strerror or error}.") from None
        folder = cls(path)
        if not _is_marked(path):
            folder.write(_MARK, json.dumps(_FORMAT) + "\n")
        for name in (_JOBS, _FAILED, _LOCKS, _PLANS):
            folder._own(path / name, made=True)
        return folder

    @classmethod
    def open(cls, root: str | Path) -> RunFolder:
        """Return a folder that holds a run; refuse any other."""
        path = Path(root).expanduser().absolute()
        if not _is_marked(path):
            raise InputError(f"{root} holds no run of jobs; give the folder of a sweep or matrix.")
        return cls(path)

    def place(self, fingerprint: str) -> Path:
        """Return where the result of a job lies."""
        return self._of(_JOBS, fingerprint)

    def state(self, job: Job) -> State:
        """Return how far a job is; a result counts if every byte of it is as it was written."""
        if os.path.lexists(self.place(job.fingerprint)):
            return "done" if self._holds(self.place(job.fingerprint), job) else "invalid"
        return "failed" if self.failure(job.fingerprint) is not None else "missing"

    def failure(self, fingerprint: str) -> dict[str, Any] | None:
        """Return why a job failed; None if it did not."""
        place = self._of(_FAILED, fingerprint)
        if not place.is_dir() or _folders.kind_of_whole(place) != _FAILURE_KIND:
            return None
        return read_json(place / FAILURE)

    def write_failure(self, job: Job, failure: Mapping[str, Any]) -> None:
        """Keep why a job failed, in the place of an earlier reason."""
        place = self._prepared(_FAILED, job.fingerprint)
        texts = {JOB: job.text + "\n", FAILURE: json.dumps(failure, indent=2) + "\n"}
        with _folders.writing(
            place, _FAILURE_KIND, tuple(texts), overwrite=True, to_disk=False
        ) as new:
            for name, text in texts.items():
                (new / name).write_text(text, encoding="utf-8")

    def clear_failure(self, fingerprint: str) -> None:
        """Forget why a job failed, once it is done."""
        place = self._of(_FAILED, fingerprint)
        if place.is_dir():
            with suppress(OSError):
                _folders.remove(place)

    def prepare(self, fingerprint: str) -> Path:
        """Return where a result can be written; an invalid result in its place is renamed."""
        place = self._prepared(_JOBS, fingerprint)
        if os.path.lexists(place):
            self._own(self.root / _ASIDE, made=True)
            place.rename(self.root / _ASIDE / f"{fingerprint}-{secrets.token_hex(4)}")
        return place

    @contextmanager
    def claimed(self, fingerprint: str) -> Iterator[bool]:
        """Claim a job for this process while the block runs; yields False if another has it.

        The claim is a lock on a file, and ends with the process, however that ends.
        """
        path = self.root / _LOCKS / self.place(fingerprint).name
        self._own(path.parent, made=True)
        self._own(path, made=False)
        handle = _locked(path)
        if handle is None:
            yield False
            return
        try:
            yield True
        finally:
            with suppress(OSError):
                path.unlink()
            os.close(handle)

    def add(self, plan: Plan) -> None:
        """Keep a plan beside earlier ones."""
        name = f"{_PLANS}/{plan.fingerprint}.json"
        path = self.root / name
        self._own(path, made=False)
        text = json.dumps(plan.plain(), indent=1, allow_nan=False) + "\n"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            self.write(name, text)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the run, whole or not at all, and never through a link; return where."""
        path = self.root / name
        self._own(path, made=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        with _folders.replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
        return path

    def plans(self) -> list[Plan]:
        """Return the plans that lie here, by name; damaged ones are refused by name."""
        found = []
        for path in sorted((self.root / _PLANS).glob("*.json")):
            try:
                if not path.is_file():  # reading a pipe might never end
                    raise ValueError
                jobs = [Job.of(data) for data in json.loads(path.read_text(encoding="utf-8"))]
                found.append(Plan.of(jobs))
            except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
                raise InputError(f"{path} is damaged; run its sweep again to write it.") from None
        return found

    def _holds(self, place: Path, job: Job) -> bool:
        if place.is_symlink() or not place.is_dir() or _folders.kind_of_whole(place) is None:
            return False
        try:
            return (place / JOB).read_text(encoding="utf-8") == job.text + "\n"
        except (OSError, ValueError):
            return False

    def _prepared(self, part: str, fingerprint: str) -> Path:
        place = self._of(part, fingerprint)
        self._own(place.parent, made=True)
        return place

    def _of(self, part: str, fingerprint: str) -> Path:
        """Return a job's place: a folder with few entries, since writers list its neighbours."""
        if not _NAME.fullmatch(fingerprint):
            raise InputError(f"A job is named by 16 hexadecimal digits, got {fingerprint!r}.")
        return self.root / part / fingerprint[:2] / fingerprint

    def _own(self, path: Path, *, made: bool) -> None:
        """Refuse to write through links, which could lead out of the run's folder."""
        for part in (path, *path.parents):
            if part == self.root:
                break
            if part.is_symlink():
                raise UnbraidError(f"{part} is a link; a run writes into its own folder only.")
        if made:
            path.mkdir(parents=True, exist_ok=True)


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object; empty where there is none that can be read."""
    try:  # a pipe is no file: reading it might never end
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _holds_more(path: Path) -> bool:
    """Return whether there is anything but a mark that another run writes now, or never ended."""
    return any(not _folders.is_temporary(other, path / _MARK) for other in path.iterdir())


def _is_marked(path: Path) -> bool:
    return read_json(path / _MARK) == _FORMAT


def _locked(path: Path) -> int | None:
    """Return an open file that this process alone has locked; None if another has it."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            _folders.lock(handle)
            if path.stat().st_ino == os.fstat(handle).st_ino:
                return handle
        except BlockingIOError:
            os.close(handle)
            return None
        except FileNotFoundError:  # the process before has just released it
            pass
        os.close(handle)
