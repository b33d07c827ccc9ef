"""Small systems on disk, and sweeps over them."""

import numpy as np
import pytest

SPEC = {"job": "score", "base": {"metric": "cka", "permutations": 0, "resamples": 0}}


@pytest.fixture
def systems(tmp_path):
    """A folder with three systems that saw the same twenty stimuli."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "systems"
    folder.mkdir()
    for name in ("layer1", "layer2", "layer10"):
        np.save(folder / f"{name}.npy", rng.normal(size=(20, 3)))
    return folder


@pytest.fixture
def spec(systems):
    """A sweep of nine scores."""
    pattern = str(systems / "*.npy")
    return {**SPEC, "grid": {"x": pattern, "y": pattern}}
