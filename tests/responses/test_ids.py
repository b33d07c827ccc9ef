"""Ids come back as they were written, character for character, whatever the reader."""

import json

import numpy as np
import pandas as pd
import pytest

from unbraid.errors import InputError
from unbraid.responses import Responses, load, pair, save

IDS = [
    "001",
    "1e5",
    "2020-01-01",
    "NA",
    "None",
    "1.0",
    "\U0001f989",
    "x" * 300,
    "1_0",
    "True",
    "n/a",
]
N = len(IDS)
VALUES = np.random.default_rng(0).normal(size=(N, 3))
UNITS = ["007", "u1", "NA"]


def csv(path, **options):
    frame = pd.DataFrame(VALUES, index=IDS, columns=UNITS)
    frame.to_csv(path, **options)


def csv_column(name):
    def write(path):
        frame = pd.DataFrame(VALUES, columns=UNITS)
        frame.insert(1, name, IDS)
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")

    return write


def parquet(path, index=True):
    frame = pd.DataFrame(VALUES, index=pd.Index(IDS, name="stimulus"), columns=UNITS)
    (frame if index else frame.reset_index()).to_parquet(path)


def hdf5(path, text=True, name="stimuli"):
    import h5py

    with h5py.File(path, "w") as file:
        file["values"] = VALUES
        file[name] = IDS if text else np.char.encode(IDS, "utf-8")


def anndata(path):
    import h5py

    with h5py.File(path, "w") as file:
        file["X"] = VALUES
        file["obs/_index"] = IDS
        file["obs/kind/categories"] = IDS[::-1]
        file["obs/kind/codes"] = np.arange(N)


def matlab(path):
    from scipy.io import savemat

    savemat(path, {"values": VALUES, "stimuli": np.array(IDS, dtype=object)})


def matlab_labels(shape):
    def write(path):
        from scipy.io import savemat

        labels = np.array(IDS, dtype=object).reshape(shape) if shape else np.array(IDS)
        savemat(path, {"rates": VALUES, "whatever": labels, "kind": np.array(["a"] * N)})

    return write


def matlab_73(path):
    import h5py

    with h5py.File(path, "w", userblock_size=512) as file:
        file["values"] = VALUES.T
        cells = file.create_dataset("stimuli", (1, N), dtype=h5py.ref_dtype)
        cells.attrs["MATLAB_class"] = np.bytes_("cell")
        for i, name in enumerate(IDS):
            units = np.frombuffer(name.encode("utf-16-le"), np.uint16)
            file[f"#refs#/{i}"] = units[:, None]
            file[f"#refs#/{i}"].attrs["MATLAB_class"] = np.bytes_("char")
            cells[0, i] = file[f"#refs#/{i}"].ref


def zarr(path):
    import zarr

    group = zarr.open_group(path, mode="w")
    group.create_array("values", data=VALUES)
    group.create_array("stimuli", shape=(N,), dtype=str)[:] = np.array(IDS, dtype=object)


def netcdf(engine, coordinate="stimulus_id"):
    def write(path):
        import xarray

        coords = {coordinate: ("presentation", IDS)}
        array = xarray.DataArray(VALUES, dims=("presentation", "neuroid"), coords=coords, name="x")
        array.to_netcdf(path, engine=engine)

    return write


def numpy(path):
    np.save(path, VALUES)
    path.with_suffix(".stimuli.txt").write_text("\n".join(IDS) + "\n", encoding="utf-8")


def thingsvision(path):
    np.save(path, VALUES)
    path.with_name("file_names.txt").write_text("\n".join(IDS), encoding="utf-8")


def saved(path):
    save(Responses(VALUES, stimuli=IDS), path)


def header_in_json(path):
    from unbraid.responses._formats.arrays.safetensors import write_tensors

    write_tensors(path, {"values": VALUES}, {"stimuli": json.dumps(IDS, ensure_ascii=True)})


