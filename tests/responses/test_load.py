"""Every format gives back what was saved; every mistake gives one line that names the file."""

import numpy as np
import pytest
import scipy.sparse as sp

from unbraid.errors import InputError
from unbraid.responses import Codes, Responses, load, save


@pytest.fixture
def full(rng):
    """Responses with everything a file can hold."""
    repeats = rng.normal(size=(3, 6, 4))
    repeats[2, 1] = np.nan
    return Responses(
        np.nanmean(repeats, axis=0),
        stimuli=[f"bild {i} é" for i in range(6)],
        units=list("abcd"),
        repeats=repeats,
        made_by={"model": "net", "layer": "fire7", "pool": 4},
    )


def same(x, y):
    assert type(x.values) is type(y.values)
    np.testing.assert_array_equal(x.toarray(), y.toarray())
    assert x.values.dtype == y.values.dtype
    assert x.made_by == y.made_by
    for name in ("stimuli", "units", "repeats"):
        a, b = getattr(x, name), getattr(y, name)
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".NPZ"])
def test_everything_comes_back(full, tmp_path, suffix):
    save(full, tmp_path / f"x{suffix}")
    same(load(tmp_path / f"x{suffix}"), full)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_codes_stay_sparse(rng, tmp_path, suffix, dtype):
    dense = rng.normal(size=(7, 30)).astype(dtype) * (rng.random((7, 30)) < 0.1)
    codes = Codes(dense, stimuli=range(7), made_by={"k": 3})
    path = tmp_path / f"codes{suffix}"
    save(codes, path)
    back = load(str(path))
    assert back.is_sparse
    np.testing.assert_array_equal(back.toarray(), dense)
    assert list(back.stimuli) == [str(i) for i in range(7)]
    assert back.made_by == {"k": 3}


def test_npy_keeps_ids_beside_it(rng, tmp_path):
    x = Responses(rng.normal(size=(3, 2)), stimuli=["a", "b b", "c"])
    save(x, tmp_path / "m.npy")
    assert (tmp_path / "m.stimuli.txt").read_text() == "a\nb b\nc\n"
    same(load(tmp_path / "m.npy"), x)
    save(rng.normal(size=(4, 2)), tmp_path / "m.npy")  # without ids: the old ones must not stay
    assert load(tmp_path / "m.npy").stimuli is None


@pytest.mark.parametrize(
    "x, lost",
    [
        (Responses(np.eye(2), units=["a", "b"]), "units"),
        (Responses(np.eye(2), repeats=np.ones((3, 2, 2))), "repeats"),
        (Responses(sp.eye_array(2)), "sparse values"),
    ],
)
def test_npy_refuses_what_it_cannot_hold(x, lost, tmp_path):
    with pytest.raises(InputError, match=rf"\.npy cannot hold {lost}; use \.npz"):
        save(x, tmp_path / "x.npy")
    assert not list(tmp_path.iterdir())


def test_npy_refuses_ids_with_line_breaks(tmp_path):
    with pytest.raises(InputError, match="line break"):
        save(Responses(np.eye(2), stimuli=["a\nb", "c"]), tmp_path / "x.npy")


@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f4", "<f8", ">f8", "<i2", "<u4", "|b1", "<f16"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_of_every_number_type_and_order(rng, tmp_path, dtype, order):
    values = np.asarray(rng.integers(0, 2, size=(5, 3)), dtype=dtype, order=order)
    np.save(tmp_path / "x.npy", values)
    x = load(tmp_path / "x.npy")
    np.testing.assert_array_equal(x.values, values.astype(float))
    assert x.values.dtype in (np.float32, np.float64)
    assert x.values.dtype.isnative


def test_large_npy_is_mapped_not_read(rng, tmp_path, monkeypatch):
    from unbraid.responses._formats.arrays import npy

    monkeypatch.setattr(npy, "MAP_FROM", 100)
    values = rng.normal(size=(50, 4))
    np.save(tmp_path / "x.npy", values)
    x = load(tmp_path / "x.npy")
    assert isinstance(x.values, np.memmap)
    np.testing.assert_array_equal(x.values, values)


