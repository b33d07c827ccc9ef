"""Prepared fMRI responses: files of the layout, and what is refused."""

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.responses import betas


@pytest.fixture
def folder(tmp_path, rng):
    np.save(tmp_path / "subj1.npy", rng.normal(size=(6, 5)).astype("f4"))
    np.save(tmp_path / "subj1_images.npy", np.array([41, 7, 300, 2, 9, 12]))
    np.save(tmp_path / "subj1_ceilings.npy", np.array([0.9, 0.0, np.nan, 0.3, 1.0]))
    masks = {"V4": np.arange(5) > 2, "FFA": np.arange(5) == 1, "none": np.zeros(5, bool)}
    np.savez(tmp_path / "subj1_regions.npz", **masks)
    return tmp_path


def test_a_region_with_its_images_and_ceilings(folder):
    found = betas(folder, 1, region="V4")
    whole = np.load(folder / "subj1.npy")
    np.testing.assert_array_equal(found.responses.values, whole[:, 3:])
    assert found.responses.stimuli.tolist() == ["41", "7", "300", "2", "9", "12"]
    np.testing.assert_array_equal(found.ceiling, [0.3, 1.0])
    assert betas(folder, 1).responses.shape == (6, 5)
    assert np.isnan(betas(folder, 1).ceiling[[1, 2]]).all()  # nothing to be predicted there


def test_ids_may_stand_one_a_line_and_ceilings_be_unknown(folder):
    (folder / "subj1_images.npy").unlink()
    (folder / "subj1_ceilings.npy").unlink()
    (folder / "subj1.stimuli.txt").write_text("a\nb\nc\nd\ne\nf\n")
    found = betas(folder, 1)
    assert found.responses.stimuli.tolist() == list("abcdef")
    assert found.ceiling is None


def damaged(folder, name, array):
    np.save(folder / name, array)


CHANGES = [
    (lambda f: (f / "subj1_images.npy").unlink(), {}, "ids of the images, does not exist"),
    (lambda f: damaged(f, "subj1_images", np.arange(5)), {}, "must be 6 ids"),
    (lambda f: damaged(f, "subj1_images", np.zeros(6, int)), {}, "must be unique"),
    (lambda f: damaged(f, "subj1_images", np.array([{}], object)), {}, "never unpickled"),
    (lambda f: damaged(f, "subj1_ceilings", np.ones(4)), {}, "must hold 5 real numbers"),
    (lambda f: damaged(f, "subj1_ceilings", np.full(5, 80.0)), {}, "correlations in .0, 1."),
    (lambda f: damaged(f, "subj1_ceilings", np.full(5, np.inf)), {}, "correlations in .0, 1."),
    (lambda f: damaged(f, "subj1", np.full((6, 5), np.nan)), {}, "NaN"),
    (lambda f: damaged(f, "subj1", np.ones((6, 5, 2))), {}, "must have shape"),
    (lambda f: None, {"subject": 3}, "there are subj1"),
    (lambda f: None, {"region": "V9"}, "has no region 'V9'; it has V4, FFA, none"),
    (lambda f: None, {"region": "none"}, "has no voxel"),
    (lambda f: (f / "subj1_regions.npz").unlink(), {"region": "V4"}, "region 'V4' is not known"),
    (lambda f: np.savez(f / "subj1_regions.npz", V4=np.ones(4, bool)), {"region": "V4"},
     "must be a mask of 5 voxels"),
    (lambda f: np.savez(f / "subj1_regions.npz", V4=np.ones(5)), {"region": "V4"},
     "must be a mask of 5 voxels"),
    (lambda f: (f / "subj1_regions.npz").write_bytes(b"PK\x03\x04junk"), {"region": "V4"},
     "is not a whole .npz"),
]  # fmt: skip


@pytest.mark.parametrize("change, options, match", CHANGES)
def test_refused(folder, change, options, match):
    change(folder)
    with pytest.raises(InputError, match=match) as caught:
        betas(folder, **({"subject": 1} | options))
    assert "\n" not in str(caught.value)


def test_truncated_anywhere(folder):
    for path in sorted(folder.glob("subj1*")):
        whole = path.read_bytes()
        for stop in range(0, len(whole) - 1, 37):
            path.write_bytes(whole[:stop])
            with pytest.raises(InputError) as caught:
                betas(folder, 1, region="V4")
            assert "\n" not in str(caught.value)
        path.write_bytes(whole)
