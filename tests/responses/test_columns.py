"""Tables whose columns or rows are no units: refused, or said once."""

import tracemalloc
import warnings

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.responses import as_responses, load
from unbraid.responses._formats.tables.csv_and_parquet import _counts

ROWS = "a,1,2.5,3\nb,4,5,6\nc,7,8,9\n"


def table(tmp_path, header):
    path = tmp_path / "x.csv"
    path.write_text(f"{header}\n{ROWS}")
    return path


@pytest.mark.parametrize(
    "name", ["neuron", "Neuron ID", "cell_id", "unitIdx", "voxel", "ROI", "neuroid_id"]
)
def test_rows_that_are_units_are_refused(tmp_path, name):
    path = table(tmp_path, f"{name},p1,p2,p3")
    with pytest.raises(InputError, match=f"by '{name}', like units: say axes='units stimuli'"):
        load(path)
    x = load(path, axes="units stimuli")
    assert (list(x.units), list(x.stimuli)) == (["a", "b", "c"], ["p1", "p2", "p3"])
    assert list(load(path, stimuli=name).stimuli) == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["neuron", "unit", "Channel"])
def test_pairs_of_stimulus_and_unit_are_refused(tmp_path, name):
    path = table(tmp_path, f"stimulus,{name},rate,u2")
    with pytest.raises(
        InputError, match=f"column '{name}' names units.*one row per stimulus, table.p"
    ):
        load(path)
    (tmp_path / "y.csv").write_text(f"{name},s1,s2\n0,1.5,2\n1,3,4\n")
    with pytest.raises(InputError, match=f"column '{name}' names units.*turn the table"):
        load(tmp_path / "y.csv")
    assert list(load(tmp_path / "y.csv", stimuli=name, axes="units stimuli").units) == ["0", "1"]


@pytest.mark.parametrize(
    "name", ["Time(ms)", "time [s]", "timestamp", "trial", "TrialNumber", "label", "spike_times"]
)
def test_columns_beside_the_units_are_said_once(tmp_path, name):
    path = table(tmp_path, f"id,{name},u1,u2")
    with pytest.warns(RuntimeWarning) as caught:
        assert load(path).shape == (3, 3)
    assert len(caught) == 1 and repr(name) in str(caught[0].message)
    assert "values='unit*'" in str(caught[0].message) and caught[0].filename == __file__
    assert load(path, values="u?").shape == (3, 2)


def test_events_are_no_responses(tmp_path):
    path = table(tmp_path, "trial_type,onset,duration,response_time")
    with pytest.warns(RuntimeWarning, match="table of events .*events= of the recording") as caught:
        load(path)
    assert len(caught) == 1


@pytest.mark.parametrize(
    "names", ["frame_0,frame_1,frame_2", "t1,t2,t3", "Stimulus 1,Stimulus 2,Stimulus 3"]
)
def test_columns_named_like_stimuli(tmp_path, names):
    path = table(tmp_path, f"id,{names}")
    with pytest.warns(
        RuntimeWarning, match="names like stimuli or frames.*say axes='units stimuli'"
    ):
        load(path)


@pytest.mark.parametrize(
    "names",
    [
        "u1,u2,u3",
        "V1,V4,IT",
        "conv1_0,conv1_1,conv1_2",
        "neuron_1,neuron_2,n3",
        "channel 1,channel 2,x",
        "0,1,2",
        "timed,targeted,trials_of_x",
    ],
)
def test_units_are_left_alone(tmp_path, names):
    path = table(tmp_path, f"id,{names}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(load(path).values[1], [4, 5, 6])


def test_frames_and_parquet_say_it_in_the_name_of_their_index(tmp_path):
    import pandas

    frame = pandas.DataFrame(np.eye(2), index=pandas.Index(["a", "b"], name="neuron"))
    with pytest.raises(InputError, match="x has an index named 'neuron', like units.*x.T, or"):
        as_responses(frame)
    frame.columns = ["p1", "p2"]
    frame.to_parquet(tmp_path / "x.parquet")
    with pytest.raises(InputError, match="its rows are named by 'neuron', like units"):
        load(tmp_path / "x.parquet")
    assert list(load(tmp_path / "x.parquet", axes="units stimuli").units) == ["a", "b"]


def test_an_index_that_counts_takes_no_text_for_each_row():
    import pandas as pd

    rows = 10**5
    tracemalloc.start()
    try:
        assert _counts(pd.RangeIndex(rows))
        assert tracemalloc.get_traced_memory()[1] < 30 * rows  # a text and its place take 60
    finally:
        tracemalloc.stop()
    assert not _counts(pd.RangeIndex(1, 4))
    assert not _counts(pd.Index([0, 2, 1]))
    assert not _counts(pd.Index([0.0, 1.0]))
    assert _counts(pd.Index(["0", "1"]))
