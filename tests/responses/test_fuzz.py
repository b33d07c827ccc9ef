"""Changed bytes anywhere: responses or one line, within seconds, whatever the format.

Each format's files are read in a process of its own that an alarm ends: a loop in a library's
compiled code is a failure of this test and not the end of it.
"""

import os
import signal
import traceback
import warnings

import h5py
import nibabel
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray
import zarr
from scipy.io import savemat

from unbraid.errors import InputError
from unbraid.responses import Responses, load, save

N, SECONDS = 60, 20
RNG = np.random.default_rng(0)
VALUES = RNG.normal(size=(6, 4))
IDS = list("abcdef")


def by_save(path):
    save(Responses(VALUES, stimuli=IDS, made_by={"a": 1}), path)


def hdf5(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("a/values", data=VALUES, chunks=(3, 4), compression="gzip")
        file["a/stimuli"] = IDS
        file["a"].attrs["lab"] = "mine"


def matlab(path):
    cells = np.empty((6, 1), object)
    cells[:, 0] = IDS
    savemat(path, {"values": VALUES, "stimuli": cells, "s": {"a": 1.0}}, do_compression=True)


def netcdf(engine):
    def write(path):
        coords = {"stimulus_id": ("presentation", IDS)}
        data = xarray.DataArray(VALUES, dims=("presentation", "neuroid"), coords=coords, name="r")
        data.to_netcdf(path, engine=engine)

    return write


def nwb(path):
    with h5py.File(path, "w") as file:
        file["intervals/trials/start_time"] = np.arange(6.0)
        file["intervals/trials/stimulus_id"] = IDS
        file["units/spike_times"] = np.arange(0.1, 6)
        file["units/spike_times_index"], file["units/id"] = [6], [0]


def nifti(path):
    volumes = RNG.normal(size=(2, 2, 2, 5)).astype("f4")
    nibabel.save(nibabel.Nifti2Image(volumes, np.eye(4)), path)


def parquet(path):
    pq.write_table(pa.table({"id": IDS, "a": VALUES[:, 0], "b": VALUES[:, 1]}), path)


def arrow(path):
    lists = pa.FixedSizeListArray.from_arrays(pa.array(VALUES.ravel()), 4)
    table = pa.table({"h": lists})
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with (
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_stream(sink, table.schema, options=options) as writer,
    ):
        writer.write_table(table)


def zarr_zip(path):
    store = zarr.storage.ZipStore(path, mode="w")
    group = zarr.open_group(store, mode="w")
    group.create_array("values", data=VALUES, chunks=(3, 4))
    store.close()


WRITERS = {
    "x.npy": by_save, "x.npz": by_save, "x.safetensors": by_save, "x.h5": hdf5, "x.mat": matlab,
    "x4.mat": lambda path: savemat(path, {"values": VALUES}, format="4"), "x.nwb": nwb,
    "x.nc": netcdf("h5netcdf"), "classic.nc": netcdf("scipy"), "x.nii": nifti,
    "x.parquet": parquet, "x.arrow": arrow, "x.zarr": zarr_zip,
}  # fmt: skip


def read_all(path, contents, tell):
    """Read each content under the alarm; tell the number of each, and what went wrong."""
    warnings.simplefilter("ignore")
    for number, content in enumerate(contents):
        signal.alarm(SECONDS)
        os.write(tell, f"\n{number}".encode())
        path.write_bytes(content)
        try:
            load(path)
        except InputError as error:
            if "\n" in str(error):
                os.write(tell, b" several lines")
        except BaseException:
            os.write(tell, " ".join(traceback.format_exc().split()).encode()[-500:])
    os.write(tell, b"\nwhole")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process that can be ended")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("name", WRITERS)
def test_changed_bytes_end_in_one_line(tmp_path, name):
    path, rng = tmp_path / name, np.random.default_rng(0)
    WRITERS[name](path)
    whole, contents = path.read_bytes(), []
    for number in range(N):
        content = bytearray(whole)
        for at in rng.integers(0, len(content), 1 + number % 8):
            content[at] = rng.integers(256)
        contents.append(bytes(content if number % 6 else content[: rng.integers(1, len(whole))]))
    end, tell = os.pipe()
    child = os.fork()
    if not child:
        try:
            read_all(path, contents, tell)
        finally:
            os._exit(0)
    os.close(tell)
    with os.fdopen(end, "rb") as stream:
        told = stream.read().decode().strip().split("\n")
    _, status = os.waitpid(child, 0)
    assert status == 0, f"ended by signal {status & 127} at file {told[-1]}"
    assert told == [*map(str, range(N)), "whole"]
