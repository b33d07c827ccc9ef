"""Fluorescence in NWB files that pynwb writes: windows of trials, accepted cells, other layouts."""

import datetime

import h5py
import numpy as np
import pynwb
import pytest
from pynwb.ophys import DfOverF, Fluorescence, ImageSegmentation, OpticalChannel

from unbraid import InputError, load

N, CELLS, RATE = 400, 5, 10.0
ISCELL = np.array([[1, 0.9], [0, 0.2], [1, 0.8], [1, 0.7], [0, 0.1]])
SHOWN = list("abcdbdca") * 2
STARTS = 1.0 + 2.0 * np.arange(16)


@pytest.fixture
def traces(rng):
    return rng.normal(size=(N, CELLS))


def write(path, traces, *, column=("iscell", ISCELL), turned=False, times=None, both=False,
          trials=True, **more):  # fmt: skip
    """Write a file of one plane, as pynwb does."""
    file = pynwb.NWBFile("s", "id", datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    channel = OpticalChannel(name="c", description="d", emission_lambda=500.0)
    plane = file.create_imaging_plane(
        name="p", optical_channel=channel, description="d", device=file.create_device("m"),
        excitation_lambda=600.0, indicator="GCaMP6", location="V1",
    )  # fmt: skip
    segmentation = ImageSegmentation()
    table = segmentation.create_plane_segmentation("all", plane, name="PlaneSegmentation")
    for i in range(CELLS):
        table.add_roi(pixel_mask=[(i, i, 1.0)], id=100 + i)
    if column is not None:
        table.add_column(column[0], "which are cells", data=column[1])
    module = file.create_processing_module("ophys", "o")
    module.add(segmentation)
    when = {"rate": RATE, "starting_time": 0.5} if times is None else {"timestamps": times}
    for kind, data in ((Fluorescence, traces), (DfOverF, traces * 3)):
        if kind is DfOverF and not both:
            break
        own = kind()
        module.add(own)
        own.create_roi_response_series(
            name="traces", data=data.T if turned else data, unit="a.u.", **when, **more,
            rois=table.create_roi_table_region("all", region=list(range(CELLS))),
        )  # fmt: skip
    if trials:
        file.add_trial_column("stimulus_id", "what was shown")
        for at, name in zip(STARTS, SHOWN, strict=True):
            file.add_trial(start_time=at, stop_time=at + 1, stimulus_id=name)
    with pynwb.NWBHDF5IO(path, "w") as stream:
        stream.write(file)
    return path


def by_hand(traces, times, low, high):
    """Return the mean of the samples in each trial's window, averaged over trials of a stimulus."""
    rows = [traces[(times > at + low - 1e-6) & (times < at + high - 1e-6)].mean(0) for at in STARTS]
    return np.stack([np.mean([r for r, s in zip(rows, SHOWN, strict=True) if s == name], axis=0)
                     for name in "abcd"])  # fmt: skip


def test_means_in_windows_of_accepted_cells(traces, tmp_path):
    path = write(tmp_path / "x.nwb", traces)
    x = load(path, window=(0.2, 1.2))
    expected = by_hand(traces, 0.5 + np.arange(N) / RATE, 0.2, 1.2)
    np.testing.assert_allclose(x.values, expected[:, ISCELL[:, 0] == 1], rtol=1e-12)
    assert x.stimuli.tolist() == list("abcd")
    assert x.units.tolist() == ["100", "102", "103"]
    assert x.repeats.shape == (4, 4, 3)
    assert x.made_by["left_out"].startswith("2 of 5 regions")
    assert "iscell" in x.made_by["left_out"]
    assert load(path, window=(0.2, 1.2), cells="all").shape == (4, 5)
    with pytest.raises(InputError, match=r"is fluorescence.*window=\(0, 1.5\)"):
        load(path)
    with pytest.raises(InputError, match=r"shorter than the 0\.1 s between two samples"):
        load(path, window=(0, 0.05))
    with pytest.raises(InputError, match="cells must be 'accepted' or 'all'"):
        load(path, window=(0, 1), cells="good")


QUALITY = ["good", "noise", "good", "good", "mua"]


@pytest.mark.parametrize(
    "column", [("Accepted", ISCELL[:, 0].astype(bool)), ("quality", QUALITY)], ids=lambda c: c[0]
)
def test_other_columns_that_accept(traces, tmp_path, column):
    x = load(write(tmp_path / "x.nwb", traces, column=column), window=(0, 1))
    assert x.units.tolist() == ["100", "102", "103"]
    assert column[0] in str(x.made_by)
    x = load(write(tmp_path / "y.nwb", traces, column=None), window=(0, 1))
    assert x.shape == (4, 5)
    path = write(tmp_path / "z.nwb", traces, column=("iscell", np.zeros((5, 2))))
    with pytest.raises(InputError, match="iscell accepts no cell; cells='all'"):
        load(path, window=(0, 1))


@pytest.mark.filterwarnings("ignore:RoiResponseSeries 'traces'. The second dimension")
def test_series_are_named_turned_and_converted(traces, tmp_path):
    path = write(tmp_path / "x.nwb", traces, both=True, conversion=0.5)
    with pytest.raises(InputError, match="Fluorescence/traces: say values=NAME"):
        load(path, window=(0, 1))
    expected = by_hand(traces, 0.5 + np.arange(N) / RATE, 0, 1)[:, ISCELL[:, 0] == 1]
    x = load(path, window=(0, 1), values="DfOverF/traces")
    np.testing.assert_allclose(x.values, 1.5 * expected, rtol=1e-12)
    x = load(write(tmp_path / "t.nwb", traces, turned=True), window=(0, 1))
    np.testing.assert_allclose(x.values, expected, rtol=1e-12)
    assert "turned" in x.made_by
    path = write(tmp_path / "u.nwb", traces[:, :4])
    with pytest.raises(InputError, match="must be samples x 5 regions, got"):
        load(path, window=(0, 1))


def test_times_of_each_sample_and_what_was_not_seen(traces, tmp_path, rng):
    times = 0.5 + np.cumsum(rng.uniform(0.05, 0.15, N))
    x = load(write(tmp_path / "x.nwb", traces, times=times), window=(0, 1))
    np.testing.assert_allclose(x.values, by_hand(traces, times, 0, 1)[:, [0, 2, 3]], rtol=1e-12)
    held = traces.copy()
    held[25:36, 0] = np.nan  # the second trial's window, of a cell
    x = load(write(tmp_path / "y.nwb", held), window=(0, 1))
    assert np.isnan(x.repeats[0, 1, 0])
    assert np.isnan(x.repeats).sum() == 1
    short = load(write(tmp_path / "z.nwb", traces[:250]), window=(0, 1))  # ends after 13 trials
    assert np.isnan(short.repeats).all(axis=2).sum() == 4
    with pytest.raises(InputError, match="no trial lies within the series"):
        load(write(tmp_path / "late.nwb", traces, times=times + 500), window=(0, 1))
    path = write(tmp_path / "falls.nwb", traces, times=times[::-1])
    with pytest.raises(InputError, match="times that never fall"):
        load(path, window=(0, 1))


def test_a_table_of_trials_beside_the_file(traces, tmp_path):
    path, events = write(tmp_path / "x.nwb", traces, trials=False), tmp_path / "trials.csv"
    with pytest.raises(InputError, match=r"nor other intervals\. Give a table .* events=FILE"):
        load(path, window=(0, 1))
    lines = [f"{at},{name}" for at, name in zip(STARTS, SHOWN, strict=True)]
    events.write_text("\n".join(["onset,image_id", *lines]))
    x = load(path, window=(0, 1), events=events)
    expected = load(write(tmp_path / "y.nwb", traces), window=(0, 1))
    np.testing.assert_array_equal(x.values, expected.values)
    assert x.made_by["events"] == str(events)
    events.write_text("\n".join(["when,image_id", *lines]))
    with pytest.raises(InputError, match=r"trials\.csv has no column start_time.* align=COLUMN"):
        load(path, window=(0, 1), events=events)
    assert load(path, window=(0, 1), events=events, align="when").shape == (4, 3)


def test_damaged_series_are_one_line(traces, tmp_path):
    path = write(tmp_path / "x.nwb", traces)
    series = "processing/ophys/Fluorescence/traces"
    with h5py.File(path, "a") as file:
        file[f"{series}/rois"][:] = [0, 1, 2, 3, 9]
    with pytest.raises(InputError, match="points outside"):
        load(path, window=(0, 1))
    with h5py.File(path, "a") as file:
        del file[f"{series}/rois"].attrs["table"]
    with pytest.raises(InputError, match="does not say which table its regions are of"):
        load(path, window=(0, 1))
    with h5py.File(write(path, traces), "a") as file:
        del file[f"{series}/starting_time"]
    with pytest.raises(InputError, match="has neither timestamps nor a starting_time"):
        load(path, window=(0, 1))


def test_units_of_good_quality(tmp_path, rng):
    """As Allen's and neuroconv's files say it: a column that names each unit's quality."""
    file = pynwb.NWBFile("s", "id", datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    file.add_trial_column("stimulus_id", "what was shown")
    for i in range(6):
        file.add_trial(start_time=float(i), stop_time=i + 0.5, stimulus_id="ab"[i % 2])
    file.add_unit_column("quality", "by hand")
    for label in ("good", "noise", "good", "mua"):
        file.add_unit(spike_times=np.sort(rng.uniform(0, 6, 50)), quality=label)
    with pynwb.NWBHDF5IO(tmp_path / "x.nwb", "w") as stream:
        stream.write(file)
    x, every = load(tmp_path / "x.nwb"), load(tmp_path / "x.nwb", cells="all")
    assert x.units.tolist() == ["0", "2"]
    np.testing.assert_array_equal(x.values, every.values[:, [0, 2]])
    assert x.made_by["left_out"] == "2 of 4 cells: 1 mua, 1 noise"
