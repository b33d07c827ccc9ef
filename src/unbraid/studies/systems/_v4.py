"""Macaque V4 and the pictures it saw (Cowley et al. 2023), read from a folder of their files."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from unbraid.errors import InputError
from unbraid.responses import (
    Images,
    Network,
    Responses,
    betas,
    images,
    load,
    open_network,
)
from unbraid.responses.pictures._images import SUFFIXES


@dataclass(frozen=True, eq=False)
class Session:
    """One day's units and pictures; row ``i`` of the responses is picture ``i``."""

    name: str
    pictures: Images
    responses: Responses

    def first(self, n: int) -> Session:
        """Return the first ``n`` pictures and the responses to them."""
        rows = np.arange(min(n, len(self.responses)))
        return Session(self.name, self.pictures.take(rows), self.responses.take(rows))


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


def prepared(
    folder: Path, pictures: Path | None, subject: int, region: str | None
) -> tuple[Session, np.ndarray | None]:
    """Return prepared fMRI responses with their pictures, and the voxels' ceilings.

    Pictures and ids belong together whose names, without folder, suffix and leading zeros, agree.
    """
    if pictures is None:
        raise InputError("betas need their pictures: give images=FOLDER (or a zip).")
    found = betas(folder, subject, region=region)
    every = images(pictures)
    keys = [_bare(name) for name in every.names]
    at, ids = {key: i for i, key in enumerate(keys)}, [str(i) for i in found.responses.stimuli]
    missing = [name for name in ids if _bare(name) not in at]
    if missing:
        raise InputError(
            f"{len(missing)} of {len(ids)} images are not in {pictures}, e.g. {missing[0]!r}."
        )
    rows, several = [at[_bare(name)] for name in ids], Counter(keys)
    twice = [name for name in ids if several[_bare(name)] > 1]
    if twice:
        raise InputError(f"{pictures} has several pictures of the name of image {twice[0]!r}.")
    shown = every.take(rows)
    name = f"subject {subject}" + (f", {region}" if region else "")
    return Session(name, shown, found.responses), found.ceiling


def _bare(name: str) -> str:
    path = PurePosixPath(name)
    return (path.stem if path.suffix.lower() in SUFFIXES else path.name).lstrip("0")


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


def opened(name: str, folder: Path | None, rng: np.random.Generator | None = None) -> Network:
    """Open a network by name with its weights from the folder; with ``rng``, random weights.

    ``torchvision:NAME`` and ``timm:NAME`` are looked for as ``NAME.safetensors`` or ``NAME.pth``;
    a folder of transformers brings its own weights.
    """
    if rng is not None:
        return open_network(name, untrained=True, rng=rng)
    if Path(name).is_dir():
        return open_network(name)
    weights = networks_folder(folder)
    bare = name.rpartition(":")[2]
    if bare != name:
        files = [weights / f"{bare}{suffix}" for suffix in (".safetensors", ".pth")]
        weights = next((file for file in files if file.is_file()), files[0])
    return open_network(name, weights)


def _digest(pictures: Images, row: int) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(pictures[row]).data).digest()
