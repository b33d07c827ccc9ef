"""Each reader on a file made by the format's own library, and on damaged ones."""

import datetime
import json
import os
import struct
import zipfile

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.responses import load, save


@pytest.fixture
def values(rng):
    return rng.normal(size=(6, 4))


IDS = [f"s{i}" for i in range(6)]
UNITS = list("abcd")


def check(x, values):
    np.testing.assert_array_equal(x.values, values)
    assert list(x.stimuli) == IDS
    assert list(x.units) == UNITS


def refused(path, match, **options):
    with pytest.raises(InputError, match=match) as caught:
        load(path, **options)
    assert "\n" not in str(caught.value)
    assert str(path.name) in str(caught.value)


def broken_copies(path, rng, n=12):
    """Truncated and bit-flipped copies of a file: a result or one line, nothing else."""
    whole = path.read_bytes()
    for turn in range(n):
        content = bytearray(whole)
        if turn % 2:
            content = content[: int(rng.integers(1, len(content)))]
        else:
            for where in rng.integers(0, len(content), size=20):
                content[where] = rng.integers(0, 256)
        path.write_bytes(content)
        try:
            load(path)
        except InputError as error:
            assert "\n" not in str(error)
    path.write_text("hello")
    with pytest.raises(InputError):
        load(path)
    path.write_bytes(b"")
    refused(path, "is empty")


# --- tables


@pytest.mark.parametrize("suffix, sep", [(".csv", ","), (".tsv", "\t")])
def test_csv(values, tmp_path, suffix, sep):
    import pandas

    table = pandas.DataFrame(values, columns=UNITS, index=IDS)
    path = tmp_path / f"x{suffix}"
    table.to_csv(path, sep=sep)
    x = load(path)
    np.testing.assert_allclose(x.values, values, rtol=1e-12)
    assert list(x.stimuli) == IDS
    table.reset_index(drop=True).to_csv(path, sep=sep, index=False)
    assert load(path).stimuli is None
    np.savetxt(path, values, delimiter=sep)
    x = load(path)
    np.testing.assert_allclose(x.values, values, rtol=1e-12)
    assert x.units is None


