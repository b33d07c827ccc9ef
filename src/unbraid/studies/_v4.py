"""Macaque V4 and the pictures it saw (Cowley et al. 2023), read from a folder of their files."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unbraid.errors import InputError
from unbraid.responses import Images, Responses, images, load


@dataclass(frozen=True, eq=False)
class Session:
    """One day's units and pictures; row ``i`` of the responses is picture ``i``."""

    name: str
    pictures: Images
    responses: Responses


def session(data: Path, name: str) -> Session:
    """Return a session; single trials are read where the file is there, and give ceilings.

    Row ``i`` belongs to the picture whose name is the ``i``-th in **sorted** order, which is not
    the order inside every zip.
    """
    folder = data / "v4_cowley"
    pictures = images(folder / "images" / f"images_{name}.zip")
    raw = folder / "responses_raw" / f"responses_{name}.npy"
    averaged = folder / "responses_repeat_averaged" / f"responses_{name}.npy"
    if raw.is_file():
        values = load(raw, axes="units stimuli repeats")
    else:
        values = load(averaged, axes="units stimuli")
    if len(values) != len(pictures):
        raise InputError(
            f"Session {name} must have as many pictures as stimuli, got {len(pictures)} and "
            f"{len(values)}."
        )
    named = Responses(
        values.values,
        stimuli=[f"{name}/{picture}" for picture in pictures.names],
        repeats=values.repeats,
        made_by={"session": name},
    )
    return Session(name, pictures, named)


def other_pictures(training: Images, tested: Images) -> Images:
    """Return the training pictures that are not, byte for byte, among the tested ones."""
    seen = {_digest(tested, i) for i in range(len(tested))}
    return training.take([i for i in range(len(training)) if _digest(training, i) not in seen])


def data_folder(given: Path | None) -> Path:
    """Return the folder of real data: as given, or from UNBRAID_DATA."""
    found = given or (Path(os.environ["UNBRAID_DATA"]) if "UNBRAID_DATA" in os.environ else None)
    if found is None or not found.is_dir():
        raise InputError(
            "This study needs real data: give data=FOLDER (or UNBRAID_DATA), which holds "
            f"v4_cowley/ and images92_rsatoolbox/; got {found}."
        )
    return found


def networks_folder(given: Path | None) -> Path:
    """Return the folder of networks' weights: as given, or from UNBRAID_NETWORKS."""
    named = os.environ.get("UNBRAID_NETWORKS")
    found = given or (Path(named) if named else None)
    if found is None or not found.is_dir():
        raise InputError(
            "This study needs networks' weights: give networks=FOLDER (or UNBRAID_NETWORKS), "
            f"made by scripts/fetch_networks.py FOLDER; got {found}."
        )
    return found


def _digest(pictures: Images, row: int) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(pictures[row]).data).digest()
