"""Fluorescence in NWB: what a region answered in a window of each trial, as a mean of samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_memory
from unbraid.responses._formats._foreign import reading
from unbraid.responses._formats.arrays import hdf5
from unbraid.responses._formats.arrays._packed import unpack
from unbraid.responses._formats.brains._nwb_file import (
    Presentations,
    accepted,
    column_of,
    invalid_times,
)
from unbraid.responses._formats.meaning._entry import plain
from unbraid.responses._said import Said

KIND = "RoiResponseSeries"
_TYPE = "neurodata_type"  # attribute in which NWB says what a group is
_SLACK = 1e-6  # of an interval: a sample at a window's edge, by rounding before it, is in it


def series_in(path: Path, file: Any) -> list[str]:
    """Return the paths of all series of regions of interest."""
    groups = hdf5.contents(path, file).groups
    return [name for name, about in groups.items() if plain(about.get(_TYPE, "")) == KIND]


def means(
    path: Path, file: Any, name: str, trials: Presentations, window: tuple[float, float], cells: str
) -> tuple[np.ndarray, list[str], dict[str, Any], set[str]]:
    """Return each region's mean in ``[start + low, start + high)`` of each trial, and its name.

    NaN where no sample of the window is a number, where the window does not lie within the series,
    or where it overlaps invalid times. Also what is recorded of it, and the paths that were read.
    """
    table, regions = _regions(path, file, name)
    names = column_of(path, file, f"{table}/id")
    if len(regions) and not 0 <= regions.min() <= regions.max() < len(names):
        raise InputError(f"{path}: {name}/rois points outside {table}.")
    kept, column, left = accepted(path, file, table, len(names), cells)
    values, turned = _values(path, file, name, len(regions))
    times = _times(path, file, name, len(values))
    mine = kept[regions]
    if not mine.any():
        raise InputError(f"{path}: {name} holds no cell that {column} accepts; say cells='all'.")
    rows = _averaged(path, values[:, mine], times, trials.starts, window)
    begin, end = trials.starts + window[0], trials.starts + window[1]
    for first, last in invalid_times(path, file):
        rows[(begin < last) & (end > first)] = np.nan
    if left and (~mine).any():
        left = {"left_out": f"{int((~mine).sum())} of {len(mine)} regions that {column} refuses"}
    made_by = {"series": name, "cells": cells, **(left if (~mine).any() else {}), **turned}
    used = {f"{name}/{part}" for part in ("data", "rois", "timestamps", "starting_time")}
    return rows, [plain(one) for one in names[regions[mine]]], made_by, used | {column}


def _regions(path: Path, file: Any, name: str) -> tuple[str, np.ndarray]:
    """Return the path of the table of regions, and the row of it that each column stands for."""
    h5py = hdf5.need("h5py", "brain", ".nwb")
    rows = column_of(path, file, f"{name}/rois")
    with reading(path, "NWB"):
        pointed = hdf5.dataset(path, file, f"{name}/rois").attrs.get("table")
        table = file[pointed] if isinstance(pointed, h5py.Reference) and pointed else None
        where = None if table is None else str(table.name).strip("/")
    if where is None or rows.dtype.kind not in "iu":
        raise InputError(f"{path}: {name}/rois does not say which table its regions are of.")
    return where, rows


def _values(path: Path, file: Any, name: str, n: int) -> tuple[np.ndarray, dict[str, Any]]:
    """Return samples (times, regions), converted as the file says, and if they were turned."""
    full = f"{name}/data"
    with reading(path, "NWB"):
        data = hdf5.dataset(path, file, full)
        if not hasattr(data, "shape"):
            raise InputError(f"{path} has no {full}.")
        said = Said(f"{path}: {full}", hdf5.attributes(data))
    factor, shift = (float(said.take(key, to)) for key, to in (("conversion", 1), ("offset", 0)))
    said.skip("unit", "resolution")
    values = unpack(hdf5.read_dataset(path, full, data), said)
    said.settle()
    if values.dtype.kind not in "fiu" or not (np.isfinite(factor) and np.isfinite(shift)):
        raise InputError(f"{path}: {full} must hold numbers, got {values.dtype}.")
    values = values[:, None] if values.ndim == 1 and n == 1 else values
    turned = {}
    if values.ndim == 2 and values.shape[1] != n and values.shape[0] == n:
        values, turned = values.T, {"turned": "data stood as regions x samples"}
    if values.ndim != 2 or values.shape[1] != n:
        raise InputError(f"{path}: {full} must be samples x {n} regions, got {values.shape}.")
    if factor == 1 and shift == 0:
        return values, turned
    return values.astype(np.float64) * factor + shift, turned


def _times(path: Path, file: Any, name: str, n: int) -> np.ndarray:
    """Return the time of each sample in seconds."""
    if hdf5.dataset(path, file, f"{name}/timestamps") is not None:
        times = column_of(path, file, f"{name}/timestamps").astype(np.float64)
        if len(times) != n or not np.isfinite(times).all() or (np.diff(times) < 0).any():
            raise InputError(f"{path}: {name}/timestamps must be {n} times that never fall.")
        return times
    with reading(path, "NWB"):
        start = hdf5.dataset(path, file, f"{name}/starting_time")
        rate = None if start is None else float(start.attrs.get("rate", np.nan))
    if rate is None or not 0 < rate < np.inf:
        raise InputError(f"{path}: {name} has neither timestamps nor a starting_time with a rate.")
    return float(start[()]) + np.arange(n) / rate


def _averaged(
    path: Path,
    values: np.ndarray,
    times: np.ndarray,
    starts: np.ndarray,
    window: tuple[float, float],
) -> np.ndarray:
    check_memory(8 * len(starts) * values.shape[1], str(path))
    rows = np.full((len(starts), values.shape[1]), np.nan)
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    if window[1] - window[0] < step:
        raise InputError(
            f"{path}: window={window} is shorter than the {step:.3g} s between two samples."
        )
    begin, end = starts + window[0], starts + window[1]
    inside = (begin >= times[0] - _SLACK * step) & (end <= times[-1] + (1 + _SLACK) * step)
    if not inside.any():
        raise InputError(
            f"{path}: no trial lies within the series: samples run from {times[0]:.6g} to "
            f"{times[-1]:.6g} s, trials from {starts.min():.6g} to {starts.max():.6g}. Both must "
            "be seconds."
        )
    for row, low, high in zip(rows, begin, end, strict=True):
        first, last = np.searchsorted(times, (low - _SLACK * step, high - _SLACK * step))
        some = values[first:last].astype(np.float64)
        known = ~np.isnan(some)
        counts = known.sum(axis=0)
        np.divide(np.where(known, some, 0).sum(axis=0), counts, out=row, where=counts > 0)
    rows[~inside] = np.nan
    return rows
