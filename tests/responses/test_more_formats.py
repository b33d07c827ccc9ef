"""Files as people have them: torch tensors, packed and spaced tables, word vectors, zarr's zip."""

import gzip
import zipfile

import numpy as np
import pytest

import unbraid as ub
from unbraid import InputError, load


@pytest.fixture
def x(rng):
    return rng.normal(size=(12, 4)).round(4)


@pytest.fixture
def ids():
    return [f"im{i:02d}" for i in range(12)]


@pytest.mark.parametrize("suffix", [".pt", ".pth"])
def test_tensors(tmp_path, x, ids, suffix):
    import torch

    path = tmp_path / f"x{suffix}"
    torch.save(torch.from_numpy(x).to(torch.bfloat16), path)
    np.testing.assert_allclose(load(path).values, x, rtol=1e-2)
    torch.save({"acts": torch.from_numpy(x), "image_names": ids, "model": "mine"}, path)
    found = load(path)
    np.testing.assert_array_equal(found.values, x)
    assert found.stimuli.tolist() == ids
    assert "model" in found.made_by["unread"]
    layers = {"layers": {"conv1": torch.from_numpy(x), "fc": torch.ones(12, 7)}}
    torch.save(layers, path)
    with pytest.raises(InputError, match="values=NAME"):
        load(path)
    assert load(path, values="layers/fc").shape == (12, 7)
    torch.save({"acts": torch.from_numpy(x), "scale_factor": 0.5}, path)
    with pytest.raises(InputError, match="scale_factor"):
        load(path)
    torch.save(torch.zeros(12, 2, 3, 5), path)
    assert load(path, axes="stimuli units units units").shape == (12, 30)


def test_a_torch_file_runs_nothing_and_claims_nothing(tmp_path, x):
    import torch

    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    path = tmp_path / "x.pt"
    torch.save({"values": torch.from_numpy(x), "more": Bomb()}, path)
    with pytest.raises(InputError, match="pickled Python objects"):
        load(path)
    assert not (tmp_path / "ran").exists()
    torch.save(torch.zeros(1).expand(1000, 1000), path)
    with pytest.raises(InputError, match="claims more numbers"):
        load(path)
    torch.save(torch.from_numpy(x), path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="truncated or damaged"):
        load(path)
    path.write_text("no zip")
    with pytest.raises(InputError, match=r"torch\.save writes"):
        load(path)


def test_packed_tables(tmp_path, x, ids):
    import pandas

    path = tmp_path / "x.csv.gz"
    frame = pandas.DataFrame(x, index=ids, columns=list("abcd"))
    frame.to_csv(path)
    found = load(path)
    np.testing.assert_array_equal(found.values, x)
    assert found.stimuli.tolist() == ids
    assert found.units.tolist() == list("abcd")
    frame.to_csv(tmp_path / "x.tsv.gz", sep="\t")
    np.testing.assert_array_equal(load(tmp_path / "x.tsv.gz").values, x)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"not a whole \.gz file"):
        load(path)
    path.write_bytes(b"stimulus,a,b\n1,2,3\n")
    with pytest.raises(InputError, match=r"not a whole \.gz file"):
        load(path)
    path.write_bytes(b"".join(gzip.compress(b"0," * 2**25) for _ in range(5)))
    with pytest.raises(InputError, match="looks like a bomb"):
        load(path)


@pytest.mark.parametrize("header", ["", "a b c d"])
def test_spaced_tables(tmp_path, x, header):
    path = tmp_path / "x.txt"
    np.savetxt(path, x, header=header)
    found = load(path)
    np.testing.assert_allclose(found.values, x)
    assert (found.units is None) == (not header)
    path.write_text("name  a b\nim1   1 2\nim2  30 4\n")
    found = load(path)
    assert found.values.tolist() == [[1, 2], [30, 4]]
    assert found.stimuli.tolist() == ["im1", "im2"]
    path.write_text("im1\nim2\n")
    with pytest.raises(InputError, match=r"x\.txt"):
        load(path)


