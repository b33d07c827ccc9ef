"""A folder of beta images, as SPM (NaN outside, mask.nii) and nilearn (names of BIDS) write it."""

import numpy as np
import pytest

import unbraid as ub
from unbraid.errors import InputError

nibabel = pytest.importorskip("nibabel")


def write(path, volume, affine=None):
    affine = np.eye(4) if affine is None else affine
    nibabel.save(nibabel.Nifti1Image(volume.astype("f4"), affine), path)


@pytest.fixture
def spm(rng, tmp_path):
    """Twelve betas of 4 x 5 x 3 voxels, NaN outside a mask of 40, beside a map that is none."""
    folder = tmp_path / "glm"
    folder.mkdir()
    inside = np.zeros(60, bool)
    inside[rng.permutation(60)[:40]] = True
    inside = inside.reshape(4, 5, 3)
    betas = rng.normal(size=(12, 4, 5, 3))
    for i, beta in enumerate(betas, 1):
        write(folder / f"beta_{i}.nii", np.where(inside, beta, np.nan))
    write(folder / "mask.nii", inside)
    write(folder / "ResMS.nii", rng.random((4, 5, 3)))
    return folder, betas[:, inside], inside


def test_betas_of_a_pattern_within_the_folders_mask(spm):
    folder, betas, inside = spm
    x = ub.load(folder, values="beta_*.nii")
    np.testing.assert_allclose(x.values, betas, rtol=1e-6)
    assert x.stimuli.tolist() == [f"beta_{i}" for i in range(1, 13)]  # 2 before 10
    assert x.units[0] == "-".join(map(str, np.argwhere(inside)[0]))
    assert x.made_by["mask"].endswith("mask.nii")
    plainly = ub.responses.load_plainly(f"{folder}::beta_*.nii")
    np.testing.assert_array_equal(plainly.values, x.values)


def test_without_a_mask_the_voxels_that_all_have(spm):
    folder, betas, inside = spm
    (folder / "mask.nii").unlink()
    x = ub.load(folder, values="beta_*.nii")
    np.testing.assert_allclose(x.values, betas, rtol=1e-6)


def test_names_labels_and_packed_images(rng, tmp_path):
    for name in ("cat", "dog"):
        for run in (1, 2):
            write(tmp_path / f"run-{run}_{name}.nii.gz", rng.normal(size=(3, 3, 2, 1)))
    x = ub.load(tmp_path)
    assert x.stimuli.tolist() == ["run-1_cat", "run-1_dog", "run-2_cat", "run-2_dog"]
    again = ub.load(tmp_path, stimuli=["cat", "dog", "cat", "dog"])
    assert again.stimuli.tolist() == ["cat", "dog"]
    np.testing.assert_allclose(again.values, (x.values[:2] + x.values[2:]) / 2, rtol=1e-6)


def test_mistakes_are_one_line(spm, rng):
    folder, *_ = spm

    def refused(message, **options):
        with pytest.raises(InputError, match=message):
            ub.load(folder, **options)

    write(folder / "whole.nii", np.ones((4, 5, 3)))
    refused("NaN in an image", mask=folder / "whole.nii", values="beta_*.nii")
    refused("must be 0 outside and one number inside, got 60 numbers", mask=folder / "ResMS.nii",
            values="beta_*.nii")  # fmt: skip
    refused(r"no image called 'con_\*'; it has ResMS.nii, beta_1", values="con_*")
    refused("must be 12 labels", values="beta_*", stimuli=["a"])
    write(folder / "beta_13.nii", rng.normal(size=(4, 5, 2)))
    refused("beta_13.nii has other voxels", values="beta_*")
    (folder / "beta_13.nii").unlink()
    write(folder / "beta_13.nii", rng.normal(size=(4, 5, 3)), np.diag([2, 2, 2, 1]))
    refused("beta_13.nii has other voxels", values="beta_*")
    write(folder / "beta_1.nii", rng.normal(size=(4, 5, 3, 2)))
    refused("must have 3 axes", values="beta_*")
    write(folder / "sub_mask.nii.gz", np.ones((4, 5, 3)))
    refused("several masks", values="beta_*")
