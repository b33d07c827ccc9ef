"""What was never observed or never written is missing, not 0; times are seconds, or refused."""

import datetime

import h5py
import nibabel
import numpy as np
import pynwb
import pytest
import zarr
from scipy.io import savemat
from scipy.sparse import csc_matrix

from unbraid.errors import InputError
from unbraid.responses import load


def refused(path, match, **options):
    with pytest.raises(InputError, match=match) as caught:
        load(path, **options)
    assert "\n" not in str(caught.value)


# --- NWB


def nwb(path, spikes, starts, shown, observed=None, invalid=(), scale=1.0):
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    file = pynwb.NWBFile("s", "id", start)
    file.add_trial_column("stimulus_id", "what was shown")
    for at, name in zip(starts, shown, strict=True):
        file.add_trial(start_time=float(at), stop_time=float(at) + 0.5, stimulus_id=name)
    for i, times in enumerate(spikes):
        own = {} if observed is None else {"obs_intervals": observed[i]}
        file.add_unit(spike_times=np.asarray(times) * scale, **own)
    for low, high in invalid:
        file.add_invalid_time_interval(start_time=low, stop_time=high)
    with pynwb.NWBHDF5IO(path, "w") as stream:
        stream.write(file)
    return path


def test_trials_outside_the_observed_intervals_are_missing(tmp_path):
    """One spike in each trial that was seen: 1, where counting the others as 0 makes .5."""
    starts, shown = np.arange(8.0), ["a", "b"] * 4
    spikes = [starts[:4] + 0.1, starts + 0.1]
    seen = [[[0.0, 2.0], [2.0, 3.9]], [[-1.0, 20.0]]]  # two that touch: one stretch
    x = load(nwb(tmp_path / "x.nwb", spikes, starts, shown, seen))
    np.testing.assert_array_equal(x.values, [[1, 1], [1, 1]])
    np.testing.assert_array_equal(np.isnan(x.repeats[:, :, 0]), [[0, 0], [0, 0], [1, 1], [1, 1]])
    x = load(tmp_path / "x.nwb", window=(-0.5, 0.2))  # the first begins before it was seen
    assert np.isnan(x.repeats[0, 0, 0])
    assert not np.isnan(x.repeats[0, 0, 1])
    refused(
        nwb(tmp_path / "y.nwb", spikes, starts, shown, [[[0.0, 0.1]], [[0.0, 9.0]]]),
        "have no repeat",
    )


def test_invalid_times_are_missing(tmp_path):
    starts, shown = np.arange(8.0), ["a", "b"] * 4
    path = nwb(tmp_path / "x.nwb", [starts[:6] + 0.1] * 2, starts, shown, invalid=[(5.9, 9.0)])
    x = load(path)
    np.testing.assert_array_equal(x.values, 1)
    assert np.isnan(x.repeats[3]).all()
    assert not np.isnan(x.repeats[:3]).any()


@pytest.mark.parametrize("scale", [1000.0, 30_000.0, 1e-3])
def test_spikes_in_other_units_than_trials(tmp_path, scale):
    starts = np.arange(20.0)
    spikes = [np.sort(np.random.default_rng(i).uniform(0, 20, 60)) for i in range(3)]
    path = nwb(tmp_path / "x.nwb", spikes, starts, ["a", "b"] * 10, scale=scale)
    refused(path, "Times must be seconds, not milliseconds or samples")


def test_everything_in_milliseconds(tmp_path):
    starts = np.arange(20.0) * 1000
    spikes = [np.sort(np.random.default_rng(i).uniform(0, 20_000, 60)) for i in range(3)]
    path = nwb(tmp_path / "x.nwb", spikes, starts, ["a", "b"] * 10)
    refused(path, "makes 0.00302 spikes per second. Times must be seconds")
    refused(path, r"window must be \(start, stop\) in seconds.*milliseconds", window=(0, 200))


def test_units_of_time_that_the_file_names(tmp_path):
    starts = np.arange(8.0)
    path = nwb(tmp_path / "x.nwb", [starts + 0.1], starts, ["a", "b"] * 4)
    with h5py.File(path, "a") as file:
        file["units/spike_times"].attrs["unit"] = "milliseconds"
    refused(path, "units/spike_times is in 'milliseconds', expected seconds")
    with h5py.File(path, "a") as file:
        file["units/spike_times"].attrs["unit"] = "seconds"
        file["units/spike_times"].attrs["conversion"] = 1e-3
    refused(path, "conversion=0.001, which could change")


