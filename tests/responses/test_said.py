"""What a file says and was not used is applied exactly, refused by name, or reported."""

import json
import struct
import zipfile

import h5py
import numpy as np
import pytest
import zarr
from scipy.io import savemat

from unbraid.errors import InputError
from unbraid.responses import load
from unbraid.responses._formats.arrays.safetensors import write_tensors
from unbraid.responses._said import Said, changes_meaning, report

VALUES = np.arange(12.0).reshape(4, 3) + 1


def refused(path, match, **options):
    with pytest.raises(InputError, match=match) as caught:
        load(path, **options)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


# --- the mechanism


def test_every_item_is_accounted_for():
    said = Said("x", {"scale": 2, "note": "a", "_silent": 1})
    said.skip("_*")
    with pytest.raises(InputError, match="x has the attribute scale=2, which could change"):
        said.settle()
    assert said.take("scale") == 2
    assert said.settle() == ["note"]
    with pytest.raises(InputError, match="x has the setting note=a"):
        said.settle(strict=True, kind="setting")
    assert said.take("absent", 3) == 3


def test_what_is_neutral_changes_nothing():
    for name, neutral in [
        ("scale_factor", 1), ("gain", 1.0), ("offset", 0), ("add_offset", np.float32(0)),
        ("transposed", False), ("_FillValue", np.nan), ("fortran_order", "C"), ("mask", None),
        ("encoding", "utf-8"), ("missing", ""), ("conversion", np.array([1.0])),
    ]:  # fmt: skip
        assert not changes_meaning(name, neutral), name
    for name, value in [
        ("scale_factor", 2), ("scaleFactor", 2), ("ScaleFactor", b"2"), ("SCALE", 0), ("gain", 4.0),
        ("offset", 1), ("transposed", True), ("isTransposed", 1), ("zero_point", 3),
        ("logScale", True), ("log10", 1), ("byte-order", "big"), ("imaginary", [1, 2]),
        ("quantization", "int8"), ("missing_value", -999), ("conversion", [1.0, 2.0]),
    ]:  # fmt: skip
        assert changes_meaning(name, value), name
    for name in ("lab", "units", "description", "sampling_rate", "layer", "session"):
        assert not changes_meaning(name, 7), name


def test_the_report_has_an_end():
    assert report({"a": 1}, []) == {"a": 1}
    assert report({}, ["b", "a", "b"]) == {"unread": ["a", "b"]}
    assert report({}, map(str, range(100)))["unread"][-1] == "and 60 more"


# --- flags that change what numbers mean, in every format that can hold one


def in_hdf5(path, attrs, group=False):
    with h5py.File(path, "w") as file:
        file["rates"] = VALUES
        (file if group else file["rates"]).attrs.update(attrs)


def in_zarr(path, attrs, group=False):
    root = zarr.open_group(str(path), mode="w")
    array = root.create_array("rates", data=VALUES)
    (root if group else array).attrs.update(attrs)


def in_netcdf(path, attrs, group=False):
    import xarray

    data = xarray.Dataset({"rates": (("presentation", "neuroid"), VALUES)})
    (data if group else data["rates"]).attrs.update(attrs)
    data.to_netcdf(path, engine="h5netcdf")


def in_matlab_73(path, attrs, group=False):
    with h5py.File(path, "w") as file:
        file["rates"] = VALUES.T
        file["rates"].attrs["MATLAB_class"] = np.bytes_(b"double")
        (file if group else file["rates"]).attrs.update(attrs)


def in_safetensors(path, attrs, group=True):
    write_tensors(path, {"rates": VALUES}, {k: json.dumps(v) for k, v in attrs.items()})


WRITERS = {
    "x.h5": in_hdf5, "x.zarr": in_zarr, "x.nc": in_netcdf, "x.mat": in_matlab_73,
    "x.safetensors": in_safetensors,
}  # fmt: skip
FLAGS = {
    "transposed": 1, "gain": 0.5, "quantization": "int8", "fortran_order": 1, "conversion": 1e-6,
    "offset": 2.0, "isComplex": 1, "mask_value": -1.0, "zero_point": 3,
}  # fmt: skip


@pytest.mark.parametrize("group", [False, True])
@pytest.mark.parametrize("name", WRITERS)
def test_a_flag_that_changes_meaning_is_refused(tmp_path, name, group):
    path = tmp_path / name
    for flag, value in FLAGS.items():
        WRITERS[name](path, {flag: value}, group)
        refused(path, f"{flag}=.*which could change what its numbers mean and is not read")


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_harmless_is_reported(tmp_path, name):
    path = tmp_path / name
    WRITERS[name](path, {"lab": "mine", "sampling_rate": 1000.0})
    x = load(path)
    np.testing.assert_array_equal(x.values, VALUES)
    told = str(x.made_by)
    assert "lab" in told
    assert "sampling_rate" in told


