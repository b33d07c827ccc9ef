"""Every format given what is not a matrix of finite real numbers: one line that names the file."""

import tracemalloc
import warnings

import h5py
import numpy as np
import pandas
import pyarrow
import pytest
import xarray
import zarr

from unbraid.errors import InputError
from unbraid.responses import Center, Positions, load, record, record_to


def write_safetensors(path, array):
    from unbraid.responses._formats.arrays.safetensors import write_tensors

    write_tensors(path, {"values": array}, {})


def write_table(path, array):
    table = pandas.DataFrame(array, columns=[f"u{i}" for i in range(array.shape[1])])
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path)


def write_hdf5(path, array):
    if array.dtype.kind == "U":
        array = array.astype("S")
    with h5py.File(path, "w") as file:
        file["values"] = array


def write_matlab(path, array):
    from scipy.io import savemat

    savemat(path, {"values": array})


def write_netcdf(path, array):
    names = ("presentation", "neuroid", "other")[: array.ndim]
    xarray.Dataset({"values": (names, array)}).to_netcdf(path, engine="h5netcdf")


def write_arrow(path, array):
    table = pyarrow.table({"h": pyarrow.array([[row.tolist()] for row in array])})
    with (
        pyarrow.OSFile(str(path), "wb") as sink,
        pyarrow.ipc.new_file(sink, table.schema) as writer,
    ):
        writer.write_table(table)


def write_zarr(path, array):
    group = zarr.open_group(str(path), mode="w", zarr_format=3)
    group.create_array("values", data=array, chunks=tuple(max(1, s) for s in array.shape))


FORMATS = {
    "x.npy": np.save,
    "x.npz": lambda path, array: np.savez(path, values=array),
    "x.safetensors": write_safetensors,
    "x.csv": write_table,
    "x.parquet": write_table,
    "x.h5": write_hdf5,
    "x.mat": write_matlab,
    "x.nc": write_netcdf,
    "x.arrow": write_arrow,
    "x.zarr": write_zarr,
}
NAN = np.where(np.eye(4, 3) > 0, np.nan, 1.0)
WRONG = {
    "NaN": NAN,
    "infinity": np.where(np.isnan(NAN), np.inf, 1.0),
    "complex numbers": np.ones((4, 3)) + 1j,
    "text": np.full((4, 3), "cat"),
    "three axes": np.ones((4, 3, 2)),
    "no stimuli": np.ones((0, 3)),
    "no units": np.ones((4, 0)),
}

CANNOT_HOLD = {
    "x.safetensors": {"complex numbers", "text"},
    "x.csv": {"three axes"},
    "x.parquet": {"three axes", "complex numbers"},
    "x.nc": {"complex numbers"},
    "x.arrow": {"three axes", "complex numbers"},
    "x.zarr": {"text"},
}
HELD = [(n, what) for n in FORMATS for what in WRONG if what not in CANNOT_HOLD.get(n, ())]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name, what", HELD)
def test_what_is_no_matrix_of_numbers(tmp_path, name, what):
    path = tmp_path / name
    FORMATS[name](path, WRONG[what])
    with pytest.raises(InputError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", FORMATS)
def test_a_matrix_is_read_by_every_format(tmp_path, name):
    """The same writers, given numbers: nothing above is refused for another reason."""
    path, array = tmp_path / name, np.arange(12.0).reshape(4, 3)
    FORMATS[name](path, array)
    np.testing.assert_array_equal(load(path).values, array)


def test_parquet_with_a_damaged_footer(tmp_path):
    """What its footer claims about rows and columns is never allocated."""
    path = tmp_path / "x.parquet"
    write_table(path, np.arange(30.0).reshape(10, 3))
    content = bytearray(path.read_bytes())
    tracemalloc.start()
    rng = np.random.default_rng(0)
    for _ in range(40):
        damaged = bytearray(content)
        for at in rng.integers(len(content) - 300, len(content), 4):
            damaged[at] = rng.integers(256)
        path.write_bytes(damaged)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                load(path)
            except InputError as error:
                assert "\n" not in str(error)
    assert tracemalloc.get_traced_memory()[1] < 2**26
    tracemalloc.stop()


def test_positions_need_the_memory_of_a_batch_and_of_their_names(tmp_path):
    """An eighth of a million positions in an eighth of 1 GiB."""
    import torch

    conv = torch.nn.Conv2d(1, 64, 1)
    shown = np.random.default_rng(0).random((32, 1, 64, 64), dtype=np.float32)
    tracemalloc.start()
    stores = record_to(tmp_path / "r", conv, shown, units=Positions(), batch=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    store = stores["output"]
    assert store.shape == (2**17, 64)
    assert peak < 2**27
    centre = record(conv, shown[:2], units=Center())["output"].values
    middle = 32 * 64 + 32
    np.testing.assert_allclose(store.rows([middle, 4096 + middle]), centre, atol=2e-3)
