"""A single file is whole or absent; what killed writers of it left is removed, and nothing else."""

import os
import shutil
import stat

import numpy as np
import pytest

from unbraid import load, save
from unbraid._folders import _single, is_abandoned, replacing
from unbraid.errors import InputError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("umask, mode", [(0o022, 0o644), (0o077, 0o600)])
def test_files_get_the_users_umask(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        save(np.eye(3), tmp_path / "x.npz")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x.npz").stat().st_mode) == mode
    assert names(tmp_path) == ["x.npz"]


def test_a_writer_in_use_is_no_leftover_and_a_killed_one_is(tmp_path):
    temporary, handle = _single._begun(tmp_path / "x.npy")
    temporary.write_bytes(b"half")
    (tmp_path / ".x.npy.0123abcd.tmp").write_text("mine")
    (tmp_path / "copies").mkdir()
    shutil.copy(temporary, tmp_path / "copies" / temporary.name)
    mine = names(tmp_path)
    assert not is_abandoned(temporary)
    save(np.eye(2), tmp_path / "x.npy")
    assert names(tmp_path) == sorted([*mine, "x.npy"])
    os.close(handle)  # as a kill does
    save(np.eye(2), tmp_path / "x.npy")
    save(np.eye(2), tmp_path / "copies" / "x.npy")
    assert not temporary.exists()
    assert (tmp_path / ".x.npy.0123abcd.tmp").read_text() == "mine"
    assert (tmp_path / "copies" / temporary.name).read_bytes() == b"half"


def test_what_fails_leaves_the_old_file(tmp_path):
    (tmp_path / "x").write_text("old")
    for error in (OSError(28, "No space left on device"), KeyboardInterrupt()):
        with pytest.raises((InputError, KeyboardInterrupt)), replacing(tmp_path / "x") as temporary:
            temporary.write_text("half")
            raise error
    assert (tmp_path / "x").read_text() == "old"
    assert names(tmp_path) == ["x"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "x.npy").write_text("old")
    (tmp_path / "x.npy").symlink_to("deep/x.npy")
    save(np.eye(2), tmp_path / "x.npy")
    assert (tmp_path / "x.npy").is_symlink()
    assert load(tmp_path / "deep" / "x.npy").shape == (2, 2)


def test_ids_that_another_wrote_are_not_removed(tmp_path):
    (tmp_path / "x.stimuli.txt").write_text("a\nb\n")
    from unbraid import Responses

    for responses in (np.eye(2), Responses(np.eye(2), stimuli=["c", "d"])):
        with pytest.raises(InputError, match=r"x.stimuli.txt exists and would give the rows"):
            save(responses, tmp_path / "x.npy")
    assert names(tmp_path) == ["x.stimuli.txt"]
    for ids in (["c", "d"], ["e", "f"]):
        save(Responses(np.eye(2), stimuli=ids), tmp_path / "y.npy")
        assert load(tmp_path / "y.npy").stimuli.tolist() == ids
