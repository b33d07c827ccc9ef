"""Files that say of themselves that a plain reading would be wrong: refused, or read so."""

import gzip
import json
import struct

import h5py
import nibabel
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr
import zarr
from scipy.io import savemat

from unbraid.errors import InputError
from unbraid.responses import load
from unbraid.responses._formats.arrays.safetensors import write_tensors
from unbraid.responses._formats.meaning._turned import dimensions_in

VALUES = np.arange(18.0).reshape(6, 3) ** 1.5
TURNED = 'say which is which: axes="units stimuli"'


def refused(path, match, **options):
    with pytest.raises(InputError, match=match) as caught:
        load(path, **options)
    assert "\n" not in str(caught.value)


# --- axes that are named


@pytest.mark.parametrize(
    "name, value",
    [
        ("axes", ["neuron", "stimulus"]),  # NeXus
        ("dims", ["cell", "image"]),
        ("dimOrder", "units,stimuli"),
        ("dimension_names", "voxel x trial"),
        ("axis_labels", "(channels, time)"),
    ],
)
def test_named_axes_are_read_wherever_they_stand(tmp_path, name, value):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        data = file.create_dataset("g/x", data=VALUES)
        data.attrs[name] = value
    refused(tmp_path / "x.h5", TURNED)
    turned = load(tmp_path / "x.h5", axes="units stimuli")
    np.testing.assert_array_equal(turned.values, VALUES.T)
    with h5py.File(tmp_path / "x.h5", "a") as file:
        del file["g/x"].attrs[name]
        file["g"].attrs[name] = value
    refused(tmp_path / "x.h5", TURNED)
    group = zarr.open_group(tmp_path / "x.zarr", mode="w")
    group.create_array("x", data=VALUES).attrs[name] = value
    refused(tmp_path / "x.zarr", TURNED)
    text = value if isinstance(value, str) else ",".join(value)
    write_tensors(tmp_path / "x.safetensors", {"x": VALUES}, {name: text})
    refused(tmp_path / "x.safetensors", TURNED)
    np.savez(tmp_path / "x.npz", x=VALUES, **{name: np.array(value)})
    refused(tmp_path / "x.npz", TURNED)
    savemat(tmp_path / "x.mat", {"x": VALUES, name: np.array(value, dtype=object)})
    refused(tmp_path / "x.mat", TURNED)