WRITERS = {
    "an index.csv": csv,
    "a named index.csv": lambda path: csv(path, index_label="stimulus"),
    "an index of unknown name.csv": lambda path: csv(path, index_label="picture"),
    "quoted.csv": lambda path: csv(path, quoting=1),
    "semicolons.csv": lambda path: csv(path, sep=";", decimal=","),
    "utf16.csv": lambda path: csv(path, encoding="utf-16"),
    "a column.csv": csv_column("image_id"),
    "a label.csv": csv_column("picture"),
    "a column.tsv": csv_column("stimulus"),
    "no header.csv": lambda path: csv(path, header=False),
    "an index.parquet": parquet,
    "a column.parquet": lambda path: parquet(path, index=False),
    "x.h5": hdf5,
    "bytes.h5": lambda path: hdf5(path, text=False),
    "x.mat": matlab,
    "row.mat": matlab_labels((1, N)),
    "column.mat": matlab_labels((N, 1)),
    "letters.mat": matlab_labels(None),
    "73.mat": matlab_73,
    "anndata.h5": anndata,
    "whatever.h5": lambda path: hdf5(path, name="whatever"),
    "x.zarr": zarr,
    "x.nc": netcdf("h5netcdf"),
    "classic.nc": netcdf("scipy"),
    "path.nc": netcdf("h5netcdf", "stimulus_path"),
    "a label.nc": netcdf("h5netcdf", "picture"),
    "x.npy": numpy,
    "features.npy": thingsvision,
    "saved.npy": saved,
    "x.npz": saved,
    "x.safetensors": saved,
    "json.safetensors": header_in_json,
}


@pytest.mark.parametrize("name", WRITERS)
def test_as_written_whatever_the_reader(name, tmp_path):
    path = tmp_path / name
    WRITERS[name](path)
    x = load(path)
    assert list(x.stimuli) == IDS
    order = np.random.default_rng(0).permutation(N)
    save(Responses(VALUES, stimuli=IDS).take(order), tmp_path / "other.npz")
    a, b = pair(load(tmp_path / "other.npz"), x)
    np.testing.assert_allclose(a.values, VALUES[order])
    np.testing.assert_allclose(b.values, VALUES[order])


@pytest.mark.parametrize(
    "text, ids, units",
    [
        (",u1,u2\n001,1,2\n010,3,4\n", ["001", "010"], ["u1", "u2"]),
        ("picture,u1,u2\n001,1,2\n010,3,4\n", ["001", "010"], ["u1", "u2"]),  # padded: no number
        ("image_id,u1,u2\n1e5,1,2\n1e05,3,4\n", ["1e5", "1e05"], ["u1", "u2"]),
        ("dog,1,2.5\ncat,3,4\n", ["dog", "cat"], None),  # no header
        ("1e5,.5,.2\n001,3,4\n", ["1e5", "001"], None),
        (",0,1\ndog,1,2\ncat,3,4\n", ["dog", "cat"], None),  # pandas' own names of columns
        ("stim,0,1\ndog,.5,2\ncat,3,4\n", ["dog", "cat"], None),
        ("0,1\n.5,2\n3,4\n", None, None),  # pandas without an index
        ("image_id,101,205\n1,1,2\n2,3,4\n", ["1", "2"], ["101", "205"]),
    ],
)
def test_header_and_ids_of_a_text(tmp_path, text, ids, units):
    (tmp_path / "x.csv").write_text(text)
    x = load(tmp_path / "x.csv")
    assert x.shape == (2, 2) and x.values[1].tolist() == [3, 4]
    assert (None if x.stimuli is None else list(x.stimuli)) == ids
    assert (None if x.units is None else list(x.units)) == units


@pytest.mark.parametrize(
    "text", ["dog,1,.5\n1,3,4\nowl,5,6\n", "dog,1,5\ncat,3,4\nowl,5,6\n", "0,1\n1,1\n0,1\n"]
)
def test_a_first_line_that_may_be_either_is_asked_about(tmp_path, text):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(InputError, match="may be a row or the names of the columns; say header="):
        load(path)
    assert load(path, header=False).shape == (3, 2)
    assert load(path, header=True).shape == (2, 2)