def test_word_vectors(tmp_path, x):
    words = [",", "the", '"', "nan", "007", "null", "of", "x;y", "to", "in", "is", "a"]
    lines = [f"{w} {' '.join(map(str, row))}\n" for w, row in zip(words, x, strict=True)]
    for name, first in (("glove.txt", ""), ("fast.vec", "12 4\n")):
        path = tmp_path / name
        path.write_text(first + "".join(lines))
        found = load(path)
        np.testing.assert_array_equal(found.values, x)
        assert found.stimuli.tolist() == words
    path.write_text("13 4\n" + "".join(lines))
    with pytest.raises(InputError, match="promising 13 rows, got 12"):
        load(path)


def test_a_zarr_in_a_zip(tmp_path, x):
    import zarr

    group = zarr.open(str(tmp_path / "x.zarr"), mode="w")
    group.create_array("values", data=x)
    with zipfile.ZipFile(tmp_path / "x.zarr.zip", "w") as archive:
        for file in (tmp_path / "x.zarr").rglob("*"):
            archive.write(file, file.relative_to(tmp_path / "x.zarr"))
    np.testing.assert_array_equal(load(tmp_path / "x.zarr.zip").values, x)


def test_axes_of_units_become_one(tmp_path, rng):
    feature_maps = rng.normal(size=(3, 6, 2, 5))  # channel, stimulus, row, column
    np.save(tmp_path / "maps.npy", feature_maps)
    found = load(tmp_path / "maps.npy", axes="units stimuli units units")
    expected = feature_maps.transpose(1, 0, 2, 3).reshape(6, -1)
    np.testing.assert_array_equal(found.values, expected)
    repeated = np.stack([feature_maps, feature_maps + 2])
    np.save(tmp_path / "maps.npy", repeated)
    found = load(tmp_path / "maps.npy", axes="repeats units stimuli units units")
    np.testing.assert_allclose(found.values, expected + 1)
    assert found.repeats.shape == (2, 6, 30)
    for axes in ("units units units units", "repeats stimuli units time time", "stimuli units"):
        with pytest.raises(InputError, match="axes"):
            load(tmp_path / "maps.npy", axes=axes)


def test_axes_of_stimuli_become_one(tmp_path, rng):
    """Activations as models give them: texts, positions, units."""
    acts = rng.normal(size=(3, 4, 5))
    np.save(tmp_path / "acts.npy", acts)
    with pytest.raises(InputError, match=r'"stimuli stimuli units" \(texts, positions\)'):
        load(tmp_path / "acts.npy")
    found = load(tmp_path / "acts.npy", axes="stimuli stimuli units")
    np.testing.assert_array_equal(found.values, acts.reshape(12, 5))
    assert found.stimuli is None
    (tmp_path / "acts.stimuli.txt").write_text("a\nb\nc\n")
    found = load(tmp_path / "acts.npy", axes="stimuli stimuli units")
    assert found.stimuli.tolist()[:5] == ["a@0", "a@1", "a@2", "a@3", "b@0"]
    np.save(tmp_path / "turned.npy", acts.transpose(2, 0, 1))
    turned = load(tmp_path / "turned.npy", axes="units stimuli stimuli")
    np.testing.assert_array_equal(turned.values, acts.reshape(12, 5))
    np.savez(tmp_path / "acts.npz", values=acts, stimuli=[f"t{i}" for i in range(12)])
    found = load(tmp_path / "acts.npz", axes="stimuli stimuli units")
    assert found.stimuli.tolist()[-1] == "t11"


def suite2p(folder, rng):
    """Write a plane as Suite2p does: cells x frames, iscell, and pickled tables."""
    traces = rng.normal(size=(5, 40)).astype(np.float32)
    cell = np.array([[1, 0.9], [0, 0.2], [1, 0.8], [1, 0.7], [0, 0.1]])
    for name, values in (("F", traces), ("Fneu", traces / 2), ("spks", traces + 3)):
        np.save(folder / f"{name}.npy", values)
    np.save(folder / "iscell.npy", cell)
    np.save(folder / "stat.npy", np.array([{"ypix": 1}] * 5), allow_pickle=True)
    return traces, cell[:, 0] == 1


