"""92 object images with IT's dissimilarities in humans and monkeys (Kriegeskorte et al. 2008)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unbraid.errors import InputError

_MAIN, _HUMAN = "Kriegeskorte_Neuron2008_supplementalData.mat", "92_brainRDMs.mat"


@dataclass(frozen=True, eq=False)
class Objects92:
    """Images and representational dissimilarities, as upper triangles."""

    images: np.ndarray
    """(92, 175, 175, 3) bytes."""
    human: np.ndarray
    """(4 subjects, 4186 pairs), mean of two sessions."""
    monkey: np.ndarray
    """(4186 pairs,), 674 neurons of two monkeys."""


def objects92(data: Path) -> Objects92:
    """Read the images and dissimilarities."""
    import scipy.io

    folder = data / "images92_rsatoolbox"
    for name in (_MAIN, _HUMAN):
        if not (folder / name).is_file():
            raise InputError(f"{folder / name} does not exist.")
    main = scipy.io.loadmat(folder / _MAIN)
    images = np.stack([entry["image"] for entry in main["stimuli_92objs"].ravel()])
    sessions = scipy.io.loadmat(folder / _HUMAN)["RDMs"]  # (1, subjects, sessions)
    upper = np.triu_indices(92, 1)
    human = np.array([[cell["RDM"][upper] for cell in row] for row in sessions[0]], dtype=float)
    monkeys = {str(e["name"].item()): e["RDM"].ravel() for e in main["RDMs_mIT_hIT_fig1"].ravel()}
    (monkey,) = (rdm for name, rdm in monkeys.items() if name.startswith("mIT"))
    return Objects92(images, human.mean(axis=1), np.asarray(monkey, dtype=float))
