"""A run's folder is whole, or it is not there."""

import json
import os

import numpy as np
import pytest

from unbraid._answers import check_free, write_answer
from unbraid.errors import InputError


def write(folder, overwrite=False, result=None):
    arrays = {"rows": np.arange(3)}
    record = result or {"a": 1}
    return write_answer(
        folder, {"name": "c"}, record, arrays, "<html>", kind="comparison", overwrite=overwrite
    )


def test_the_four_files_are_there(tmp_path):
    folder = write(tmp_path / "deep" / "run")
    assert sorted(f.name for f in folder.iterdir()) == [
        ".unbraid.json",
        "arrays.safetensors",
        "config.json",
        "report.html",
        "result.json",
    ]
    assert json.loads((folder / "result.json").read_text()) == {"a": 1}
    assert [f.name for f in folder.parent.iterdir()] == ["run"]


def test_an_earlier_run_is_replaced_only_when_asked(tmp_path):
    write(tmp_path / "run")
    with pytest.raises(InputError, match="exists; choose another folder"):
        write(tmp_path / "run")
    write(tmp_path / "run", overwrite=True, result={"a": 2})
    assert json.loads((tmp_path / "run" / "result.json").read_text()) == {"a": 2}
    assert [f.name for f in tmp_path.iterdir()] == ["run"]


def test_a_folder_that_is_not_a_run_is_never_replaced(tmp_path):
    run = write(tmp_path / "run")
    (run / "thesis").mkdir()
    with pytest.raises(InputError, match=r"holds something else .* \(thesis\)"):
        check_free(run, overwrite=True)
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="exists and is a file"):
        check_free(tmp_path / "file", overwrite=True)
    with pytest.raises(InputError, match="holds a comparison, no study toy"):
        check_free(write(tmp_path / "other"), overwrite=True, kind="study toy")


def test_a_failed_write_leaves_nothing_and_keeps_the_old_run(tmp_path):
    write(tmp_path / "run")
    with pytest.raises(TypeError, match="not JSON data"):
        write(tmp_path / "run", overwrite=True, result={"a": object()})
    assert json.loads((tmp_path / "run" / "result.json").read_text()) == {"a": 1}
    assert [f.name for f in tmp_path.iterdir()] == ["run"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="could not be written"):
        write(tmp_path / "run")


def test_a_file_in_the_way_is_one_line(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="could not be written"):
        write(tmp_path / "file" / "run")