def test_bfloat16_and_float16_tensors_of_the_library(rng, tmp_path):
    import torch
    from safetensors.torch import save_file

    values = torch.from_numpy(rng.normal(size=(5, 3))).to(torch.bfloat16)
    save_file({"values": values}, tmp_path / "b.safetensors")
    np.testing.assert_array_equal(load(tmp_path / "b.safetensors").values, values.float().numpy())
    save_file({"anything": values.half()}, tmp_path / "h.safetensors")
    x = load(tmp_path / "h.safetensors")
    assert x.values.dtype == np.float32
    np.testing.assert_array_equal(x.values, values.float().numpy())


def test_the_library_reads_what_we_write(full, tmp_path):
    from safetensors import safe_open

    save(full, tmp_path / "x.safetensors")
    with safe_open(tmp_path / "x.safetensors", framework="np") as file:
        np.testing.assert_array_equal(file.get_tensor("values"), full.values)
        np.testing.assert_array_equal(file.get_tensor("repeats"), full.repeats)
        assert "fire7" in file.metadata()["made_by"]


def test_mapped_tensors(rng, tmp_path, monkeypatch):
    from unbraid.responses._formats.arrays import safetensors

    monkeypatch.setattr(safetensors, "MAP_FROM", 100)
    values = rng.normal(size=(50, 4))
    save(values, tmp_path / "x.safetensors")
    assert isinstance(load(tmp_path / "x.safetensors").values, np.memmap)
    np.testing.assert_array_equal(load(tmp_path / "x.safetensors").values, values)


@pytest.mark.parametrize("name", ["values", "responses", "x", "activations", "anything"])
@pytest.mark.parametrize("ids", ["stimuli", "stimulus_ids", "ids", "image_ids", "filenames"])
def test_names_of_other_tools(rng, tmp_path, name, ids):
    values = rng.normal(size=(3, 2))
    np.savez_compressed(tmp_path / "x.npz", **{name: values, ids: np.array(["p", "q", "r"])})
    x = load(tmp_path / "x.npz")
    np.testing.assert_array_equal(x.values, values)
    assert list(x.stimuli) == ["p", "q", "r"]


def test_sparse_matrix_saved_by_scipy(rng, tmp_path):
    dense = rng.normal(size=(4, 9)) * (rng.random((4, 9)) < 0.3)
    sp.save_npz(tmp_path / "x.npz", sp.csr_matrix(dense))
    np.testing.assert_array_equal(load(tmp_path / "x.npz").toarray(), dense)
    for kind in (sp.csc_matrix, sp.csc_array, sp.coo_array):
        sp.save_npz(tmp_path / "x.npz", kind(dense))
        np.testing.assert_array_equal(load(tmp_path / "x.npz").toarray(), dense)
    for name, kind in {"dia": sp.dia_array, "bsr": sp.bsr_array}.items():
        sp.save_npz(tmp_path / "x.npz", kind(dense))
        with pytest.raises(InputError, match=f"holds a '{name}' matrix.*, expected 'csr'"):
            load(tmp_path / "x.npz")


