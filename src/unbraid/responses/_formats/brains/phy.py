"""A folder of phy or Kilosort: spikes of the good clusters, counted in a window of each trial."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import as_path, check_file
from unbraid.responses._formats._foreign import reading
from unbraid.responses._formats.arrays import npy
from unbraid.responses._formats.brains._events import starts_of
from unbraid.responses._formats.brains._spikes import check_seconds, check_window, count
from unbraid.responses._said import report
from unbraid.responses.labelled._responses import Responses
from unbraid.responses.labelled._trials import from_trials

_TIMES, _CLUSTERS = "spike_times.npy", "spike_clusters.npy"
_BY_HAND = ("cluster_group.tsv", "cluster_info.tsv", "cluster_groups.csv")
_BY_RULE = ("cluster_KSLabel.tsv", "cluster_info.tsv", "cluster_group.tsv")
_UNSORTED = ("", "nan", "unsorted", "None")  # as phy writes that nobody labelled a cluster
_GOOD = "good"
_RATE = re.compile(r"^\s*sample_rate\s*=\s*([0-9.eE+]+)\s*(#.*)?$", re.MULTILINE)


def is_folder(path: Path) -> bool:
    """Return whether a folder holds what phy and Kilosort write."""
    return path.is_dir() and (path / _TIMES).is_file() and (path / _CLUSTERS).is_file()


def read(
    path: Path,
    events: Any = None,
    window: tuple[float, float] = (0.0, 0.2),
    stimuli: str | None = None,
    align: str | None = None,
    cells: str = _GOOD,
    rate: float | None = None,
) -> Responses:
    """Count spikes of each cluster in ``align + window`` (seconds) of every trial.

    ``events``: a table (.csv, .tsv), one row per trial, with a column of starts in seconds of the
    recording (``align``, by default start_time, onset or start) and one of stimuli; trials of one
    stimulus become repeats. ``cells``: labels of the clusters that are taken, such as ``"good"``
    or ``"good mua"``, or ``"all"``; a label given by hand (``cluster_group.tsv``) comes before
    Kilosort's. ``rate``: samples per second, by default what ``params.py`` states (it is read as
    text, never run); 1 where spike times are seconds.
    """
    low, high = check_window(window)
    if events is None:
        raise InputError(
            f"{path} holds spikes, and nothing in it says when a stimulus was shown: say "
            "events=FILE, a table (.csv, .tsv) of trials with their start in seconds and stimulus."
        )
    times, clusters = _column(path / _TIMES), _column(path / _CLUSTERS)
    if len(times) != len(clusters) or clusters.dtype.kind not in "iu":
        raise InputError(
            f"{path / _CLUSTERS} must hold the cluster of each of {len(times)} spikes, got "
            f"{len(clusters)} of dtype {clusters.dtype}."
        )
    spikes = _seconds(path, times, rate)
    where = as_path(events, "events")
    starts, shown, align = starts_of(where, align, stimuli)
    numbers = np.unique(clusters)
    labels, files = _labels(path, cells)
    kept = _kept(path, numbers, labels, cells)
    order = np.argsort(clusters, kind="stable")
    first = np.searchsorted(clusters[order], numbers)
    every = dict(zip(numbers.tolist(), np.split(spikes[order], first[1:]), strict=True))
    trains = [every[number] for number in kept]
    check_seconds(str(path), trains, starts)
    _check_inside(where, starts + low, starts + high, spikes)
    counts = count(trains, starts, (low, high), None, np.empty((0, 2)))
    made_by: dict[str, Any] = {
        "format": "phy", "events": str(where), "align": align, "window": [low, high],
        "cells": cells, "labels": files,
    }  # fmt: skip
    if len(kept) < len(numbers):
        out = Counter(
            labels.get(number, "unlabelled") for number in set(numbers.tolist()) - {*kept}
        )
        said = ", ".join(f"{n} {label}" for label, n in sorted(out.items()))
        made_by["left_out"] = f"{len(numbers) - len(kept)} of {len(numbers)} clusters: {said}"
    used = {_TIMES, _CLUSTERS, "params.py", *files}
    unread = [each.name for each in path.iterdir() if each.name not in used]
    try:
        return from_trials(
            counts, shown, units=[str(n) for n in kept], made_by=report(made_by, unread)
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _column(path: Path) -> np.ndarray:
    found = npy.read_array(path)
    if found.ndim not in (1, 2) or found.size != len(found):
        raise InputError(f"{path} must hold one number per spike, got shape {found.shape}.")
    if not found.size:
        raise InputError(f"{path} holds no spike.")
    return found.ravel()


def _seconds(path: Path, times: np.ndarray, rate: float | None) -> np.ndarray:
    """Return times of spikes in seconds, from samples."""
    if rate is None:
        params = path / "params.py"
        text = params.read_text(encoding="utf-8", errors="replace") if params.is_file() else ""
        stated = _RATE.search(text)
        if stated is None:
            raise InputError(
                f"{path} has no params.py that states sample_rate: say rate=SAMPLES_PER_SECOND (1 "
                f"if {_TIMES} holds seconds)."
            )
        rate = float(stated[1])
        if times.dtype.kind == "f" and (times % 1).any():
            raise InputError(
                f"{path / _TIMES} must hold samples, got fractions: say rate=1 if they are seconds."
            )
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < np.inf:
        raise InputError(f"rate must be a number of samples per second, got {rate!r}.")
    return times.astype(np.float64) / rate


def _labels(path: Path, cells: str) -> tuple[dict[int, str], list[str]]:
    """Return the label of each cluster, and the files that said it; by hand before by rule."""
    found: dict[int, str] = {}
    files = []
    for names, column in ((_BY_RULE, "KSLabel"), (_BY_HAND, "group")):
        file = next((path / n for n in names if column in _header(path / n)), None)
        if file is not None:
            found |= _column_of_labels(file, column)
            files.append(file.name)
    if not found and cells != "all":
        raise InputError(
            f"{path}: no cluster_group.tsv, cluster_info.tsv or cluster_KSLabel.tsv says which "
            "clusters are good. Say cells='all' to take them all."
        )
    return found, files


def _header(path: Path) -> list[str]:
    if not path.is_file():
        return []
    check_file(path)
    with reading(path, "table"), path.open(encoding="utf-8") as stream:
        return stream.readline().rstrip("\r\n").split("\t")


def _column_of_labels(path: Path, column: str) -> dict[int, str]:
    """Return what a table of phy says of each cluster, where it says anything."""
    import pandas

    with reading(path, "table"):
        table = pandas.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    key = next((name for name in ("cluster_id", "id") if name in table), None)
    if key is None or not table[key].str.fullmatch(r"\d+").all():
        raise InputError(f"{path} must have a column cluster_id of whole numbers.")
    pairs = zip(table[key], table[column], strict=True)
    return {int(number): label for number, label in pairs if label not in _UNSORTED}


def _kept(path: Path, numbers: np.ndarray, labels: dict[int, str], cells: str) -> list[int]:
    """Return the clusters that are taken, in the order of their numbers."""
    if cells == "all":
        return [int(number) for number in numbers]
    asked = set(str(cells).split())
    held = Counter(labels.get(number, "unlabelled") for number in numbers.tolist())
    kept = [number for number in numbers.tolist() if labels.get(number) in asked]
    if not kept or not asked <= {*held, _GOOD}:
        said = ", ".join(f"{n} {label}" for label, n in sorted(held.items()))
        raise InputError(
            f"{path}: cells={cells!r} names no cluster that has spikes; there are {said}. Say "
            "which, such as cells='good mua', or cells='all'."
        )
    return kept


def _check_inside(path: Path, begin: np.ndarray, end: np.ndarray, spikes: np.ndarray) -> None:
    """Refuse trials of which nothing was recorded: no spike of any cluster is as late, or early."""
    outside = (begin > spikes.max()) | (end < spikes.min())
    if outside.any():
        raise InputError(
            f"{path}: {int(outside.sum())} of {len(begin)} trials lie outside the recording, whose "
            f"spikes run from {spikes.min():.6g} to {spikes.max():.6g} s: are these its trials, in "
            "seconds? Leave those rows out."
        )
