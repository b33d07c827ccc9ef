"""A plane's folder of Suite2p: frames are stimuli, accepted regions are units."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._formats.arrays import npy
from unbraid.responses._said import report
from unbraid.responses.labelled._responses import Responses

_TRACES = ("F", "Fneu", "spks")
_CELLS = ("accepted", "all")


def is_folder(path: Path) -> bool:
    """Return whether a folder holds what Suite2p writes of one plane."""
    return path.is_dir() and (path / "F.npy").is_file() and (path / "iscell.npy").is_file()


def read(path: Path, values: str = "F", cells: str = "accepted") -> Responses:
    """Read traces of a plane; ``values``: F, Fneu or spks; ``cells``: accepted (iscell) or all.

    Units are called by their number in the files. ``stat.npy`` and ``ops.npy`` are pickles and are
    never opened. Frames follow each other in time: average them over the stimuli's times first, or
    compare frame by frame.
    """
    if values not in _TRACES:
        raise InputError(f"{path}: values must be F, Fneu or spks, got {values!r}.")
    if cells not in _CELLS:
        raise InputError(f"{path}: cells must be {' or '.join(map(repr, _CELLS))}, got {cells!r}.")
    traces, iscell = npy.read_array(path / f"{values}.npy"), npy.read_array(path / "iscell.npy")
    if traces.ndim != 2:
        raise InputError(f"{path / values}.npy must be cells x frames, got shape {traces.shape}.")
    if iscell.ndim != 2 or len(iscell) != len(traces) or not np.isin(iscell[:, 0], (0, 1)).all():
        raise InputError(
            f"{path / 'iscell.npy'} must have a row for each of {len(traces)} regions, 1 or 0 "
            f"first, got shape {iscell.shape}."
        )
    kept = iscell[:, 0] == 1 if cells == "accepted" else np.ones(len(traces), bool)
    if not kept.any():
        raise InputError(f"{path}: iscell.npy accepts no region; cells='all' takes them all.")
    made_by = {"file": str(path / f"{values}.npy"), "format": "Suite2p"}
    if not kept.all():
        made_by["left_out"] = (
            f"{(~kept).sum()} of {len(kept)} regions that iscell.npy calls no cell"
        )
    unread = [p.name for p in path.iterdir() if p.name not in (f"{values}.npy", "iscell.npy")]
    return Responses(
        np.ascontiguousarray(traces[kept].T),
        units=[str(number) for number in np.flatnonzero(kept)],
        made_by=report(made_by, unread),
    )