def test_csv_trials_and_columns(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("n1,picture,n2\n1,cat,2\n3,cat,4\n5,dog,6\n")
    refused(path, "stimuli must be unique.*trials=True")
    x = load(path, trials=True)
    np.testing.assert_array_equal(x.values, [[2, 3], [5, 6]])
    path.write_text("image_id,n1\n1,5\n2,6\n")
    assert list(load(path).stimuli) == ["1", "2"]
    assert list(load(path, stimuli="n1", values="image_id").stimuli) == ["5", "6"]
    refused(path, "'image_id' must hold numbers, got ids.*say which columns are", stimuli="n1")
    refused(path, "has no column 'z'; it has image_id, n1", stimuli="z")


@pytest.mark.parametrize(
    "text, ids, units",
    [
        ("id;n1;n2\ncat;1,5;2\ndog;3;4,25\n", ["cat", "dog"], ["n1", "n2"]),  # Excel in Europe
        ("id;n1;n2\ncat;1.5;2\ndog;3;4.25\n", ["cat", "dog"], ["n1", "n2"]),
        ("id\tn1\tn2\ncat\t1.5\t2\ndog\t3\t4.25\n", ["cat", "dog"], ["n1", "n2"]),
        (",n1,n2\n0,1.5,2\n1,3,4.25\n", None, ["n1", "n2"]),  # pandas' running number
        (",n1,n2\n7,1.5,2\n3,3,4.25\n", ["7", "3"], ["n1", "n2"]),
        ('"n1","n2"\n"cat",1.5,2\n"dog",3,4.25\n', ["cat", "dog"], ["n1", "n2"]),  # R's row names
        (",n1,image_id,n2\n0,1.5,007,2\n1,3,010,4.25\n", ["007", "010"], ["n1", "n2"]),
        ("id, n1, n2,\ncat, 1.5, 2,\ndog, 3, 4.25,\n", ["cat", "dog"], ["n1", "n2"]),
        ("1,5;2\n3;4,25\n", None, None),
    ],
)
def test_tables_as_other_programs_write_them(tmp_path, text, ids, units):
    (tmp_path / "x.csv").write_text(text)
    x = load(tmp_path / "x.csv")
    np.testing.assert_array_equal(x.values, [[1.5, 2], [3, 4.25]])
    assert (ids, units) == tuple(None if i is None else list(i) for i in (x.stimuli, x.units))


@pytest.mark.parametrize(
    "text, options, ids",
    [
        ("# by me\n# n1,n2\n1,2\n3,4\n", {}, None),  # np.savetxt with a header
        ("# by me\n\nid,n1,n2\na,1,2\nb,3,4\n", {}, ["a", "b"]),
        ("nsd_id,n1,n2\n007,1,2\n010,3,4\n", {}, ["007", "010"]),  # never a unit
        ("cocoId,n1,n2\n7,1,2\n10,3,4\n", {}, ["7", "10"]),
        ("Unnamed: 0,n1,n2\n0,1,2\n1,3,4\n", {}, None),  # pandas, saved twice
        ("n1,n2,filename,kind\n1,2,a,x\n3,4,b,x\n", {"values": "n*"}, ["a", "b"]),
        ("n1,n2,picture,kind\n1,2,a,x\n3,4,b,x\n",
         {"values": ["n1", "n2"], "stimuli": "picture"}, ["a", "b"]),
        ("image_id,trial_id,n1,n2\na,0,1,2\nb,1,3,4\n", {"values": "n?"}, ["a", "b"]),
    ],
)  # fmt: skip
def test_what_stands_beside_the_units(tmp_path, text, options, ids):
    (tmp_path / "x.csv").write_text(text)
    x = load(tmp_path / "x.csv", **options)
    np.testing.assert_array_equal(x.values, [[1, 2], [3, 4]])
    assert x.units.tolist() == ["n1", "n2"]
    assert ids == (None if x.stimuli is None else x.stimuli.tolist())


def test_columns_that_are_no_units_are_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("image_id,trial_id,n1\na,0,1\nb,1,3\n")
    refused(path, "'trial_id' must hold numbers, got ids. If it is no unit, say which columns are")
    refused(path, "has no column 'm.'; it has trial_id, n1", values="m*")
    path.write_text("id,n1,kind\na,0,x\nb,1,y\n")
    refused(path, "'kind' must hold numbers, got 'x'.*values='unit.'")


def test_embeddings_in_a_column_of_lists(values, tmp_path):
    import pandas

    path = tmp_path / "x.parquet"
    rows = {"id": IDS, "kind": "object", "clip": list(values.astype("float32"))}
    pandas.DataFrame(rows).to_parquet(path)
    x = load(path)
    np.testing.assert_array_equal(x.values, values.astype("float32"))
    assert (x.stimuli.tolist(), x.units) == (IDS, None)
    pandas.DataFrame(rows | {"vit": rows["clip"]}).to_parquet(path)
    refused(path, "has lists in columns clip, vit; say values=COLUMN")
    assert load(path, values="vit").shape == values.shape
    pandas.DataFrame(rows)[:0].to_parquet(path)
    refused(path, "must hold at least one stimulus")
    rows["clip"][1] = rows["clip"][1][:2]
    pandas.DataFrame(rows).to_parquet(path)
    refused(path, "lists in column 'clip' must have one length and no gaps")


def test_a_turned_table_turns_its_names(tmp_path):
    (tmp_path / "x.csv").write_text("unit,cat,dog\nn1,1,2\nn2,3,4\n")
    x = load(tmp_path / "x.csv", axes="units stimuli")
    np.testing.assert_array_equal(x.values, [[1, 3], [2, 4]])
    assert (list(x.stimuli), list(x.units)) == (["cat", "dog"], ["n1", "n2"])


@pytest.mark.parametrize("level, chosen", [("stimulus", "stimulus"), ("picture", None)])
def test_an_index_is_never_a_unit(rng, tmp_path, level, chosen):
    import pandas

    path, x = tmp_path / "x.parquet", rng.normal(size=(4, 2))
    several = pandas.MultiIndex.from_arrays([["a", "b"] * 2, [0, 0, 1, 1]], names=[level, "trial"])
    pandas.DataFrame(x, columns=["n1", "n2"], index=several).to_parquet(path)
    if chosen is None:
        refused(path, "has an index of picture, trial; say stimuli=LEVEL")
    found = load(path, trials=True, **({} if chosen else {"stimuli": level}))
    np.testing.assert_allclose(found.values, (x[:2] + x[2:]) / 2)
    assert list(found.units) == ["n1", "n2"]
    pandas.DataFrame(x, columns=["n1", "n2"], index=[3, 2, 1, 0]).to_parquet(path)
    assert list(load(path).stimuli) == ["3", "2", "1", "0"]
    pandas.DataFrame({"id": [b"a", b"b"], "n": [1.0, 2.0]}).to_parquet(path)
    assert list(load(path).stimuli) == ["a", "b"]


@pytest.mark.parametrize(
    "text, match",
    [
        ("a,b\n1,2\n3,oops\n4,5\n", "column 'b' must hold numbers, got 'oops'"),
        ("a,b\n1,\n3,4\n5,6\n", "column 'b' must hold numbers, got 1 missing .''"),
        ("a,b\n1,nan\n3,4\n", "column 'b' must hold numbers, got 1 missing .'nan'"),
        ("a,b\n1,2\n3,4,5\n6\n", "is not a whole CSV file"),
        ("a,a\n1,2\n", "columns must have different names, got 'a' twice"),
        ("a,b\n1,2,3,4\n5,6,7,8\n", "rows have more cells than the header has names"),
        ("a b\n1 2\n", "no column of numbers .cells stand between commas, semicolons or tabs"),
        ("id\nx\n", "has no column of numbers"),
        ("a,b\n", "at least one stimulus"),
        ("\0\0\0\n", "is not text"),
    ],
)
def test_csv_refused(tmp_path, text, match):
    path = tmp_path / "x.csv"
    path.write_text(text)
    refused(path, match)


def test_csv_that_is_not_utf8(tmp_path):
    (tmp_path / "x.csv").write_bytes("id,n\né,1\n".encode("latin1"))
    refused(tmp_path / "x.csv", "is not text in UTF-8 or UTF-16; save it as CSV UTF-8")
    (tmp_path / "x.csv").write_text("id\tn\né\t1\n", encoding="utf-16")  # Excel's Unicode text
    assert list(load(tmp_path / "x.csv").stimuli) == ["é"]


def test_parquet(values, rng, tmp_path):
    import pandas

    path = tmp_path / "x.parquet"
    table = pandas.DataFrame(values, columns=UNITS, index=pandas.Index(IDS, name="stimulus_id"))
    table.to_parquet(path)
    check(load(path), values)
    table.reset_index().to_parquet(path)
    check(load(path), values)
    table.reset_index(drop=True).to_parquet(path)
    x = load(path)
    np.testing.assert_array_equal(x.values, values)
    assert x.stimuli is None
    broken_copies(path, rng)


# --- HDF5, MATLAB, zarr: named arrays


def test_hdf5(values, rng, tmp_path):
    import h5py

    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("session/one")
        group.create_dataset("values", data=values, compression="gzip")
        group["stimuli"] = IDS
        group["units"] = np.array(UNITS, dtype="S1")
        file["other"] = rng.normal(size=(3, 3))
        file.attrs["made_by"] = json.dumps({"lab": "x"})
    x = load(path)
    check(x, values)
    assert x.made_by == {"lab": "x", "unread": ["other"]}
    np.testing.assert_array_equal(load(path, values="session/one/values").values, values)
    broken_copies(path, rng)


def test_one_matrix_in_groups_is_found(values, tmp_path):
    import h5py

    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["monkey/V4/rates"] = values
        file["monkey/V4/fs"] = 1000.0
    np.testing.assert_array_equal(load(path).values, values)
    np.testing.assert_array_equal(load(path, values="/monkey/V4/rates").values, values)
    with h5py.File(path, "a") as file:
        ragged = file.create_dataset("x", (2,), dtype=h5py.vlen_dtype("f8"))
        ragged[0] = [1, 2]
    refused(path, r"exactly one numeric matrix .*, it holds .* x \(2,\) object. Say which")
    np.testing.assert_array_equal(load(path, values="rates").values, values)
    refused(path, "x holds references or objects", values="x")


def test_hdf5_trials(rng, tmp_path):
    import h5py

    trials = rng.normal(size=(4, 6, 3))
    with h5py.File(tmp_path / "x.hdf5", "w") as file:
        file["spikes"] = trials
        file["matrix"] = np.eye(3)
    x = load(tmp_path / "x.hdf5", axes="units stimuli repeats")
    np.testing.assert_array_equal(x.repeats, trials.transpose(2, 1, 0))


def test_a_text_that_claims_more_than_the_file(values, tmp_path):
    """HDF5 makes room for what a text claims before it looks for it."""
    import h5py

    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["values"] = values
        file["stimuli"] = IDS
        at = file["stimuli"].id.get_offset()
    content = bytearray(path.read_bytes())
    content[at + 16 : at + 20] = struct.pack("<I", 3 * 2**30)
    path.write_bytes(content)
    refused(path, "stimuli claims a text of 3221225472 bytes, the file has")


def test_hostile_hdf5(tmp_path):
    import h5py

    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("values", shape=(10**6, 10**7), chunks=(100, 100), dtype="f8")
    assert path.stat().st_size < 10_000
    refused(path, "claims 80000000000000 bytes of numbers, 0 bytes are stored")
    (tmp_path / "secret").write_bytes(bytes(64))
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "values", (4, 2), "f8", external=[(str(tmp_path / "secret"), 0, h5py.h5f.UNLIMITED)]
        )
    refused(path, "is stored in other files, which are not followed")
    with h5py.File(path, "w") as file:
        file["values"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "values")
    refused(path, "values is a link to another file, which is not followed")
    with h5py.File(path, "w") as file:
        file["values"] = np.array([file["/"].ref], dtype=h5py.ref_dtype)
    refused(path, "holds references or objects")
    with h5py.File(path, "w") as file:
        file["a"] = h5py.Empty("f8")
    refused(path, "must hold an array named 'values'")