def test_a_suite2p_folder(tmp_path, rng):
    folder = tmp_path / "plane0"
    folder.mkdir()
    traces, kept = suite2p(folder, rng)
    found = load(folder)
    np.testing.assert_array_equal(found.values, traces[kept].T)
    assert found.units.tolist() == ["0", "2", "3"]
    assert found.made_by["left_out"] == "2 of 5 regions that iscell.npy calls no cell"
    assert {"Fneu.npy", "spks.npy", "stat.npy"} <= set(found.made_by["unread"])
    np.testing.assert_array_equal(load(folder, values="spks").values, traces[kept].T + 3)
    np.testing.assert_array_equal(load(folder, cells="all").values, traces.T)
    with pytest.raises(InputError, match="values must be F, Fneu or spks"):
        load(folder, values="dff")
    with pytest.raises(InputError, match="cells must be"):
        load(folder, cells="good")
    np.save(folder / "iscell.npy", np.ones((4, 2)))
    with pytest.raises(InputError, match=r"iscell\.npy must have a row for each of 5"):
        load(folder)


def test_a_thingsvision_folder(tmp_path, x, ids):
    folder = tmp_path / "resnet" / "fc"
    folder.mkdir(parents=True)
    np.save(folder / "features.npy", x)
    (folder / "file_names.txt").write_text("\n".join(ids))
    found = ub.load(folder)
    np.testing.assert_array_equal(found.values, x)
    assert found.stimuli.tolist() == ids


def test_an_anndata_file(tmp_path, x, ids):
    import h5py
    import scipy.sparse as sp

    cells = sp.csr_matrix(np.where(x > 0, x, 0))
    with h5py.File(tmp_path / "x.h5ad", "w") as f:
        f.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        group = f.create_group("X")
        group.attrs.update({"encoding-type": "csr_matrix", "shape": cells.shape})
        for name in ("data", "indices", "indptr"):
            group[name] = getattr(cells, name)
        for name, texts in (("obs", ids), ("var", ["g1", "g2", "g3", "g4"])):
            f.create_group(name).attrs.update({"encoding-type": "dataframe", "_index": "_index"})
            f[name]["_index"] = texts
    found = load(tmp_path / "x.h5ad")
    np.testing.assert_array_equal(found.values.toarray(), cells.toarray())
    assert found.stimuli.tolist() == ids


def test_what_stands_beside_x_in_an_anndata_file(tmp_path, x, ids):
    """Layers, embeddings and distances do not hide X; the tables name their own index."""
    import h5py

    genes = ["g1", "g2", "g3", "g4"]
    with h5py.File(tmp_path / "x.h5ad", "w") as f:
        f.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        f["X"], f["layers/log"], f["obsm/pca"] = x, x + 1, x[:, :2]
        for name, index, texts in (("obs", "cell_id", ids), ("var", "gene", genes)):
            f.create_group(name).attrs.update({"encoding-type": "dataframe", "_index": index})
            f[name][index] = texts
            f[name]["other"] = texts[::-1]
    found = load(tmp_path / "x.h5ad")
    np.testing.assert_array_equal(found.values, x)
    assert found.stimuli.tolist() == ids
    assert found.units.tolist() == genes
    assert {"layers/log", "obsm/pca", "obs/other"} <= set(found.made_by["unread"])
    assert load(tmp_path / "x.h5ad", values="layers/log").units.tolist() == genes
    pca = load(tmp_path / "x.h5ad", values="obsm/pca")
    assert pca.units is None
    assert pca.stimuli.tolist() == ids
    assert load(tmp_path / "x.h5ad", stimuli="obs/other").stimuli.tolist() == ids[::-1]
    turned = load(tmp_path / "x.h5ad", values="X", axes="units stimuli")
    np.testing.assert_array_equal(turned.values, x.T)


def test_the_recipe_for_surfaces(tmp_path, x):
    import nibabel

    arrays = [nibabel.gifti.GiftiDataArray(row.astype(np.float32)) for row in x]
    nibabel.save(nibabel.gifti.GiftiImage(darrays=arrays), tmp_path / "s1.func.gii")
    found = np.stack([each.data for each in nibabel.load(tmp_path / "s1.func.gii").darrays])
    np.testing.assert_allclose(ub.Responses(found).values, x, rtol=1e-6)