@pytest.mark.parametrize("name", ["x.h5", "x.zarr"])
@pytest.mark.parametrize("encoding", ["csr_matrix_2", "nullable-integer", "awkward-array"])
def test_an_unknown_encoding_is_refused(tmp_path, name, encoding):
    WRITERS[name](tmp_path / name, {"encoding-type": encoding})
    refused(tmp_path / name, f"encoding-type '{encoding}', which is not read")
    WRITERS[name](tmp_path / name, {"encoding-type": "array", "encoding-version": "0.2.0"})
    np.testing.assert_array_equal(load(tmp_path / name).values, VALUES)


def test_ids_in_codes_are_refused(tmp_path):
    """Anndata's categories: the codes are no ids."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["X"] = VALUES
        file["obs/kind/codes"] = [0, 1, 2, 3]
        file["obs/kind/categories"] = ["a", "b", "c", "d"]
        file["obs/kind"].attrs["encoding-type"] = "categorical"
    refused(tmp_path / "x.h5", "encoding-type 'categorical'", stimuli="obs/kind/codes")
    assert load(tmp_path / "x.h5").made_by["unread"] == ["obs/kind/categories", "obs/kind/codes"]


@pytest.mark.parametrize("name", ["x.h5", "x.zarr", "x.nc"])
@pytest.mark.parametrize(
    "packing",
    [
        {"scale_factor": 0.5, "add_offset": 3.0},
        {"scale_factor": np.float32(0.25)},
        {"add_offset": -1.0},
    ],
)
def test_packed_numbers_are_unpacked_as_xarray_does(tmp_path, name, packing):
    import xarray

    stored = np.arange(12, dtype="i2").reshape(4, 3)
    said = {
        key: value.item() if hasattr(value, "item") else value for key, value in packing.items()
    }
    data = xarray.Dataset({"rates": (("presentation", "neuroid"), stored, said)})
    expected = xarray.decode_cf(data)["rates"].values
    if name == "x.h5":
        with h5py.File(tmp_path / name, "w") as file:
            file["rates"] = stored
            file["rates"].attrs.update(packing)
    elif name == "x.zarr":
        root = zarr.open_group(str(tmp_path / name), mode="w")
        root.create_array("rates", data=stored).attrs.update(said)
    else:
        data.to_netcdf(tmp_path / name, engine="h5netcdf")
    np.testing.assert_allclose(load(tmp_path / name).values, expected, rtol=1e-6)


def test_fill_values_are_missing(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["rates"] = np.where(np.eye(4, 3) > 0, -999.0, VALUES)
        file["rates"].attrs["_FillValue"] = -999.0
    refused(tmp_path / "x.h5", "must be finite, got 3 NaN")


@pytest.mark.parametrize("name", ["x.npz", "x.safetensors", "x.mat", "x.h5", "x.zarr"])
def test_arrays_beside_that_change_meaning(tmp_path, name):
    path, path_of = (
        tmp_path / name,
        {"values": VALUES, "scale": np.full(3, 0.1), "layer": np.ones(2)},
    )
    if name == "x.npz":
        np.savez(path, **path_of)
    elif name == "x.safetensors":
        write_tensors(path, path_of, {})
    elif name == "x.mat":
        savemat(path, path_of)
    elif name == "x.h5":
        with h5py.File(path, "w") as file:
            file.update(path_of)
    else:
        root = zarr.open_group(str(path), mode="w")
        for key, array in path_of.items():
            root.create_array(key, data=array)
    refused(path, "holds scale beside values, which could change what its numbers mean")
    with pytest.warns(RuntimeWarning, match="values is read as it stands; scale beside it is not"):
        x = load(path, values="values")
    np.testing.assert_array_equal(x.values, VALUES)
    assert x.made_by["unread"] == ["layer", "scale"]


@pytest.mark.parametrize(
    "extra, match",
    [
        ({"fortran_order": 1}, "damaged .npy header"),
        ({"fortran_order": "False"}, "damaged .npy header"),
        ({"scale": 2}, "damaged .npy header"),
    ],
)
def test_flags_of_npy(tmp_path, extra, match):
    text = repr({"descr": "<f8", "fortran_order": False, "shape": (4, 3), **extra}).encode()
    head = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
    (tmp_path / "x.npy").write_bytes(head + VALUES.tobytes())
    refused(tmp_path / "x.npy", match)


def test_members_of_npz(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, values=VALUES)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("README.txt", "mine")
    assert load(path).made_by["unread"] == ["README.txt"]
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("values.npy", archive.read("values.npy"))
    refused(path, "two members of one name")


def test_safetensors_entries_say_no_more_than_is_known(tmp_path):
    entry = {"dtype": "F64", "shape": [4, 3], "data_offsets": [0, 96], "scale": 0.5}
    text = json.dumps({"values": entry}).encode()
    head = len(text).to_bytes(8, "little") + text
    (tmp_path / "x.safetensors").write_bytes(head + VALUES.tobytes())
    refused(tmp_path / "x.safetensors", "entry for 'values' says more than is known")


@pytest.mark.parametrize("order", ["<", ">"])
def test_byte_order_is_applied(tmp_path, order):
    swapped = VALUES.astype(f"{order}f8")
    zarr.create_array(str(tmp_path / "x.zarr"), data=swapped, zarr_format=2)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["values"] = swapped
    np.savez(tmp_path / "x.npz", values=swapped)
    for name in ("x.zarr", "x.h5", "x.npz"):
        np.testing.assert_array_equal(load(tmp_path / name).values, VALUES)


@pytest.mark.parametrize("compressed", [True, False])
def test_flags_of_matlab(tmp_path, compressed):
    """Of the word before a variable: logical and global are known, other bits are refused."""
    path = tmp_path / "x.mat"
    savemat(path, {"rates": VALUES}, do_compression=False)
    whole = path.read_bytes()
    at = whole.index(struct.pack("<II", 6, 8)) + 8
    for bit, known in ((0x200, True), (0x400, True), (0x800, False), (0x1000, False)):
        word = struct.pack("<I", 6 | bit)
        changed = whole[:at] + word + whole[at + 4 :]
        if compressed:
            import zlib

            packed = zlib.compress(changed[128:])
            changed = changed[:128] + struct.pack("<II", 15, len(packed)) + packed
        path.write_bytes(changed)
        if known:
            np.testing.assert_array_equal(load(path).values, VALUES)
        else:
            refused(path, "complex, or has unknown flags", values="rates")


def test_matlab_4_of_other_machines(tmp_path):
    path = tmp_path / "x.mat"
    savemat(path, {"rates": VALUES}, format="4")
    whole = path.read_bytes()
    np.testing.assert_array_equal(load(path).values, VALUES)
    for kind in (2000, 3000, 4000, 100):  # two kinds of VAX, Cray, and what is not defined
        path.write_bytes(struct.pack("<i", kind) + whole[4:])
        refused(path, "is of a machine or a kind that is not read|is not a whole MATLAB")
    savemat(path, {"rates": VALUES + 1j}, format="4")
    refused(path, "must hold real numbers|complex")


def test_attributes_of_matlab_73_that_are_not_known(tmp_path):
    in_matlab_73(tmp_path / "x.mat", {"MATLAB_object_decode": 3})
    refused(tmp_path / "x.mat", "rates is a structure or an object", values="rates")


def test_dimensions_that_say_otherwise(tmp_path):
    """An array of units by stimuli does not load as stimuli by units."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["rates"] = VALUES
        file["rates"].dims[0].label, file["rates"].dims[1].label = "unit", "stimulus"
    refused(tmp_path / "x.h5", "has the dimensions unit, stimulus; say which is which")
    x = load(tmp_path / "x.h5", axes="units stimuli")
    np.testing.assert_array_equal(x.values, VALUES.T)
    root = zarr.open_group(str(tmp_path / "x.zarr"), mode="w")
    root.create_array("rates", data=VALUES, dimension_names=["neuron", "frame"])
    refused(tmp_path / "x.zarr", "has the dimensions neuron, frame")