@pytest.mark.parametrize("compressed", [True, False])
def test_matlab(values, rng, tmp_path, compressed):
    from scipy.io import savemat

    path = tmp_path / "x.mat"
    arrays = {"values": values, "stimuli": np.array(IDS, dtype=object), "units": UNITS}
    savemat(path, arrays, do_compression=compressed)
    check(load(path), values)
    savemat(path, {"r": values.T, "n": 3.0, "s": {"a": 1}}, do_compression=compressed)
    x = load(path, values="r", axes="units stimuli")
    np.testing.assert_array_equal(x.values, values)
    refused(path, "has no array 's'; it holds .* s/a", values="s")
    broken_copies(path, rng, 150)


@pytest.mark.filterwarnings("ignore:The default value for `spmatrix`:DeprecationWarning")
@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("dtype", ["f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?"])
def test_matlab_agrees_with_scipy(rng, tmp_path, dtype, compressed):
    import scipy.io
    import scipy.sparse

    path = tmp_path / "x.mat"
    dense = rng.integers(0, 2, size=(4, 5)).astype(dtype)
    sparse = scipy.sparse.csc_matrix(rng.random((4, 5)) * (rng.random((4, 5)) < 0.3))
    arrays = {"v": dense, "s": sparse, "deep": dense[:, :, None], "c": dense + 1j, "t": "text"}
    scipy.io.savemat(path, arrays, do_compression=compressed)
    theirs = scipy.io.loadmat(path)
    np.testing.assert_array_equal(load(path, values="v").values, theirs["v"].astype(float))
    np.testing.assert_array_equal(load(path, values="s").values, theirs["s"].toarray())
    x = load(path, values="deep", axes="stimuli units repeats")
    np.testing.assert_array_equal(x.values, theirs["v"].astype(float))
    refused(path, "is a structure, an object or complex", values="c")
    refused(path, "must hold real numbers", values="t")