def test_other_arrays_do_not_disturb(rng, tmp_path):
    values = rng.normal(size=(3, 2))
    odd = np.array([{"a": 1}, None], dtype=object)
    np.savez(tmp_path / "x.npz", values=values, meta=odd, table=np.zeros(3, "i4,f8"))
    np.testing.assert_array_equal(load(tmp_path / "x.npz").values, values)


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".safetensors"])
def test_a_failed_save_leaves_the_old_file(rng, tmp_path, suffix, monkeypatch):
    path = tmp_path / f"x{suffix}"
    old = Responses(rng.normal(size=(3, 2)))
    save(old, path)

    def full_disk(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(InputError, match="cannot be written: disk full. Nothing was kept"):
        save(rng.normal(size=(3, 2)), path)
    same(load(path), old)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_save_makes_folders_and_ordinary_permissions(tmp_path):
    path = tmp_path / "deep" / "er" / "x.npz"
    save(np.eye(2), path)
    (tmp_path / "plain").write_text("")
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    "name, message",
    [("x.csv2", r"must end in one of \.npy, \.npz, \.safetensors"), ("x", "must end in one of")],
)
def test_save_refuses_unknown_suffixes(tmp_path, name, message):
    with pytest.raises(InputError, match=message):
        save(np.eye(2), tmp_path / name)


def test_save_refuses_a_folder_and_a_file_in_the_way(tmp_path):
    (tmp_path / "x.npz").mkdir()
    with pytest.raises(InputError, match="is a folder, expected a file name"):
        save(np.eye(2), tmp_path / "x.npz")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        save(np.eye(2), tmp_path / "file" / "x.npz")


def test_an_array_is_named_behind_its_file(tmp_path, rng):
    x, y = rng.normal(size=(2, 6, 3))
    np.savez(tmp_path / "two.npz", a=x, b=y)
    np.testing.assert_array_equal(load(f"{tmp_path}/two.npz::b").values, y)
    np.testing.assert_array_equal(load(f"{tmp_path}/two.npz::/a", values="a").values, x)
    with pytest.raises(InputError, match="::b and values='a' name two arrays"):
        load(f"{tmp_path}/two.npz::b", values="a")
    np.save(tmp_path / "x.npy", x)
    with pytest.raises(InputError, match=r"x\.npy holds one array, and .*x\.npy::b names another"):
        load(f"{tmp_path}/x.npy::b")
    with pytest.raises(InputError, match="names no array after '::'"):
        load(f"{tmp_path}/two.npz::")


@pytest.mark.parametrize("held, hint", [
    ([], "it is empty"),
    (["a.npy", "b.csv", "notes.txt"], r"give one of the files in it \(a.npy, b.csv, notes.txt\)"),
    (["cfg.json", "sae_weights.safetensors"], "it is a dictionary. .* --dictionary-x"),
    (["ae.pt", "config.json"], "it is a dictionary"),
    (["result.json", "report.html"], "it is a saved run: unbraid report"),
    (["1.png", "2.JPG"], "it holds pictures; unbraid record NETWORK"),
    (["shard-0.safetensors"], "writing it was not finished; record again to resume"),
    (["a.doc"], r"it holds a\.doc\. Read are folders that unbraid record wrote .* phy"),
])  # fmt: skip
def test_a_folder_that_is_none_of_those_read_says_what_it_is(tmp_path, held, hint):
    for name in held:
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match=f"is no folder of responses: {hint}"):
        load(tmp_path)


@pytest.mark.parametrize("path", [None, 3, b"x.npy\0".decode()])
def test_not_a_file_name(path):
    with pytest.raises(InputError, match="must be a file name|does not exist|no known suffix"):
        load(path)


@pytest.mark.parametrize(
    "name, what", [("x.gii", r"nibabel\.load\(FILE\)"), ("x.mgz", "NIfTI"), ("x.h4", "HDF5"),
                   ("x.xlsx", "CSV"), ("x.npy.gz", "unpack it first"),
                   ("x-epo.fif", r"mne\.read_epochs\(FILE\)"), ("x.set", "mne.read_epochs_eeglab"),
                   ("x.vhdr", "read_raw_brainvision"), ("x.edf", "mne.io.read_raw"),
                   ("x.plx", "as NWB or as a folder of phy"), ("x.RData", r"write\.csv")]
)  # fmt: skip
def test_formats_that_are_not_read_are_not_taken_for_a_misspelling(tmp_path, name, what):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match=what) as caught:
        load(tmp_path / name)
    assert "Did you mean" not in str(caught.value)
