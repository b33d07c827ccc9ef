"""Sparse matrices in groups of HDF5, zarr and .npz: kind and shape as told, one parent's parts."""

import h5py
import numpy as np
import pytest
import scipy.sparse as sp
import zarr

from unbraid.errors import InputError
from unbraid.responses import load, save


@pytest.fixture
def dense():
    rng = np.random.default_rng(0)
    return rng.normal(size=(5, 5)) * (rng.random((5, 5)) < 0.5)


def as_hdf5(path, groups):
    """Write groups (path -> attributes, arrays)."""
    with h5py.File(path, "w") as file:
        for name, (attrs, arrays) in groups.items():
            group = file.require_group(name)
            group.attrs.update(attrs)
            for key, array in arrays.items():
                group[key] = array
    return path


def as_zarr(path, groups):
    root = zarr.open_group(str(path), mode="w")
    for name, (attrs, arrays) in groups.items():
        group = root.require_group(name) if name != "/" else root
        group.attrs.update({k: list(v) if k == "shape" else v for k, v in attrs.items()})
        for key, array in arrays.items():
            group.create_array(key, data=np.asarray(array))
    return path


WRITERS = {"x.h5": as_hdf5, "x.zarr": as_zarr}
parts = ("data", "indices", "indptr")


def group_of(matrix, **attrs):
    return attrs, {name: getattr(matrix, name) for name in parts}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix"])
@pytest.mark.parametrize("group", ["X", "layers/counts"])
def test_the_kind_that_is_told(dense, tmp_path, name, kind, group):
    matrix = getattr(sp, kind)(dense)
    about = {"encoding-type": kind, "encoding-version": "0.1.0", "shape": matrix.shape}
    path = WRITERS[name](tmp_path / name, {group: group_of(matrix, **about)})
    x = load(path)
    assert x.is_sparse
    np.testing.assert_array_equal(x.toarray(), dense)
    np.testing.assert_array_equal(load(path, values=group).toarray(), dense)


def test_kinds_told_in_other_ways(dense, tmp_path):
    csr, csc = sp.csr_matrix(dense), sp.csc_matrix(dense)
    path = tmp_path / "x.h5"
    for attrs, arrays, matrix in [
        ({"h5sparse_format": "csc", "h5sparse_shape": (5, 5)}, {}, csc),
        ({}, {"shape": (5, 5), "format": b"csc"}, csc),
        ({}, {"shape": (5, 5), "format": b"csr"}, csr),
        ({"shape": (5, 5)}, {"format": b"csr", "shape": (5, 5)}, csr),
    ]:
        as_hdf5(path, {"m": (attrs, group_of(matrix)[1] | arrays)})
        np.testing.assert_array_equal(load(path).toarray(), dense)


def test_a_shape_that_tells_the_kind(dense, tmp_path):
    """As 10x writes genes by cells: columns compressed, and nothing else says so."""
    path = tmp_path / "x.h5"
    wide = dense[:3]
    for matrix in (sp.csc_matrix(wide), sp.csr_matrix(wide)):
        as_hdf5(path, {"matrix": ({}, group_of(matrix)[1] | {"shape": (3, 5)})})
        np.testing.assert_array_equal(load(path).toarray(), wide)


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_not_told_is_asked(dense, tmp_path, name):
    csr = sp.csr_matrix(dense)
    two = {"encoding-type": "csc_matrix", "shape": (5, 5)}
    for about, arrays, match in [
        ({"shape": (5, 5)}, {}, "must say whether its rows or its columns are compressed"),
        ({}, {}, "shape must be .n_stimuli, n_units., none is given"),
        ({"encoding-type": "bsr_matrix", "shape": (5, 5)}, {}, "encoding-type 'bsr_matrix'"),
        ({"encoding-type": "csr_matrix", "shape": (4, 5)}, {}, r"shape must be \(5, n_units\)"),
        (two | {"transposed": True}, {}, "the attribute transposed=True, which could change"),
        (two, {"shape": np.array([5, 6])}, "says two things of its layout"),
        (two, {"compressed_axes": np.array([0])}, "with compressed_axes, expected 'csr'"),
    ]:
        path = WRITERS[name](tmp_path / name, {"m": (about, group_of(csr)[1] | arrays)})
        with pytest.raises(InputError, match=match):
            load(path)


def test_parts_of_other_parents_are_not_put_together(dense, tmp_path):
    """Three groups hold one part each: no matrix."""
    csr = sp.csr_matrix(dense)
    groups = {f"g{i}": ({}, {name: getattr(csr, name)}) for i, name in enumerate(parts)}
    path = as_hdf5(tmp_path / "x.h5", groups)
    with pytest.raises(InputError, match="exactly one numeric matrix"):
        load(path)
    about = {"encoding-type": "csr_matrix", "shape": (5, 5)}
    as_hdf5(path, {"X": group_of(csr, **about), "raw/X": group_of(2 * csr, **about)})
    with pytest.raises(InputError, match="Say which"):
        load(path)
    np.testing.assert_array_equal(load(path, values="raw/X").toarray(), 2 * dense)


def test_ids_of_another_parent_are_told(dense, tmp_path):
    """Two sessions, ids in one: the other's rows are not theirs."""
    ids, path = [f"s{i}" for i in range(5)], tmp_path / "x.h5"
    sessions = {"a": ({}, {"rates": dense, "stimuli": ids}), "b": ({}, {"rates": 2 * dense})}
    as_hdf5(path, sessions)
    assert load(path, values="a/rates").stimuli.tolist() == ids
    with pytest.warns(
        RuntimeWarning, match="b/rates is read without ids; a/stimuli belongs to another array"
    ):
        assert load(path, values="b/rates").stimuli is None
    assert load(path, values="b/rates", stimuli="a/stimuli").stimuli.tolist() == ids
    as_hdf5(path, {"r/a": ({}, {"rates": dense}), "r/b": ({}, {"rates": 2 * dense}),
                   "meta": ({}, {"stimuli": ids})})  # fmt: skip
    assert load(path, values="r/b/rates").stimuli.tolist() == ids


def test_sparse_of_other_libraries_in_npz(dense, tmp_path):
    """What pydata/sparse and others write: refused by name, never a matrix of coordinates."""
    coo, path = sp.coo_array(dense), tmp_path / "x.npz"
    coords = np.stack([coo.row, coo.col])
    np.savez(path, data=coo.data, coords=coords, shape=np.array(dense.shape), fill_value=0.0)
    with pytest.raises(InputError, match="coords.*expected 'csr'"):
        load(path)
    csr = sp.csr_array(dense)
    np.savez(path, **group_of(csr)[1], shape=np.array([5, 5]), mask=np.ones(5))
    with pytest.raises(InputError, match="mask"):
        load(path)


def test_sparse_of_matlab_73(dense, tmp_path):
    csc = sp.csc_matrix(dense)
    parts = {"data": csc.data, "ir": csc.indices.astype("u8"), "jc": csc.indptr.astype("u8")}
    path = as_hdf5(tmp_path / "x.mat", {"S": ({"MATLAB_sparse": 5}, parts)})
    with pytest.raises(InputError, match="S is a sparse matrix of version 7.3, save it as full"):
        load(path)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_what_we_write_is_csr_by_our_own_rule(dense, tmp_path, suffix):
    save(sp.csr_array(dense), tmp_path / f"x{suffix}")
    np.testing.assert_array_equal(load(tmp_path / f"x{suffix}").toarray(), dense)