@pytest.mark.parametrize("compressed", [False, True])
def test_matlab_text_beyond_ascii(values, tmp_path, compressed):
    from scipy import io

    names = np.empty((len(values), 1), object)
    names[:, 0] = [f"Äffin {i} 猫🐈" for i in range(len(values))]
    path = tmp_path / "x.mat"
    io.savemat(path, {"x": values, "stimuli": names}, do_compression=compressed)
    assert list(load(path).stimuli) == names.ravel().tolist()


def test_matlab_version_4(rng, tmp_path):
    from scipy.io import savemat

    values = rng.normal(size=(6, 4))
    savemat(tmp_path / "x.mat", {"values": values, "n": 3.0}, format="4")
    np.testing.assert_array_equal(load(tmp_path / "x.mat").values, values)
    broken_copies(tmp_path / "x.mat", rng, 60)


def test_matlab_that_claims_more_than_the_file(tmp_path):
    from scipy.io import savemat

    path = tmp_path / "x.mat"
    savemat(path, {"values": np.zeros((2, 3))})
    sides = struct.pack("<ii", 2, 3)
    path.write_bytes(path.read_bytes().replace(sides, struct.pack("<ii", 10**6, 10**6)))
    refused(path, "claims 8000000000000 bytes")
    path.write_bytes(
        path.read_bytes().replace(struct.pack("<ii", 10**6, 10**6), struct.pack("<ii", 2, 4))
    )
    refused(path, r"6 numbers for shape \(2, 4\)")


def test_matlab_73(values, tmp_path):
    import h5py

    path = tmp_path / "x.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        file["values"] = values.T  # as MATLAB lays it out
        file["values"].attrs["MATLAB_class"] = np.bytes_(b"double")
        cells = []
        for i, name in enumerate(IDS):
            cell = file.create_dataset(f"#refs#/{i}", data=np.array([[ord(c)] for c in name], "u2"))
            cell.attrs["MATLAB_class"] = np.bytes_(b"char")
            cells.append(cell.ref)
        file["stimuli"] = np.array([cells], dtype=h5py.ref_dtype)
        file["stimuli"].attrs["MATLAB_class"] = np.bytes_(b"cell")
        file["units"] = np.array([[ord(c) for c in UNITS]], "u2")
        file["units"].attrs["MATLAB_class"] = np.bytes_(b"char")
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(128))
    check(load(path), values)


@pytest.mark.filterwarnings("ignore:.*Zarr V3 specification.*")  # text, in zarr's own words
@pytest.mark.parametrize("version", [2, 3])
def test_zarr(values, tmp_path, version):
    import zarr

    path = tmp_path / "x.zarr"
    group = zarr.open_group(str(path), mode="w", zarr_format=version)
    array = group.create_array("values", shape=values.shape, chunks=(4, 3), dtype="f8")
    array[:] = values
    group.create_array("stimuli", data=np.array(IDS))
    group.create_array("units", data=np.array(UNITS))
    check(load(path), values)
    one = tmp_path / "one.zarr"
    zarr.save_array(str(one), values)
    np.testing.assert_array_equal(load(one).values, values)
    for chunk in one.rglob("c/*/*"):
        chunk.write_bytes(b"damaged")
    refused(one, "is not a whole zarr file")