def test_numbers_that_stand_for_names(tmp_path):
    kinds = h5py.enum_dtype({"cat": 0, "dog": 1}, basetype="i1")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("rates", data=np.eye(4, 3, dtype="i1"), dtype=kinds)
    refused(tmp_path / "x.h5", "rates holds an enumeration")


def test_dtype_that_is_told_and_not_held(tmp_path):
    """Brain floats in 16-bit integers, as some libraries keep them in HDF5."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["rates"] = VALUES.astype("u2")
        file["rates"].attrs["dtype"] = "bfloat16"
    refused(tmp_path / "x.h5", "says dtype 'bfloat16', it holds uint16")
    with h5py.File(tmp_path / "x.h5", "a") as file:
        file["rates"].attrs["dtype"] = "uint16"
    np.testing.assert_array_equal(load(tmp_path / "x.h5").values, VALUES)


def test_a_manifest_says_no_more_than_is_known(tmp_path):
    from unbraid.responses import StoreWriter

    with StoreWriter(tmp_path / "r", n_units=3) as writer:
        writer.append(VALUES, ["a", "b", "c", "d"])
    np.testing.assert_array_equal(load(tmp_path / "r").values, VALUES)
    path = tmp_path / "r" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"center": [1, 2, 3]}))
    with pytest.raises(InputError, match="manifest.json has the entry center=.*not read"):
        load(tmp_path / "r")