@pytest.mark.parametrize(
    "text",
    [
        "id,u1,u2\ndog,1,2,3\ncat,4,5,6\n",
        ",u1,u2\ndog,1,2,3\ncat,4,5,6\n",
        "u1,u2\n1,2,3\n4,5,6\n",
        "id,u1,u2\ndog,1,2\ncat,4,5,6\n",
        "id,u1,u2\ndog,1,2,\ncat,4,5,6\n",
    ],
)
def test_a_row_longer_than_the_header_is_refused(tmp_path, text):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(InputError, match="more cells than the header|not a whole CSV file .*saw 4"):
        load(tmp_path / "x.csv")


def test_names_of_rows_without_a_name_are_said(tmp_path):
    (tmp_path / "x.csv").write_text("u1,u2\ndog,1,2\ncat,3,4\n")
    with pytest.warns(RuntimeWarning, match="a cell more than the header; the first is taken for"):
        assert list(load(tmp_path / "x.csv").stimuli) == ["dog", "cat"]


@pytest.mark.parametrize("cell", ["", "NA", "NaN", "n/a"])
def test_missing_numbers(tmp_path, cell):
    path = tmp_path / "x.csv"
    path.write_text(f"id,u1,u2\ndog,1,2\ncat,3,{cell}\ncat,5,6\n")
    with pytest.raises(InputError, match=f"column 'u2' must hold numbers, got 1 missing .'{cell}'"):
        load(path)
    assert load(path, trials=True).values.tolist() == [[1, 2], [4, 6]]
    path.write_text("id,u1\ndog,1\n,3\n")
    with pytest.raises(InputError, match="'id' must name the stimulus of each row, got 1 of 2"):
        load(path)


@pytest.mark.parametrize(
    "dates",
    [
        ["2020-01-01", "2019-12-31"],
        ["2020-01-01 00:00:00", "2019-12-31 23:59:59"],
        ["2020-01-01 00:00:00.5", "2019-12-31"],
    ],
)
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_dates_of_two_files_stay_dates(tmp_path, dates, zone):
    frame = pd.DataFrame({"when": pd.to_datetime(dates, format="mixed"), "u": [1.0, 2.0]})
    frame["when"] = frame["when"].dt.tz_localize(zone)
    frame.to_csv(tmp_path / "x.csv", index=False)
    frame[::-1].to_parquet(tmp_path / "x.parquet", index=False)
    frame.set_index("when")[::-1].to_parquet(tmp_path / "index.parquet")
    x = load(tmp_path / "x.csv")
    for name in ("x.parquet", "index.parquet"):
        a, b = pair(x, load(tmp_path / name))
        np.testing.assert_array_equal(a.values, b.values)
    frame["when"] = frame["when"].dt.tz_localize(None)  # other moments, or others' clocks
    frame.to_parquet(tmp_path / "x.parquet", index=False)
    if zone:
        with pytest.raises(InputError, match="share no stimulus id"):
            pair(x, load(tmp_path / "x.parquet"))


def test_days_of_parquet_are_days(tmp_path):
    import datetime

    import pyarrow

    days = [datetime.date(2020, 1, 2), datetime.date(2020, 1, 1)]
    import pyarrow.parquet as parquet

    parquet.write_table(pyarrow.table({"when": days, "u": [1.0, 2.0]}), tmp_path / "x.parquet")
    assert list(load(tmp_path / "x.parquet").stimuli) == ["2020-01-02", "2020-01-01"]


def test_times_since_are_dates(tmp_path):
    import xarray

    when = np.array(["2020-01-02", "2020-01-01"], dtype="datetime64[ns]")
    array = xarray.DataArray(np.eye(2), dims=("stimuli", "units"), coords={"stimuli": when})
    array.to_dataset(name="x").to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    assert list(load(tmp_path / "x.nc").stimuli) == ["2020-01-02", "2020-01-01"]


@pytest.mark.parametrize("kind, most", [("f2", 2**11), ("f4", 2**24), ("f8", 2**53)])
def test_numbers_too_large_for_their_float_are_no_ids(kind, most):
    assert list(Responses(np.eye(1), stimuli=np.array([most - 1], kind)).stimuli) == [str(most - 1)]
    with pytest.raises(InputError, match="must be strings or whole numbers"):
        Responses(np.eye(1), stimuli=np.array([most + 2], kind))  # as is most + 3