def test_zarr_in_groups_and_zipped(values, tmp_path):
    import zarr

    group = zarr.open_group(str(tmp_path / "x.zarr"), mode="w")
    group.create_group("V4")["rates"] = values
    np.testing.assert_array_equal(load(tmp_path / "x.zarr").values, values)
    np.testing.assert_array_equal(load(tmp_path / "x.zarr", values="V4/rates").values, values)
    with zipfile.ZipFile(tmp_path / "y.zarr", "w") as archive:
        for file in (tmp_path / "x.zarr").rglob("*"):
            if file.is_file():
                archive.write(file, file.relative_to(tmp_path / "x.zarr"))
    np.testing.assert_array_equal(load(tmp_path / "y.zarr").values, values)
    with zipfile.ZipFile(tmp_path / "y.zarr", "a") as archive:
        archive.writestr("a/.zarray", '{"filters": [{"id": "pickle"}]}')
    refused(tmp_path / "y.zarr", "holds pickled objects")


@pytest.mark.filterwarnings("ignore:.*Zarr V3 specification.*")
@pytest.mark.parametrize("version", [2, 3])
def test_zarr_of_xarray(values, tmp_path, version):
    """Names of dimensions, packed numbers and what stands for a missing one are those of xarray."""
    import xarray

    path = tmp_path / "x.zarr"
    data = xarray.DataArray(values.T, dims=("neuroid", "presentation"), name="rate")
    data = data.assign_coords(stimulus_id=("presentation", IDS), neuroid_id=("neuroid", UNITS))
    packed = {"dtype": "int16", "scale_factor": 1e-3, "add_offset": 0.5, "_FillValue": -32768}
    data.to_zarr(path, zarr_format=version, consolidated=False, encoding={"rate": packed})
    x = load(path)
    np.testing.assert_allclose(x.values, values, atol=1e-3)
    assert (x.stimuli.tolist(), x.units.tolist()) == (IDS, list(UNITS))
    missing = data.where(data["stimulus_id"] != IDS[1])
    missing.to_zarr(
        path, zarr_format=version, consolidated=False, encoding={"rate": packed}, mode="w"
    )
    refused(path, "must be finite, got 4 NaN")


