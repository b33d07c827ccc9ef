"""What a path means, and what is said when it means nothing or two things."""

from dataclasses import replace

import numpy as np
import pytest

from unbraid import sparse
from unbraid.errors import InputError

NAMES = ("W_enc", "W_dec", "b_enc", "b_dec")


@pytest.fixture
def folder(sae, write_saelens):
    return write_saelens({name: getattr(sae, name) for name in NAMES}, "standard")


def test_the_weights_file_means_its_folder(folder):
    learned = sparse.load_foreign(folder / "sae_weights.safetensors")
    assert learned.method.library == "saelens"


def test_nothing_there(tmp_path):
    with pytest.raises(InputError, match="does not exist; give a checkpoint"):
        sparse.load_foreign(tmp_path / "nothing")
    with pytest.raises(InputError, match="no other library's layout fits"):
        sparse.load_foreign(tmp_path)
    with pytest.raises(InputError, match="path must be a file name, got int"):
        sparse.load_foreign(3)


def test_two_layouts_in_one_folder(folder, sae):
    np.savez(folder / "params.npz", W_enc=sae.W_enc)
    with pytest.raises(InputError, match="holds several checkpoints; give .*npz"):
        sparse.Dictionary.load(folder)
    assert sparse.load_foreign(folder, "saelens").method.library == "saelens"


def test_several_files_without_a_name(tmp_path):
    (tmp_path / "a.pt").touch(), (tmp_path / "b.pt").touch()
    with pytest.raises(InputError, match=r"2 weights files \(a.pt, b.pt\); give one of them"):
        sparse.load_foreign(tmp_path)


def test_a_lost_configuration_is_named(folder):
    (folder / "cfg.json").unlink()
    with pytest.raises(InputError, match="its cfg.json is missing beside it"):
        sparse.load_foreign(folder)


def test_a_misspelt_format(folder):
    with pytest.raises(InputError, match="no format 'sae_lens'; did you mean 'saelens'"):
        sparse.load_foreign(folder, "sae_lens")
    with pytest.raises(InputError, match="no export format 'overcomplete'; known are sparsify"):
        sparse.export(sparse.load_foreign(folder), folder, "overcomplete")
    with pytest.raises(InputError, match="scale must be a positive number"):
        sparse.load_foreign(folder, scale=-1)


def test_export_refuses_what_would_change(folder, tmp_path):
    learned = sparse.load_foreign(folder)
    with pytest.raises(InputError, match=r"sparsify layout cannot hold a relu encoder \(it has"):
        sparse.export(learned, tmp_path / "out", "sparsify")
    for options, lost in [({"transform": "layer_norm"}, "the input transform layer_norm"),
                          ({"shuffled": 1}, "shuffled codes")]:  # fmt: skip
        with pytest.raises(InputError, match=f"cannot hold {lost}"):
            sparse.export(replace(learned, **options), tmp_path / "out", "dictionary_learning")
    pursuit = sparse.Dictionary(atoms=learned.atoms, offset=learned.offset, method=learned.method)
    with pytest.raises(InputError, match="cannot hold codes found by pursuit"):
        sparse.export(pursuit, tmp_path / "out", "dictionary_learning")
    assert [item.name for item in tmp_path.iterdir()] == ["sae"]  # nothing half-written


def test_export_leaves_other_folders_alone(folder):
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="exists and holds something else"):
        sparse.export(sparse.load_foreign(folder), folder, "dictionary_learning")
    assert (folder / "notes.txt").exists()


def test_export_to_saelens_is_our_own_layout(folder, tmp_path, sae):
    learned = sparse.load_foreign(folder)
    out = sparse.export(learned, tmp_path / "out", "saelens")
    again = sparse.Dictionary.load(out)
    assert (again.encode(sae.x) != learned.encode(sae.x)).nnz == 0
