"""Which array is meant: asked wherever another array, structure, cell or link could be."""

import h5py
import numpy as np
import pytest
import zarr
from scipy.io import savemat

from unbraid.errors import InputError
from unbraid.responses import load
from unbraid.responses._formats.arrays.safetensors import write_tensors

RNG = np.random.default_rng(0)
MATRIX, DEEP = RNG.normal(size=(20, 4)), RNG.normal(size=(20, 7, 5))


def in_hdf5(path, arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array


def in_zarr(path, arrays):
    root = zarr.open_group(str(path), mode="w")
    for name, array in arrays.items():
        root.create_array(name, data=np.asarray(array))


def in_netcdf(path, arrays):
    import xarray

    def dims(name, array):
        return tuple(f"{name}{i}" for i in range(np.ndim(array)))

    xarray.Dataset({n: (dims(n, a), a) for n, a in arrays.items()}).to_netcdf(path)


WRITERS = {
    "x.npz": lambda path, arrays: np.savez(path, **arrays),
    "x.safetensors": lambda path, arrays: write_tensors(path, arrays, {}),
    "x.mat": savemat,
    "x.h5": in_hdf5,
    "x.zarr": in_zarr,
    "x.nc": in_netcdf,
}


def asked(path, match="Say which|say values=NAME"):
    with pytest.raises(InputError, match=match):
        load(path)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("other", ["acts", "x", "activations", "a"])
def test_a_deeper_array_could_be_meant(tmp_path, name, other):
    """Logits beside activations of three axes: the comparison must not run on the logits."""
    WRITERS[name](tmp_path / name, {other: DEEP, "logits": MATRIX})
    asked(tmp_path / name)
    chosen = {"axes": "stimuli units"} if name == "x.nc" else {}
    x = load(tmp_path / name, values="logits", **chosen)
    np.testing.assert_array_equal(x.values, MATRIX)
    if name != "x.nc":
        assert x.made_by["unread"] == [other]


@pytest.mark.parametrize("name", ["x.npz", "x.safetensors", "x.mat", "x.h5", "x.zarr"])
def test_a_row_is_not_taken_for_a_matrix(tmp_path, name):
    """Real files: labels (1, 200) beside images (200, 14, 14), times (1, 13) beside two others."""
    path = tmp_path / name
    WRITERS[name](path, {"images": DEEP, "labels": np.arange(20.0)[None]})
    asked(path, r"got \(20, 7, 5\).*name its axes")
    WRITERS[name](path, {"a": DEEP, "b": DEEP, "times": np.arange(5.0)[None]})
    asked(path)
    WRITERS[name](path, {"times": np.arange(5.0)[None]})
    asked(path)
    WRITERS[name](path, {"rates": MATRIX, "times": np.arange(5.0)[None]})
    np.testing.assert_array_equal(load(path).values, MATRIX)
    WRITERS[name](path, {"one_unit": MATRIX[:, :1]})
    np.testing.assert_array_equal(load(path).values, MATRIX[:, :1])


@pytest.mark.parametrize("name", ["x.npz", "x.safetensors", "x.h5", "x.zarr"])
def test_axes_say_which_rank_is_meant(tmp_path, name):
    WRITERS[name](tmp_path / name, {"acts": DEEP, "logits": MATRIX})
    x = load(tmp_path / name, axes="stimuli units time", time="mean")
    np.testing.assert_allclose(x.values, DEEP.mean(axis=2))


def cells(items):
    found = np.empty((len(items), 1), dtype=object)
    found[:, 0] = items
    return found


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize(
    "other",
    [
        cells([MATRIX, MATRIX[:3]]),
        MATRIX + 1j,
    ],
    ids=["cells", "complex"],
)
def test_what_matlab_keeps_beside(tmp_path, other, compressed):
    path = tmp_path / "x.mat"
    savemat(path, {"labels": MATRIX, "trials": other}, do_compression=compressed)
    asked(path)
    x = load(path, values="labels")
    assert x.made_by["unread"] == ["trials"]


@pytest.mark.parametrize("compressed", [True, False])
def test_what_matlab_keeps_in_structures(tmp_path, compressed):
    """A matrix in one of them could be meant; numbers alone could not, and are reported."""
    kind, path = [("a", object), ("b", object)], tmp_path / "x.mat"
    for first, matrix_inside in ((MATRIX, True), (1.0, False)):
        other = np.array([(first, 2.0), (first, 4.0)], dtype=kind)
        savemat(path, {"labels": MATRIX, "trials": other}, do_compression=compressed)
        if matrix_inside:
            asked(path)
        x = load(path, values="labels" if matrix_inside else None)
        np.testing.assert_array_equal(x.toarray(), MATRIX)
        assert x.made_by["unread"] == [f"trials({i})/{f}" for i in (1, 2) for f in "ab"]
    names = cells([f"a picture of {i}" for i in range(20)])
    savemat(path, {"resp": MATRIX, "names": names, "opts": {"fs": 1.0}}, do_compression=compressed)
    np.testing.assert_array_equal(load(path).values, MATRIX)  # text and numbers could not be meant


@pytest.mark.parametrize("kind, could_be", [(b"string", False), (b"table", True)])
def test_objects_of_matlab(tmp_path, kind, could_be):
    import struct

    def element(code, content):
        return struct.pack("<II", code, len(content)) + content + bytes(-len(content) % 8)

    path = tmp_path / "x.mat"
    savemat(path, {"resp": MATRIX})
    head = element(6, struct.pack("<II", 17, 0))
    names = b"".join(element(1, text) for text in (b"trials", b"MCOS", kind))
    path.write_bytes(path.read_bytes() + element(14, head + names))
    if could_be:
        asked(path, r"it holds resp .*, trials \(a table\)")
    else:
        np.testing.assert_array_equal(load(path).values, MATRIX)


def test_objects_records_and_links_could_be_meant(tmp_path):
    ragged = np.array([[1.0], [1.0, 2.0]], dtype=object)
    np.savez(tmp_path / "x.npz", logits=MATRIX, acts=ragged)
    asked(tmp_path / "x.npz")
    np.savez(tmp_path / "x.npz", logits=MATRIX, acts=np.zeros(3, "i4,f8"))
    asked(tmp_path / "x.npz")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["logits"] = MATRIX
        file["acts"] = h5py.ExternalLink("elsewhere.h5", "acts")
    asked(tmp_path / "x.h5", r"it holds .*acts \(a link\)")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["logits"] = MATRIX
        file["alias"] = h5py.SoftLink("/logits")  # of the same
    np.testing.assert_array_equal(load(tmp_path / "x.h5").values, MATRIX)


def test_groups_of_netcdf_could_be_meant(tmp_path):
    import xarray

    path = tmp_path / "x.nc"
    data = xarray.Dataset({"rate": (("presentation", "neuroid"), MATRIX)})
    data.to_netcdf(path, engine="h5netcdf")
    data.to_netcdf(path, engine="h5netcdf", group="late", mode="a")
    asked(path, "holds groups, which are not read .late/rate")
    assert load(path, values="rate").made_by["unread"] == ["late/rate"]