def test_hostile_zarr(tmp_path):
    import zarr

    path = tmp_path / "x.zarr"
    zarr.create_array(str(path), shape=(10**6, 10**6), chunks=(10, 10), dtype="f8")
    refused(path, "claims 8000000000000 bytes")
    old = tmp_path / "old.zarr"
    old.mkdir()
    about = {"zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "fill_value": None}
    about |= {"order": "C", "compressor": None, "filters": [{"id": "pickle"}]}
    (old / ".zarray").write_text(json.dumps(about))
    refused(old, "holds pickled objects, which are never opened")
    (path / "link").symlink_to(os.devnull)
    (path / "real").symlink_to(path / "zarr.json")
    refused(path, "holds symbolic links")
    empty = tmp_path / "empty.zarr"
    empty.mkdir()
    refused(empty, "is not a whole zarr")


# --- named dimensions


BOTH = {"region": ["IT", "V4"]}


def assembly(rng, *, times=1):
    """An assembly as Brain-Score stores it: MultiIndex coordinates flattened."""
    import xarray

    shown = ["b", "a", "b", "c", "a", "b"]
    data = rng.normal(size=(6, 4, times)).astype("float32")
    array = xarray.DataArray(
        data,
        dims=("presentation", "neuroid", "time_bin"),
        coords={
            "stimulus_id": ("presentation", shown),
            "repetition": ("presentation", [0, 0, 1, 0, 1, 2]),
            "object_name": ("presentation", ["dog", "cat", "dog", "car", "cat", "dog"]),
            "neuroid_id": ("neuroid", ["Chabo_1", "Chabo_2", "Tito_1", "Tito_2"]),
            "region": ("neuroid", ["IT", "IT", "V4", "V4"]),
            "time_bin_start": ("time_bin", 70 + 100 * np.arange(times)),
            "time_bin_end": ("time_bin", 170 + 100 * np.arange(times)),
        },
        name="dicarlo.something",
        attrs={"stimulus_set_identifier": "objects"},
    )
    return array, shown, data


@pytest.mark.parametrize("engine", ["h5netcdf", "scipy"])
def test_brain_score_assembly(rng, tmp_path, engine):
    array, shown, data = assembly(rng)
    path = tmp_path / "x.nc"
    array.to_netcdf(path, engine=engine)
    refused(path, r"several systems, region IT, V4: choose, load\(path, select=\{'region': 'IT'\}")
    x = load(path, select=BOTH)
    assert list(x.stimuli) == ["b", "a", "c"]
    assert list(x.units) == ["Chabo_1", "Chabo_2", "Tito_1", "Tito_2"]
    for row, name in enumerate(x.stimuli):
        mine = data[[s == name for s in shown], :, 0]
        np.testing.assert_allclose(x.values[row], mine.mean(axis=0), rtol=1e-5)
        np.testing.assert_array_equal(x.repeats[: len(mine), row], mine)
    assert x.made_by["stimulus_set_identifier"] == "objects"
    by_object = load(path, stimuli="object_name", select=BOTH)
    assert list(by_object.stimuli) == ["dog", "cat", "car"]
    refused(path, "unit ids must be unique; say units=COORDINATE", units="region", select=BOTH)
    refused(path, "has no coordinate 'zzz'", stimuli="zzz", select=BOTH)
    broken_copies(path, rng)


def test_assembly_with_time_bins_and_stacked_index(rng, tmp_path):
    array, _, data = assembly(rng, times=3)
    stacked = array.set_index(presentation=["stimulus_id", "repetition"])
    stacked.reset_index("presentation").to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    refused(
        tmp_path / "x.nc", "values have 3 time bins; say time='mean' or time='units'", select=BOTH
    )
    x = load(tmp_path / "x.nc", time="units", select=BOTH)
    assert x.shape == (3, 12)
    assert list(x.units[:3]) == ["Chabo_1@0", "Chabo_1@1", "Chabo_1@2"]
    np.testing.assert_allclose(x.values[2], data[3].ravel(), rtol=1e-6)


def test_netcdf_of_any_dimensions(values, tmp_path):
    import xarray

    path = tmp_path / "x.nc"
    coords = {"who": ("cell", UNITS), "pic": ("shown", IDS)}
    data = xarray.Dataset({"rate": (("cell", "shown"), values.T), "n": 3}, coords=coords)
    data.to_netcdf(path, engine="h5netcdf")
    refused(path, "dimension 'shown' is not known; say axes=")
    check(load(path, axes="units stimuli", stimuli="pic", units="who"), values)
    refused(path, "has no variable 'r'; it has rate, n", values="r")
    xarray.Dataset({"a": (("x", "y"), values), "b": (("x", "y"), values)}).to_netcdf(
        path, engine="h5netcdf"
    )
    refused(path, r"must hold one array; say values=NAME. It holds a \('x', 'y'\)")


# --- neurophysiology and imaging


@pytest.fixture
def nwb(rng, tmp_path):
    import pynwb

    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    file = pynwb.NWBFile("s", "id", start)
    file.add_trial_column("stimulus_id", "what was shown")
    shown = ["cat", "dog", "cat", "owl", "dog"]
    for i, name in enumerate(shown):
        file.add_trial(start_time=float(i), stop_time=i + 0.5, stimulus_id=name)
    spikes = [np.sort(rng.uniform(0, 5, size=n)) for n in (60, 0, 200)]
    for i, times in enumerate(spikes):
        file.add_unit(spike_times=times, id=10 + i)
    path = tmp_path / "x.nwb"
    with pynwb.NWBHDF5IO(path, "w") as stream:
        stream.write(file)
    return path, shown, spikes


def test_nwb(nwb, rng):
    path, shown, spikes = nwb
    x = load(path, window=(0.05, 0.3))
    assert list(x.stimuli) == ["cat", "dog", "owl"]
    assert list(x.units) == ["10", "11", "12"]
    for row, name in enumerate(x.stimuli):
        for unit, times in enumerate(spikes):
            counts = [
                np.sum((times >= i + 0.05) & (times < i + 0.3))
                for i in range(5)
                if shown[i] == name
            ]
            assert x.values[row, unit] == pytest.approx(np.mean(counts))
            np.testing.assert_array_equal(x.repeats[: len(counts), row, unit], counts)
    for options, match in [
        ({"window": (0.3, 0.1)}, "with start < stop"),
        ({"window": 3}, r"window must be \(start, stop\) in seconds"),
    ]:
        with pytest.raises(InputError, match=match):
            load(path, **options)
    refused(path, "no column 'z': intervals/trials has columns id, start_time", stimuli="z")
    refused(path, "has no intervals/epochs; it has trials: say intervals=NAME", intervals="epochs")
    broken_copies(path, rng)


def test_nwb_without_trials(tmp_path):
    import h5py

    with h5py.File(tmp_path / "x.nwb", "w") as file:
        file["units/id"] = [0]
    refused(tmp_path / "x.nwb", "has no intervals/trials, nor other intervals. Give a table")


def test_nwb_says_the_same_of_every_trial(rng, tmp_path):
    """As Allen's: the name of the set of stimuli stands beside the number of each."""
    import pynwb

    file = pynwb.NWBFile("s", "id", datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    shown = pynwb.epoch.TimeIntervals(name="natural_scenes_presentations", description="of one set")
    for name in ("stimulus_name", "frame"):
        shown.add_column(name=name, description=name)
    for i in range(6):
        shown.add_row(
            start_time=float(i), stop_time=i + 0.2, stimulus_name="scenes", frame=i % 3 - 1.0
        )
    file.add_time_intervals(shown)
    file.add_unit(spike_times=np.sort(rng.uniform(0, 6, 50)))
    path = tmp_path / "x.nwb"
    with pynwb.NWBHDF5IO(path, "w") as stream:
        stream.write(file)
    refused(path, "it has natural_scenes_presentations: say intervals=NAME")
    x = load(path, intervals="natural_scenes_presentations")
    assert x.stimuli.tolist() == ["-1", "0", "1"]
    assert len(x.repeats) == 2


def test_hdf5_that_is_no_nwb(tmp_path):
    import h5py

    with h5py.File(tmp_path / "x.nwb", "w") as file:
        file["a"] = 1
    refused(tmp_path / "x.nwb", "has no units and no RoiResponseSeries")


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_nifti(rng, tmp_path, suffix):
    import nibabel

    volumes = rng.normal(size=(4, 3, 2, 20)).astype("float32")
    mask = rng.random((4, 3, 2)) < 0.5
    mask[0, 0, 0] = True
    path, where = tmp_path / f"bold{suffix}", tmp_path / f"mask{suffix}"
    image = nibabel.Nifti1Image(volumes, np.eye(4))
    image.header.set_zooms((1, 1, 1, 2.0))
    nibabel.save(image, path)
    nibabel.save(nibabel.Nifti1Image(mask.astype("uint8"), np.eye(4)), where)
    plain = load(path, mask=where)
    np.testing.assert_allclose(plain.values, volumes[mask].T)
    assert plain.units[0] == "0-0-0"
    events = tmp_path / "events.tsv"
    events.write_text("onset\tduration\ttrial_type\n0\t4\tface\n10\t4\thouse\n20\t2\tface\n")
    x = load(path, mask=where, events=events, delay=4)
    series = volumes[mask].T
    first = series[2:4].mean(axis=0)  # volumes that begin at 4 and 6 s
    np.testing.assert_allclose(x.repeats[0, 0], first, rtol=1e-5)
    np.testing.assert_allclose(x.values[1], series[7:9].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(x.values[0], (first + series[12]) / 2, rtol=1e-5)
    labelled = load(path, mask=where, stimuli=["a", "b"] * 10)
    np.testing.assert_allclose(labelled.values[0], series[::2].mean(axis=0), atol=1e-6)
    with pytest.raises(InputError, match="stimuli must be 20 labels, one per volume, got 1"):
        load(path, stimuli=["a"])
    refused(path, "event at 20.0 s ends after the last volume", events=events, delay=20)
    events.write_text("onset\tduration\n0\t4\n")
    with pytest.raises(InputError, match="events.tsv has no column 'stimulus'"):
        load(path, events=events)
    events.write_text("onset\tduration\ttrial_type\n0\tn/a\tx\n")
    with pytest.raises(InputError, match="onset and duration must be seconds, without gaps"):
        load(path, events=events)
    events.write_text("onset\tduration\ttrial_type\n0\t4\tn/a\n")
    with pytest.raises(InputError, match="1 events have no trial_type"):
        load(path, events=events)
    with pytest.raises(InputError, match="delay must be a number of seconds, got '4'"):
        load(path, events=events, delay="4")
    outside = np.where(mask, 1, np.nan).astype("float32")
    nibabel.save(nibabel.Nifti1Image(outside, np.eye(4)), where)
    np.testing.assert_allclose(load(path, mask=where).values, plain.values)
    nibabel.save(nibabel.Nifti1Image(np.ones((2, 2, 2), "uint8"), np.eye(4)), where)
    with pytest.raises(InputError, match=r"must have shape \(4, 3, 2\), got \(2, 2, 2\)"):
        load(path, mask=where)
    with pytest.raises(InputError, match="must have 4 axes"):
        load(where)
    broken_copies(path, rng)


def test_seconds_and_places_of_volumes(rng, tmp_path):
    """Times in milliseconds are what they say; a mask of another space is told."""
    import nibabel

    volumes, affine = rng.normal(size=(3, 3, 2, 20)).astype("float32"), np.diag([2, 2, 2, 1])
    events = tmp_path / "events.tsv"
    events.write_text("onset\tduration\tstim_file\n0\t4\ta.png\n20\t4\tb.png\n")
    found = []
    for unit, spacing in (("sec", 2.0), ("msec", 2000.0)):
        image = nibabel.Nifti1Image(volumes, affine)
        image.header.set_xyzt_units("mm", unit)
        image.header.set_zooms((2, 2, 2, spacing))
        nibabel.save(image, tmp_path / "x.nii")
        found.append(load(tmp_path / "x.nii", events=events).values)
    np.testing.assert_array_equal(*found)
    mask = tmp_path / "mask.nii"
    nibabel.save(nibabel.Nifti1Image(np.ones((3, 3, 2), "uint8"), affine), mask)
    load(tmp_path / "x.nii", mask=mask)
    nibabel.save(nibabel.Nifti1Image(np.ones((3, 3, 2), "uint8"), np.diag([3, 3, 3, 1])), mask)
    with pytest.warns(RuntimeWarning, match="mask.nii and .*x.nii say that their voxels lie else"):
        load(tmp_path / "x.nii", mask=mask)


def test_hostile_nifti(tmp_path):
    import nibabel

    path = tmp_path / "x.nii"
    nibabel.save(nibabel.Nifti1Image(np.zeros((2, 2, 2, 2), "f4"), np.eye(4)), path)
    content = bytearray(path.read_bytes())
    content[40:56] = struct.pack("<8h", 4, 32000, 32000, 32000, 32000, 1, 1, 1)
    path.write_bytes(content)
    refused(path, "is truncated")


def test_real_fmri(real_data):
    import scipy.signal

    folder = real_data / "haxby2001_slice"
    lines = (folder / "attributes.txt").read_text().split("\n")
    rows = [line.split() for line in lines if line.strip()]
    labels, runs = (np.array(column) for column in zip(*rows, strict=True))
    x = load(folder / "bold.nii.gz", mask=folder / "mask.nii.gz")
    assert x.shape == (1452, 530)
    series = np.array(x.values, dtype=float)
    for run in np.unique(runs):
        flat = scipy.signal.detrend(series[runs == run], axis=0)
        series[runs == run] = flat / flat.std(axis=0)
    kinds = sorted(set(labels) - {"0"})
    assert len(kinds) == 8
    odd = runs.astype(int) % 2 == 1
    halves = [
        np.stack([series[(labels == k) & half].mean(axis=0) for k in kinds]) for half in (odd, ~odd)
    ]
    upper = np.triu_indices(8, 1)
    similar = [np.corrcoef(half)[upper] for half in halves]
    assert np.corrcoef(*similar)[0, 1] > 0.6
    averaged = load(folder / "bold.nii.gz", mask=folder / "mask.nii.gz", stimuli=labels)
    assert averaged.shape == (9, 530)


# --- activations cached as Arrow


def activations(path, values, hook="blocks.3.hook_resid_post"):
    import pyarrow as pa

    n, tokens, p = values.shape
    inner = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), p)
    column = pa.ListArray.from_arrays(pa.array(np.arange(n + 1, dtype="i4") * tokens), inner)
    ids = pa.array([[1] * tokens] * n)
    table = pa.table({hook: column, "token_ids": ids})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def test_cached_activations(rng, tmp_path):
    values = rng.normal(size=(5, 3, 4)).astype("float32")
    folder = tmp_path / "acts"
    folder.mkdir()
    activations(folder / "data-00000-of-00002.arrow", values[:3])
    activations(folder / "data-00001-of-00002.arrow", values[3:])
    (folder / "state.json").write_text("{}")
    x = load(folder)
    np.testing.assert_array_equal(x.values, values.reshape(15, 4))
    assert list(x.stimuli[:4]) == ["0@0", "0@1", "0@2", "1@0"]
    assert x.made_by == {"layer": "blocks.3.hook_resid_post", "unread": ["token_ids"]}
    np.testing.assert_array_equal(load(folder / "data-00001-of-00002.arrow").values[:3], values[3])
    refused(folder / "data-00000-of-00002.arrow", "has no column 'z'; it has blocks", layer="z")
    activations(folder / "data-00001-of-00002.arrow", values[3:, :2])
    refused(folder, "contexts must have one length")
    broken_copies(folder / "data-00000-of-00002.arrow", rng, 60)


def test_arrow_lists_of_other_lengths(tmp_path):
    import pyarrow as pa

    path = tmp_path / "x.arrow"
    for column, match in [
        (pa.array([[1.0, 2.0], [3.0]]), "contexts must have one length and no gaps"),
        (pa.array([[1.0], None]), "contexts must have one length and no gaps"),
        (pa.array([1.0, 2.0]), "has 0 columns of activations"),
        (pa.array([["a"], ["b"]]), "must hold real numbers|must be lists|whole Arrow"),
    ]:
        table = pa.table({"h": column})
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        refused(path, match)


def test_arrow_offsets_that_point_elsewhere(tmp_path):
    """Trusted, they would abort the process."""
    import pyarrow as pa

    path = tmp_path / "x.arrow"
    column = pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float32()))
    table = pa.table({"h": column})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    good, bad = (np.array(o, dtype="i4").tobytes() for o in ([0, 2, 4], [0, -5, 2**30]))
    assert path.read_bytes().count(good) == 1
    path.write_bytes(path.read_bytes().replace(good, bad))
    refused(path, "is not a whole Arrow file")


def test_a_missing_library_is_named(values, tmp_path, monkeypatch):
    from unbraid import _optional

    def missing(name):
        raise ModuleNotFoundError(name=name)

    (tmp_path / "x.h5").write_bytes(b"x")
    monkeypatch.setattr(_optional, "import_module", missing)
    with pytest.raises(InputError, match=r"Reading .h5 needs h5py: pip install 'unbraid\[brain\]'"):
        load(tmp_path / "x.h5")
    save(values, tmp_path / "x.npz")
    load(tmp_path / "x.npz")