def test_axes_that_lie_as_they_should_are_read(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", data=VALUES).attrs["axes"] = ["images", "cells"]
    assert load(tmp_path / "x.h5").shape == (6, 3)
    assert dimensions_in("axes", "neuron by trial", 2) == ["neuron", "trial"]
    for name, value, rank in [
        ("axes", ["a", "b"], 3), ("axes", [1, 2], 2), ("axis", 1, 2), ("units", "a,b", 2),
        ("dims", "", 2), ("axes of the plot", "a,b", 2),
    ]:  # fmt: skip
        assert dimensions_in(name, value, rank) == []


@pytest.mark.parametrize("name", ["neuron_ids", "cellNames", "channels", "roi_labels"])
def test_names_of_units_are_no_ids_of_rows(tmp_path, name):
    """Three texts, one for each of three rows, were taken for ids of stimuli."""
    path = tmp_path / "x.npz"
    names = np.array(["a", "b", "c"])
    np.savez(path, x=VALUES.T, **{name: names})
    refused(path, f'its rows are as many as its {name}: .*axes="units stimuli"')
    assert load(path, axes="units stimuli").shape == (6, 3)
    assert load(path, axes="stimuli units").shape == (3, 6)
    assert load(path, stimuli=name).stimuli.tolist() == ["a", "b", "c"]
    np.savez(path, x=VALUES, **{name: names})  # as many as the columns
    assert load(path).shape == (6, 3)
    np.savez(path, x=VALUES.T, image_names=np.array(list("abcdef")))
    refused(path, "its columns are as many as its image_names")


# --- ids that stand in the file


def test_a_variable_beside_the_responses_names_the_rows(tmp_path):
    ids = ["f", "e", "d", "c", "b", "a"]
    dims = ("presentation", "neuroid")
    for name in ("stimulus_id", "picture shown"):
        held = {"x": (dims, VALUES), name: ("presentation", ids)}
        xr.Dataset(held).to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
        assert load(tmp_path / "x.nc").stimuli.tolist() == ids


def test_anndata_that_only_numbers_its_rows(tmp_path):
    """Its index is 0, 1, ... as text; the one column of texts names the rows."""

    def write(index, **obs):
        with h5py.File(tmp_path / "x.h5ad", "w") as file:
            file["X"] = VALUES
            file["obs/_index"] = index
            for name, texts in obs.items():
                file[f"obs/{name}"] = texts
        return load(tmp_path / "x.h5ad")

    count, names = [str(i) for i in range(6)], ["f", "e", "d", "c", "b", "a"]
    assert write(count, stimulus=names).stimuli.tolist() == names
    assert write(names, kind=count).stimuli.tolist() == names
    assert write(count).stimuli.tolist() == count
    with pytest.warns(RuntimeWarning, match="obs/first, obs/second may name them"):
        assert write(count, first=names, second=names[::-1]).stimuli.tolist() == count


# --- tables


def csv(tmp_path, text):
    (tmp_path / "x.csv").write_text(text)
    return tmp_path / "x.csv"


def test_marks_of_thousands_are_no_fractions(tmp_path):
    path = csv(tmp_path, "id;u\na;5,5\nb;1.100\nc;7\n")
    refused(path, "numbers such as 5,5 and 1.100: which mark is for fractions")
    refused(path, "which mark is for fractions", decimal=",")
    path = csv(tmp_path, "id;u\na;1,100\nb;2,350\nc;980\n")
    refused(path, "such as 2,350: is the comma for thousands or for fractions.*decimal=','")
    np.testing.assert_array_equal(load(path, decimal=",").values[:, 0], [1.1, 2.35, 980])
    refused(path, "column 'u' must hold numbers, got '1,100'", decimal=".")
    refused(path, "decimal must be ',' or '.', got ' '", decimal=" ")
    for plain in (
        "a;1,100\nb;2,35\nc;980",
        "a;0,125\nb;2,350\nc;980",
    ):  # these can be fractions only
        assert load(csv(tmp_path, f"id;u\n{plain}\n")).values[2, 0] == 980
    dates = csv(tmp_path, "id;u\n01.02.2020;1,5\n02.02.2020;2,5\n03.02.2020;3,5\n")
    assert load(dates).stimuli[0] == "01.02.2020"
    comma = csv(tmp_path, "id;u\ncat, black;1.500\ndog;2\nowl;3\n")
    assert load(comma).values[0, 0] == 1.5


def test_what_the_head_of_a_table_states(tmp_path):
    rows = "id,u,v\na,1,2\nb,3,4\nc,5,6\n"
    refused(
        csv(tmp_path, f"# scale factor: 0.01\n{rows}"), "comment scale factor=0.01, which could"
    )
    refused(csv(tmp_path, f"#missing = -999\n{rows}"), "has the comment missing=-999")
    x = load(csv(tmp_path, f"# lab: mine\n# recorded in May\n# gain: 1\n{rows}"))
    assert x.made_by["unread"] == ["# gain", "# lab", "# recorded in May"]
    assert load(csv(tmp_path, f"sep=,\n{rows}")).shape == (3, 2)  # Excel's first line


@pytest.mark.parametrize("name", ["valid", "isExcluded", "bad_trial", "mask", "outlier"])
def test_columns_that_mark_rows_are_no_units(tmp_path, name):
    path = csv(tmp_path, f"id,u,v,{name}\na,1,2,1\nb,3,4,0\nc,5,6,1\n")
    refused(path, f"column '{name}' marks rows")
    assert load(path, values="[uv]").shape == (3, 2)
    graded = csv(tmp_path, f"id,u,v,{name}\na,1,2,1\nb,3,4,0.5\nc,5,6,1\n")
    assert load(graded).shape == (3, 3)


@pytest.mark.parametrize("name", ["u_sem", "p_value", "weight", "u.SD", "scale_factor"])
def test_what_is_said_of_responses_is_told(tmp_path, name):
    path = csv(tmp_path, f"id,u,v,{name}\na,1,2,1\nb,3,4,7\nc,5,6,1\n")
    with pytest.warns(RuntimeWarning, match=f"'{name}' is taken for a unit"):
        load(path)


def test_parquet_metadata(tmp_path):
    path, counts = tmp_path / "x.parquet", pa.array(np.arange(6, dtype="i2"))
    field = pa.field("u", pa.int16(), metadata={"scale_factor": "0.1"})
    pq.write_table(pa.table([counts], schema=pa.schema([field])), path)
    refused(path, "x.parquet: column 'u' has the entry scale_factor=b'0.1', which could change")
    table = pa.table({"u": counts})
    pq.write_table(table.replace_schema_metadata({"missing_value": "3"}), path)
    refused(path, "its schema has the entry missing_value")
    pq.write_table(table.replace_schema_metadata({"lab": "mine"}), path)
    assert load(path).made_by["unread"] == ["@lab"]
    frame = pd.DataFrame({"u": [1.0, 2.0, 3.0]})
    frame.attrs = {"offset": 2, "note": "x"}
    frame.to_parquet(path)
    refused(path, "its table has the attribute offset=2")


# --- numbers and bytes


def test_a_mask_is_two_numbers(tmp_path, rng):
    nibabel.save(nibabel.Nifti1Image(rng.normal(size=(2, 2, 2, 5)), np.eye(4)), tmp_path / "x.nii")
    for inside in (np.arange(8) / 8, np.arange(8) // 2):  # probabilities, an atlas
        mask = nibabel.Nifti1Image(inside.reshape(2, 2, 2).astype("f4"), np.eye(4))
        nibabel.save(mask, tmp_path / "mask.nii")
        refused(tmp_path / "x.nii", "0 outside and one number inside", mask=tmp_path / "mask.nii")


def test_tensors_that_torch_negates_or_conjugates_when_read(tmp_path):
    torch = pytest.importorskip("torch")
    x = torch.tensor(VALUES)
    torch.save((x + 1j * x).conj().imag, tmp_path / "x.pt")  # has its negative bit set
    np.testing.assert_array_equal(load(tmp_path / "x.pt").values, -VALUES)
    torch.save((x + 1j).conj(), tmp_path / "x.pt")
    refused(tmp_path / "x.pt", r"got dtype complex128. Take its real part \(x.real\), its size")


def test_safetensors_names_and_bytes_belong_to_one_tensor(tmp_path):
    path = tmp_path / "x.safetensors"

    def write(header, data):
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + data)

    def entry(shape, start, stop):
        return {"dtype": "F32", "shape": shape, "data_offsets": [start, stop]}

    once = json.dumps({"x": entry([1, 2], 0, 8)})
    write(f"{once[:-1]}, {once[1:]}".encode(), bytes(8))
    refused(path, "header names 'x' twice: which is meant?")
    write({"x": entry([2, 2], 0, 16), "y": entry([2, 2], 8, 24)}, bytes(24))
    refused(path, "'x' and 'y' share bytes")
    write({"x": entry([2, 2], 8, 24)}, bytes(24))
    refused(path, "'the header' and 'x' have bytes between them")
    write({"x": entry([2, 2], 0, 16)}, bytes(24))
    refused(path, "8 bytes after 'x' belong to no tensor")
    write({"x": entry([2, 2], 0, 16)}, bytes(16))
    assert load(path).shape == (2, 2)


def changed(path, at):
    """Change one byte of a file."""
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def test_checksums_that_a_library_writes_and_does_not_compare(tmp_path, rng):
    values = rng.normal(size=(2, 2, 2, 50)).astype("f4")
    path = tmp_path / "x.nii.gz"
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)
    load(path)
    changed(path, -6)  # of the checksum: nibabel does not read so far
    refused(path, "CRC check failed")
    plain = nibabel.Nifti1Image(values, np.eye(4)).to_bytes()
    path.write_bytes(gzip.compress(plain + bytes(2**22)))
    refused(path, "holds more than the")
    torch = pytest.importorskip("torch")
    path = tmp_path / "x.pt"
    torch.save(torch.tensor(VALUES), path)
    changed(path, path.read_bytes().index(VALUES.tobytes()) + 20)
    refused(path, "Bad CRC-32")
    if hasattr(torch.serialization, "set_crc32_options"):  # without them, nothing is compared
        torch.serialization.set_crc32_options(False)
        try:
            torch.save(torch.tensor(VALUES), path)
        finally:
            torch.serialization.set_crc32_options(True)
        np.testing.assert_array_equal(load(path).values, VALUES)
    path = tmp_path / "x.parquet"
    table = pa.table({"u": rng.normal(size=100)})
    pq.write_table(table, path, write_page_checksum=True, compression="none", use_dictionary=False)
    changed(path, path.read_bytes().index(table["u"].to_numpy().tobytes()) + 20)
    refused(path, "CRC")
