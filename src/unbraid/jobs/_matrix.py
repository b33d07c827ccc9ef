"""Every system against every other: the commonest sweep, its dictionaries learned once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from unbraid._validate import check_count
from unbraid.errors import InputError
from unbraid.jobs._folder import read_json
from unbraid.jobs._inputs import File, find_file, matches
from unbraid.jobs._job import Job
from unbraid.jobs._plan import Plan, job_of
from unbraid.jobs.kinds import KINDS
from unbraid.jobs.kinds.compare import LEARNED
from unbraid.jobs.kinds.fit import METHOD

_MOST_PAIRS = 100_000  # pairs


def matrix(
    systems: str | Path | Sequence[str | Path],
    against: str | Path | Sequence[str | Path] | None = None,
    *,
    method: Any = "auto",
    seeds: int = 3,
    train_share: float = 0.5,
    seed: int = 0,
    start: Path | None = None,
    **options: Any,
) -> Plan:
    """Plan the comparison of every system with every other, each dictionary learned once.

    Parameters
    ----------
    systems : path, pattern, folder, or several
        Files, stores, ``file::array``, patterns such as ``"A/*.npy"``, or folders, of which every
        file is taken. In natural order, layer 2 before layer 10; layers that ``record`` wrote in
        the order of their modules.
    against : the same, optional
        The systems that they are compared with; without it, each pair among ``systems``.
    method : Method or str
        How each system's dictionaries are learned, as in ``compare``.
    seeds : int
        Dictionaries of each system.
    train_share : float
        About this share of the stimuli is learned from, and never scored. A stimulus is drawn by
        its id, so that it is on the same side for every system. With ``order="time"`` it is the
        first share of the rows.
    seed : int
        Rules which stimuli are learned from, the dictionaries and the comparisons.
    start : Path, optional
        Where relative paths begin; the current folder.
    **options
        Every other option of ``compare``.

    Returns
    -------
    Plan
        ``len(all systems) * seeds`` dictionaries, and a comparison of each pair.

    Raises
    ------
    InputError
        No files; fewer than two among themselves; an unknown option.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> place = Path(tempfile.mkdtemp())
    >>> for name in "abc":
    ...     np.save(place / f"{name}.npy", np.random.default_rng(ord(name)).normal(size=(40, 3)))
    >>> plan = matrix(place, seeds=2)
    >>> [sum(job.kind == kind for job in plan.jobs) for kind in ("fit", "compare")]
    [6, 3]
    """
    start = Path.cwd() if start is None else start
    check_count(seeds, "seeds", least=1)
    check_count(seed, "seed")
    rows = _files(systems, "systems", start)
    columns = rows if against is None else _files(against, "against", start)
    pairs = [
        (x, y)
        for i, x in enumerate(rows)
        for j, y in enumerate(columns)
        if against is not None or i < j
    ]
    if not pairs:
        raise InputError(f"A matrix among themselves needs two systems or more, got {len(rows)}.")
    if len(pairs) > _MOST_PAIRS:
        raise InputError(f"The matrix has {len(pairs)} pairs; at most {_MOST_PAIRS} are run.")
    found: dict[str, File] = {}
    options.setdefault("frozen", False)  # as where each pair learns its own
    part: dict[str, Any] = {"train_share": train_share, "split_seed": seed}
    if options.get("order") == "time":
        part["order"] = "time"
    fits = {
        name: _fits(name, method, seeds, seed, part, start, found)
        for name in dict.fromkeys([*rows, *columns])
    }
    jobs = [job for several in fits.values() for job in several]
    for x, y in pairs:
        needs = {
            f"{side}_dictionary.{k}": job.fingerprint
            for side, system in (("x", x), ("y", y))
            for k, job in enumerate(fits[system])
        }
        given = {**options, "x": x, "y": y, "seed": seed, LEARNED: part, "learned_from": "train"}
        jobs.append(job_of(KINDS["compare"], given, start, found, needs))
    return Plan.of(jobs)


def _fits(
    system: str,
    method: Any,
    seeds: int,
    seed: int,
    part: dict[str, Any],
    start: Path,
    found: dict[str, File],
) -> list[Job]:
    """Return the jobs that learn a system's dictionaries; the first one settles the method."""
    jobs: list[Job] = []
    for k in range(seeds):
        needs = {METHOD: jobs[0].fingerprint} if k else {}
        given = {"x": system, "method": method, "seed": seed + k, **part}
        jobs.append(job_of(KINDS["fit"], given, start, found, needs))
    return jobs


def _files(given: str | Path | Sequence[str | Path], name: str, start: Path) -> list[str]:
    """Return the systems that patterns and folders stand for, each once."""
    texts = [given] if isinstance(given, str | Path) else list(given)
    found: dict[str, None] = {}
    for text in map(str, texts):
        for one in _in_depth(matches(text, name, start)):
            found.update(dict.fromkeys(_inside(one, name, start)))
    if not found:
        raise InputError(f"{name} must name at least one file.")
    for one in found:
        find_file(one, name, start)
    return list(found)


def _inside(path: str, name: str, start: Path) -> list[str]:
    """Return a system, or those in a folder that is none itself."""
    folder = Path(path)
    if not folder.is_dir() or (folder / "manifest.json").exists() or folder.suffix:
        return [path]
    return _in_depth(matches(f"{path}/*", name, start))


def _in_depth(paths: list[str]) -> list[str]:
    """Return layers recorded into one folder in the order of depth; all else as it is."""
    ordered: list[str] = []
    for _, group in groupby(paths, key=lambda path: Path(path).parent):
        layers = list(group)
        places = [read_json(Path(path) / "manifest.json").get("made_by") for path in layers]
        known: list[Any] = [
            made.get("place") if isinstance(made, dict) else None for made in places
        ]
        if all(isinstance(place, int) for place in known):
            layers = [layers[i] for i in sorted(range(len(layers)), key=lambda i: known[i])]
        ordered += layers
    return ordered