@pytest.mark.parametrize("odd", [np.nan, 1.5, True, None])
def test_a_list_of_ids_holds_nothing_else(odd):
    with pytest.raises(InputError, match=f"must be strings or whole numbers, got {odd}"):
        Responses(np.eye(2), stimuli=["a", odd])


def test_names_of_other_rows_are_not_taken(tmp_path):
    thingsvision(tmp_path / "features.npy")
    np.save(tmp_path / "other.npy", VALUES[1:])
    with pytest.warns(RuntimeWarning, match=f"{N} names, .*other.npy {N - 1} rows: it is not"):
        assert load(tmp_path / "other.npy").stimuli is None
    np.save(tmp_path / "turned.npy", VALUES.T)
    assert list(load(tmp_path / "turned.npy", axes="units stimuli").stimuli) == IDS


@pytest.mark.parametrize("name", ["a\u2028b", "a\x85b", "a\x1cb", "a\vb"])
def test_only_new_lines_end_an_id(tmp_path, name):
    save(Responses(np.eye(2), stimuli=[name, "b"]), tmp_path / "x.npy")
    assert list(load(tmp_path / "x.npy").stimuli) == [name, "b"]
    for odd in ("a\nb", "a\rb", " a", ""):
        with pytest.raises(InputError, match="an id has a line break or outer blanks"):
            save(Responses(np.eye(2), stimuli=[odd, "b"]), tmp_path / "x.npy")


def test_labels_of_events(tmp_path):
    import nibabel

    volumes = np.random.default_rng(0).normal(size=(2, 2, 1, N)).astype("f4")
    image = nibabel.Nifti1Image(volumes, np.eye(4))
    image.header.set_zooms((1, 1, 1, 2))
    image.header.set_xyzt_units("mm", "sec")
    nibabel.save(image, tmp_path / "x.nii")
    labels = [i for i in IDS if i != "n/a"]  # which is BIDS' word for nothing
    rows = [f"{2 * i}\t2\t{label}\n" for i, label in enumerate(labels)]
    (tmp_path / "events.tsv").write_text("onset\tduration\tstimulus\n" + "".join(rows))
    x = load(tmp_path / "x.nii", events=tmp_path / "events.tsv", delay=0)
    assert list(x.stimuli) == labels
    np.testing.assert_allclose(x.values, volumes.reshape(4, N).T[: len(labels)], rtol=1e-6)
    rows[0] = "0\t2\tn/a\n"
    (tmp_path / "events.tsv").write_text("onset\tduration\tstimulus\n" + "".join(rows))
    with pytest.raises(InputError, match="1 events have no stimulus"):
        load(tmp_path / "x.nii", events=tmp_path / "events.tsv")


@pytest.mark.parametrize(
    "texts", [{"a": IDS, "b": IDS[::-1]}, {"a": ["x", *IDS[1:-1], "x"]}], ids=["two", "twice"]
)
def test_texts_that_may_be_ids_are_named(tmp_path, texts):
    np.savez(tmp_path / "x.npz", values=VALUES, **texts)
    with pytest.warns(RuntimeWarning, match="rows have no ids; a.* may name them, .*stimuli=NAME"):
        assert load(tmp_path / "x.npz").stimuli is None
    assert list(load(tmp_path / "x.npz", stimuli="a", trials=True).stimuli) == [
        *dict.fromkeys(texts["a"])
    ]


def test_texts_beside_a_square_array_may_be_either(tmp_path):
    np.savez(tmp_path / "x.npz", values=VALUES[:3], a=IDS[:3])
    with pytest.warns(RuntimeWarning, match="rows have no ids; a may name them"):
        assert load(tmp_path / "x.npz").stimuli is None
    np.savez(tmp_path / "x.npz", values=VALUES.T, a=IDS)
    assert list(load(tmp_path / "x.npz", axes="units stimuli").stimuli) == IDS