def test_links_of_nwb_stay_in_the_file(tmp_path):
    starts = np.arange(8.0)
    path = nwb(tmp_path / "x.nwb", [starts + 0.1], starts, ["a", "b"] * 4)
    with h5py.File(path, "a") as file:
        file.move("units/spike_times", "kept")
        file["units/spike_times"] = h5py.SoftLink("/kept")
    np.testing.assert_array_equal(load(path).values, 1)
    with h5py.File(path, "a") as file, h5py.File(tmp_path / "other.h5", "w") as other:
        other["kept"] = file["kept"][()]
        del file["units/spike_times"]
        file["units/spike_times"] = h5py.ExternalLink("other.h5", "kept")
    refused(path, "units/spike_times is a link to another file, which is not followed")


# --- NIfTI


def bold(path, kind=nibabel.Nifti1Image, tr=2.0, unit="sec", n=20, **header):
    volumes = np.random.default_rng(0).normal(size=(3, 3, 2, n)).astype("f4")
    image = kind(volumes, np.eye(4))
    image.header.set_xyzt_units("mm", unit)
    image.header.set_zooms((1, 1, 1, tr))
    for name, value in header.items():
        image.header[name] = value
    nibabel.save(image, path)
    return volumes.reshape(-1, n).T


@pytest.fixture
def events(tmp_path):
    rows = [f"{at}\t2\t{'ab'[i % 2]}" for i, at in enumerate((0, 8, 16, 24))]
    (tmp_path / "events.tsv").write_text("\n".join(["onset\tduration\ttrial_type", *rows]))
    return tmp_path / "events.tsv"


@pytest.mark.parametrize("tr, unit", [(2000.0, "sec"), (2000.0, "unknown"), (2.0, "msec")])
def test_repetition_times_that_cannot_be(tmp_path, events, tr, unit):
    """Milliseconds under the name of seconds made every event read the first volume."""
    path = tmp_path / "x.nii"
    series = bold(path, tr=tr, unit=unit)
    refused(path, "a volume every .* s is not possible .*say tr=SECONDS", events=events)
    np.testing.assert_allclose(load(path).values, series)  # without events time is not used
    right = load(path, events=events, tr=2.0)
    bold(path)
    np.testing.assert_array_equal(load(path, events=events).values, right.values)
    refused(path, "a volume every 2000 s is not possible", events=events, tr=2000)
    refused(path, "delay must be a number of seconds, got 5000", events=events, delay=5000)


def test_events_in_other_units(tmp_path, events):
    bold(tmp_path / "x.nii", n=100)
    text = events.read_text()
    events.write_text(text.replace("\t2\t", "\t2000\t"))
    refused(tmp_path / "x.nii", "durations .to 2000, 8000 in all. must be seconds", events=events)
    events.write_text(text.replace("8\t2", "8000\t2"))
    refused(tmp_path / "x.nii", "is tr=SECONDS right, are onsets seconds", events=events)
    rows = [f"{i}\t1\t{'ab'[i % 2]}" for i in range(20)]  # numbers of volumes
    events.write_text("\n".join(["onset\tduration\ttrial_type", *rows]))
    with pytest.warns(RuntimeWarning, match="the last event ends at 20 of 200 s: are onsets sec"):
        load(tmp_path / "x.nii", events=events)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_nifti_2(tmp_path, events, suffix):
    paths = [tmp_path / f"{name}{suffix}" for name in ("one", "two")]
    for path, kind in zip(paths, (nibabel.Nifti1Image, nibabel.Nifti2Image), strict=True):
        bold(path, kind)
    one, two = (load(path, events=events) for path in paths)
    np.testing.assert_array_equal(one.values, two.values)


