"""A plan: the jobs of a sweep, each after those that it needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from unbraid._config import read_yaml, shown
from unbraid._documented import documented_answer
from unbraid.errors import InputError
from unbraid.jobs._expand import BLOCKS, expand, unknown
from unbraid.jobs._inputs import File, find_file, is_pattern, matches
from unbraid.jobs._job import Job
from unbraid.jobs.kinds import KINDS, Kind


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """Jobs, each once, those that others need first."""

    jobs: tuple[Job, ...]
    """In an order in which they can be done."""

    @classmethod
    def of(cls, jobs: Iterable[Job]) -> Plan:
        """Return the plan of these jobs; equal ones count once, under the first one's name."""
        unique: dict[str, Job] = {}
        for job in jobs:
            unique.setdefault(job.fingerprint, job)
        return cls(jobs=tuple(_in_order(unique)))

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that name this set of jobs."""
        names = sorted(job.fingerprint for job in self.jobs)
        return hashlib.sha256(" ".join(names).encode()).hexdigest()[:16]

    @cached_property
    def by_fingerprint(self) -> dict[str, Job]:
        """Return each job by its name."""
        return {job.fingerprint: job for job in self.jobs}

    def share(self, index: int, count: int) -> Plan:
        """Return one of ``count`` shares (from 1 on), with what its jobs need.

        Shares are alike in number of jobs; together they are the whole plan.

        Raises
        ------
        InputError
            A share that there is not.
        """
        if not 1 <= index <= count:
            raise InputError(f"A shard is i/n with 1 <= i <= n, got {index}/{count}.")
        own = {job.fingerprint for job in self.jobs[index - 1 :: count]}
        return Plan(jobs=tuple(_with_needs(own, self)))

    def plain(self) -> list[dict[str, Any]]:
        """Return plain JSON data."""
        return [job.plain() for job in self.jobs]


def read_sweep(path: str | Path) -> Plan:
    r"""Read a sweep from YAML; relative paths in it begin at its own folder.

    Parameters
    ----------
    path : str or Path
        A YAML file of ``job``, ``base``, ``grid``, ``zip`` and ``list``, as ``sweep`` takes them.

    Returns
    -------
    Plan
        Every job, each once, those that others need first.

    Raises
    ------
    InputError
        No YAML; an unknown key, with a suggestion; an option or a file that a job cannot use.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> place = Path(tempfile.mkdtemp())
    >>> np.save(place / "x.npy", np.eye(6))
    >>> text = "job: score\nbase: {x: x.npy, y: x.npy}\ngrid: {metric: [cka, rsa]}\n"
    >>> _ = (place / "sweep.yaml").write_text(text)
    >>> [job.settings["metric"] for job in read_sweep(place / "sweep.yaml").jobs]
    ['cka', 'rsa']
    """
    path = Path(path).expanduser()
    return plan_of(read_yaml(path), path.absolute().parent, str(path))


def plan_of(blocks: Any, start: Path, where: str = "The sweep") -> Plan:
    """Return the plan of ``job``, ``base``, ``grid``, ``zip`` and ``list``.

    Parameters
    ----------
    blocks : mapping
        What a sweep's YAML file holds: ``job``, ``base``, ``grid``, ``zip`` and ``list``.
    start : Path
        Where relative paths begin.
    where : str
        What messages call the sweep.

    Returns
    -------
    Plan
        Every job, each once, those that others need first.

    Raises
    ------
    InputError
        An unknown key, with a suggestion; an option or a file that a job cannot use.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> place = Path(tempfile.mkdtemp())
    >>> np.save(place / "x.npy", np.eye(6))
    >>> grid = {"metric": ["cka", "rsa"], "y": ["x.npy", "x.npy"]}  # twice the same: one job
    >>> len(plan_of({"job": "score", "base": {"x": "x.npy"}, "grid": grid}, place).jobs)
    2
    """
    if not isinstance(blocks, Mapping):
        raise InputError(f"{where} must hold job, base, grid, zip and list, got {shown(blocks)}.")
    known = ("job", *BLOCKS)
    for name in blocks:
        if name not in known:
            raise unknown(name, known, where)
    name = blocks.get("job", "compare")
    if not isinstance(name, str) or name not in KINDS:
        raise unknown(name, KINDS, "job")
    grid = blocks.get("grid")
    if isinstance(grid, Mapping):
        blocks = {**blocks, "grid": _with_files(grid, KINDS[name], start)}
    found: dict[str, File] = {}
    return Plan.of(job_of(KINDS[name], options, start, found) for options in expand(blocks))


def job_of(
    kind: Kind,
    options: Mapping[str, Any],
    start: Path,
    found: dict[str, File],
    needs: Mapping[str, str] | None = None,
) -> Job:
    """Return a job from its options, resolved.

    Parameters
    ----------
    kind : Kind
        One of ``KINDS``.
    options : mapping
        As in a sweep: files and settings together.
    start : Path
        Where relative paths begin.
    found : dict
        Files that were looked up before; new ones are added.
    needs : mapping, optional
        Jobs whose results it uses.

    Returns
    -------
    Job
        With every option that counts, and the hash of each file.

    Raises
    ------
    InputError
        An unknown option, with a suggestion; a file that there is not; an option that is missing.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import unbraid as ub
    >>> place = Path(tempfile.mkdtemp())
    >>> np.save(place / "x.npy", np.eye(6))
    >>> options = {"x": "x.npy", "y": "x.npy", "metric": "cka"}
    >>> job_of(ub.jobs.KINDS["score"], options, place, {}).settings["seed"]  # the default
    0
    """
    try:
        asked = json.loads(json.dumps(dict(options), default=str))
    except (TypeError, ValueError, RecursionError) as error:
        said = str(error).splitlines()[0] if str(error) else "nested too deeply"
        raise InputError(f"A job of kind {kind.name} needs plain options ({said}).") from None
    options = kind.spread(options, start)
    slots = kind.files(options)
    known = [*slots, *kind.options(options)]
    for name in options:
        if name not in known:
            raise unknown(name, known, f"A job of kind {kind.name}")
    missing = [slot for slot, needed in slots.items() if needed and options.get(slot) is None]
    if missing:
        raise InputError(f"A job of kind {kind.name} needs {' and '.join(missing)}.")
    files = {}
    for slot in slots:
        if options.get(slot) is not None:
            key = f"{options[slot]!r}"
            if key not in found:
                found[key] = find_file(options[slot], slot, start)
            files[slot] = found[key]
    settings = kind.settings({k: v for k, v in options.items() if k not in slots})
    return Job(kind=kind.name, settings=settings, files=files, needs=needs or {}, asked=asked)


def parse_share(text: str) -> tuple[int, int]:
    """Read ``i/n``: the i-th of n shares of a plan.

    Parameters
    ----------
    text : str
        Such as ``"2/8"``.

    Returns
    -------
    tuple of two int
        i and n, ``1 <= i <= n``.

    Raises
    ------
    InputError
        Anything else.

    Examples
    --------
    >>> parse_share("2/8")
    (2, 8)
    """
    first, slash, last = text.partition("/")
    if not (slash and first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last)):
        raise InputError(f"A shard is written i/n with 1 <= i <= n, e.g. 2/8, got {shown(text)}.")
    return int(first), int(last)


def _with_files(grid: Mapping[str, Any], kind: Kind, start: Path) -> dict[str, Any]:
    """Replace patterns of several files by the files that they fit."""
    slots = [option for option in grid if _fits_files(kind, option)]
    filled = dict(grid)
    for slot in slots:
        values = grid[slot] if isinstance(grid[slot], list) else [grid[slot]]
        if any(map(is_pattern, values)) or isinstance(grid[slot], list):
            filled[slot] = [
                one
                for value in values
                for one in (matches(value, slot, start) if is_pattern(value) else [value])
            ]
    return filled


def _fits_files(kind: Kind, option: Any) -> bool:
    try:
        return option in kind.files({})
    except InputError:  # a kind whose files depend on its options
        return False


def _in_order(jobs: dict[str, Job]) -> list[Job]:
    """Return jobs after those that they need, else in the order given."""
    ordered: dict[str, Job] = {}

    def add(name: str) -> None:
        for other in jobs[name].needs.values():
            if other not in jobs:
                raise InputError(f"A job needs {shown(other)}, which the plan does not hold.")
            if other not in ordered:
                add(other)
        ordered.setdefault(name, jobs[name])

    for name in jobs:
        add(name)
    return list(ordered.values())


def _with_needs(names: set[str], plan: Plan) -> list[Job]:
    for job in reversed(plan.jobs):
        if job.fingerprint in names:
            names |= set(job.needs.values())
    return [job for job in plan.jobs if job.fingerprint in names]
