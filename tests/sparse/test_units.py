"""Columns go by the names of their units, not by position."""

import json

import numpy as np
import pandas as pd
import pytest

from unbraid import InputError
from unbraid.responses import Responses
from unbraid.sparse import PCA, Dictionary, fit


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(60, 4)), columns=["b", "a", "007", "7"])


def test_permuted_columns_give_the_same_codes(frame, tmp_path):
    """Before, they were taken by position: other codes, without a word."""
    learned = fit(frame, PCA(n_latents=3), rng=0)
    expected = learned.encode(frame).toarray()
    moved = frame[["7", "a", "b", "007"]].assign(more=1.0)
    for one in (learned, Dictionary.load(learned.save(tmp_path / "d"))):
        codes = one.encode(moved)
        np.testing.assert_array_equal(codes.toarray(), expected)
        assert one.fvu(moved, codes) == one.fvu(frame, codes)
        assert one.units.tolist() == ["b", "a", "007", "7"]


def test_other_units_are_refused_and_unnamed_ones_go_by_position(frame):
    learned = fit(frame, PCA(n_latents=3), rng=0)
    with pytest.raises(InputError, match="none called '007'.*1 are missing.*pass x.values"):
        learned.encode(frame.rename(columns={"007": "0007"}))
    bare = learned.encode(frame.to_numpy()).toarray()
    np.testing.assert_array_equal(bare, learned.encode(frame).toarray())
    unnamed = fit(frame.to_numpy(), PCA(n_latents=3), rng=0)
    assert unnamed.units is None
    moved = Responses(frame.to_numpy(), units=["x", "y", "z", "w"])
    np.testing.assert_array_equal(unnamed.encode(moved).toarray(), bare)


def test_folders_without_units_are_read_and_wrong_ones_refused(frame, tmp_path):
    folder = fit(frame, PCA(n_latents=3), rng=0).save(tmp_path / "d")
    path = folder / "cfg.json"
    config = json.loads(path.read_text())
    own = config["metadata"]["unbraid"]
    assert own.pop("units") == ["b", "a", "007", "7"]
    path.write_text(json.dumps(config))
    assert Dictionary.load(folder).units is None
    for wrong in (["a"], ["a", "a", "b", "c"], [1, 2, 3, 4], "abcd"):
        own["units"] = wrong
        path.write_text(json.dumps(config))
        with pytest.raises(InputError, match="units must be 4 different names"):
            Dictionary.load(folder)