def test_flags_of_nifti(tmp_path):
    path = tmp_path / "x.nii"
    series = bold(path)
    stored = np.random.default_rng(1).integers(0, 99, (3, 3, 2, 20), dtype="i2")
    image = nibabel.Nifti1Image(stored, np.eye(4))
    image.header.set_slope_inter(0.5, 3.0)
    nibabel.save(image, path)
    held = nibabel.load(path)
    scaled = (
        held.dataobj.slope * np.asarray(held.dataobj.get_unscaled(), float) + held.dataobj.inter
    )
    np.testing.assert_allclose(load(path).values, scaled.reshape(-1, 20).T, rtol=1e-6)
    with pytest.warns(RuntimeWarning, match="first volume was taken at 12; onsets of events are"):
        bold(path, toffset=12.0)
        np.testing.assert_allclose(load(path).values, series)
    bold(path, unit="hz")
    refused(path, "its fourth axis is in hz, expected volumes in time")
    bold(path, intent_code=3002)
    refused(path, "is a CIFTI file: call it")
    nibabel.save(nibabel.Nifti1Image(np.ones((3, 3, 2, 5), "c8"), np.eye(4)), path)
    refused(path, "holds complex64 voxels, expected real numbers")
    colours = np.ones((3, 3, 2, 5), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    nibabel.save(nibabel.Nifti1Image(colours, np.eye(4)), path)
    refused(path, "voxels, expected real numbers")


# --- chunks


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("sharded", [False, True])
def test_missing_chunks_of_zarr(tmp_path, version, sharded):
    if sharded and version == 2:
        return
    path, values = tmp_path / "x.zarr", np.random.default_rng(0).normal(size=(20, 6))
    more = {"shards": (10, 6)} if sharded else {}
    array = zarr.create_array(
        str(path), shape=(20, 6), chunks=(5, 3), dtype="f8", zarr_format=version, **more
    )
    array[:] = values
    np.testing.assert_array_equal(load(path).values, values)
    array = zarr.create_array(
        str(path), shape=(20, 6), chunks=(5, 3), dtype="f8", zarr_format=version, overwrite=True,
        **more,
    )  # fmt: skip
    array[:15] = values[:15]
    refused(path, "2 of 8 chunks are missing and would read as its fill value")


def test_missing_chunks_of_zarr_of_xarray(tmp_path):
    import xarray

    path = tmp_path / "x.zarr"
    data = xarray.Dataset({"rate": (("presentation", "neuroid"), np.ones((8, 4)))})
    data.to_zarr(path, consolidated=False, encoding={"rate": {"chunks": (2, 4)}})
    np.testing.assert_array_equal(load(path).values, 1)
    next(p for p in (path / "rate").rglob("*") if p.name == "0" and p.is_file()).unlink()
    refused(path, "1 of 4 chunks are missing")


def test_half_written_hdf5(tmp_path):
    path = tmp_path / "x.h5"
    values = np.random.default_rng(0).normal(size=(20, 10))
    for kind in ({"chunks": (5, 10)}, {"chunks": (5, 10), "compression": "gzip"}, {}):
        with h5py.File(path, "w") as file:
            data = file.create_dataset("rates", (20, 10), "f8", **kind)
            if kind:
                data[:15] = values[:15]
        refused(path, "1 of 4 chunks were never written" if kind else "was never written")
    with h5py.File(path, "w") as file:
        file.create_dataset("rates", (20, 10), "f8", fillvalue=-1.0)[:15] = values[:15]
    refused(path, "must be finite, got 50 NaN")
    with h5py.File(path, "w") as file:
        file.create_dataset("rates", (20, 10), "f8")[:15] = values[:15]
    with pytest.warns(RuntimeWarning, match="ends in 5 rows that hold only zeros: was it written"):
        load(path)


@pytest.mark.parametrize("engine", ["h5netcdf", "scipy"])
def test_what_netcdf_leaves_where_nothing_was_written(tmp_path, engine):
    """The library's own fill of floats, and what lies outside the range that is valid."""
    import xarray

    values = np.where(np.eye(4, 3) > 0, 9.969209968386869e36, 1.0)
    data = xarray.Dataset({"rate": (("presentation", "neuroid"), values)})
    data.to_netcdf(tmp_path / "x.nc", engine=engine, encoding={"rate": {"_FillValue": None}})
    refused(tmp_path / "x.nc", "must be finite, got 3 NaN|no repeat")
    about = {"valid_range": [0.0, 10.0]}
    values = np.where(np.eye(4, 3) > 0, -1.0, 1.0)
    xarray.Dataset({"rate": (("presentation", "neuroid"), values, about)}).to_netcdf(
        tmp_path / "x.nc", engine=engine
    )
    refused(tmp_path / "x.nc", "must be finite, got 3 NaN|no repeat")


# --- MATLAB's sparse logical


@pytest.mark.parametrize("compressed", [True, False])
def test_sparse_logical_as_matlab_writes_it(tmp_path, compressed):
    """Tagged double, but one byte a value: what SciPy writes is changed to that."""
    import struct
    import zlib

    path, dense = tmp_path / "x.mat", np.random.default_rng(0).random((6, 5)) < 0.5
    savemat(path, {"s": csc_matrix(dense.astype(float))})
    whole, count = path.read_bytes(), int(dense.sum())
    ones = struct.pack("<II", 9, 8 * count) + np.ones(count).tobytes()
    assert whole.count(ones) == 1
    packed = struct.pack("<II", 9, count) + b"\1" * count + bytes(-count % 8)
    body = whole[136:].replace(ones, packed)
    flags = struct.pack("<II", 6, 8) + struct.pack("<I", 5)
    assert body.count(flags) == 1
    body = body.replace(flags, struct.pack("<II", 6, 8) + struct.pack("<I", 5 | 0x200))
    element = struct.pack("<II", 14, len(body)) + body
    if compressed:
        squeezed = zlib.compress(element)
        element = struct.pack("<II", 15, len(squeezed)) + squeezed
    path.write_bytes(whole[:128] + element)
    np.testing.assert_array_equal(load(path, values="s").values, dense)
