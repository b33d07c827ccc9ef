"""Trials under their stimuli: means by hand, repeats kept, missing ones understood."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbraid.errors import InputError
from unbraid.responses import from_trials, load


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=30), st.integers(0, 999))
def test_means_and_repeats(names, seed):
    values = np.random.default_rng(seed).normal(size=(len(names), 3))
    x = from_trials(values, names)
    assert list(x.stimuli) == list(dict.fromkeys(names))
    for row, name in enumerate(x.stimuli):
        mine = values[[n == name for n in names]]
        np.testing.assert_allclose(x.values[row], mine.mean(axis=0))
        if x.repeats is not None:
            np.testing.assert_array_equal(x.repeats[: len(mine), row], mine)
            assert np.isnan(x.repeats[len(mine) :, row]).all()
    assert (x.repeats is None) == (len(set(names)) == len(names))


def test_a_unit_may_miss_trials():
    x = from_trials([[1.0, np.nan], [3.0, 8.0]], ["a", "a"])
    np.testing.assert_array_equal(x.values, [[2.0, 8.0]])
    with pytest.raises(InputError, match="1 pairs of stimulus and unit have no repeat, the first"):
        from_trials([[1.0, np.nan], [3.0, 8.0]], ["a", "b"])


@pytest.mark.parametrize(
    "values, names, match",
    [
        (np.eye(2), ["a"], "stimuli must be 2 ids, one per trial"),
        (np.zeros(2), ["a", "b"], r"values must have shape \(n_stimuli, n_units\)"),
        ([[np.inf]], ["a"], "must be finite"),
        ([["x"]], ["a"], "must hold real numbers"),
        (np.eye(2), ["a", None], "must be strings or whole numbers"),
    ],
)
def test_refused(values, names, match):
    with pytest.raises(InputError, match=match):
        from_trials(values, names)


@pytest.mark.parametrize(
    "axes", ["stimuli units repeats", "units stimuli repeats", "repeats stimuli units"]
)
def test_axes_by_name(rng, tmp_path, axes):
    sizes = {"stimuli": 5, "units": 3, "repeats": 4}
    trials = rng.normal(size=(4, 5, 3))
    trials[2:, 1] = np.nan
    array = trials.transpose([("repeats", "stimuli", "units").index(a) for a in axes.split()])
    assert array.shape == tuple(sizes[a] for a in axes.split())
    np.save(tmp_path / "x.npy", array)
    x = load(tmp_path / "x.npy", axes=axes)
    np.testing.assert_array_equal(x.repeats, trials)
    np.testing.assert_allclose(x.values, np.nanmean(trials, axis=0))


def test_time_bins(rng, tmp_path):
    array = rng.normal(size=(5, 3, 2))
    np.savez(tmp_path / "x.npz", values=array, units=np.array(["u", "v", "w"]))
    axes = "stimuli units time"
    mean = load(tmp_path / "x.npz", axes=axes, time="mean")
    np.testing.assert_allclose(mean.values, array.mean(axis=2))
    long = load(tmp_path / "x.npz", axes=axes, time="units")
    np.testing.assert_array_equal(long.values, array.reshape(5, 6))
    assert list(long.units) == ["u@0", "u@1", "v@0", "v@1", "w@0", "w@1"]
    with pytest.raises(InputError, match="x.npz: values have 2 time bins; say time='mean'"):
        load(tmp_path / "x.npz", axes=axes)


@pytest.mark.parametrize(
    "axes, match",
    [
        ("stimuli unit", "axes must name each axis: stimuli and units"),
        ("stimuli units time time", "axes must name each axis: stimuli and units"),
        ("units", "axes must name each axis: stimuli and units"),
        ("stimuli units", r"axes names 2 axes \(stimuli units\), the array has \(5, 3, 2\)"),
        (None, r'Or name its axes: axes="units stimuli repeats"'),
    ],
)
def test_axes_refused(tmp_path, axes, match):
    np.save(tmp_path / "x.npy", np.zeros((5, 3, 2)))
    with pytest.raises(InputError, match=f"x.npy.*{match}"):
        load(tmp_path / "x.npy", axes=axes)


def test_rows_of_one_id_are_trials_if_so_said(tmp_path):
    np.savez(tmp_path / "x.npz", values=[[1.0], [3.0], [5.0]], stimuli=np.array(["a", "a", "b"]))
    with pytest.raises(InputError, match="must be unique.*or say trials=True"):
        load(tmp_path / "x.npz")
    x = load(tmp_path / "x.npz", trials=True)
    np.testing.assert_array_equal(x.values, [[2.0], [5.0]])
    np.save(tmp_path / "y.npy", np.eye(2))
    with pytest.raises(
        InputError, match="only where ids say which: give one per trial, stimuli=NAME"
    ):
        load(tmp_path / "y.npy", trials=True)


def test_unknown_options(tmp_path):
    np.save(tmp_path / "x.npy", np.eye(2))
    with pytest.raises(
        InputError, match="read without an option 'mask'; it has axes, time, trials"
    ):
        load(tmp_path / "x.npy", mask="y")
    np.savez(tmp_path / "x.npz", values=np.eye(2))
    with pytest.raises(InputError, match="has no array 'z'; it holds values"):
        load(tmp_path / "x.npz", values="z")


def test_real_trials_of_v4(real_data):
    folder = real_data / "v4_cowley"
    x = load(folder / "responses_raw" / "responses_210325.npy", axes="units stimuli repeats")
    assert x.shape == (640, 50)
    assert x.repeats.shape == (10, 640, 50)
    assert np.isnan(x.repeats).any()
    averaged = folder / "responses_repeat_averaged" / "responses_210325.npy"
    mean = load(averaged, axes="units stimuli")
    np.testing.assert_allclose(x.values, mean.values, atol=1e-9)
