"""Repeats given one by one are matched by the names that they bring."""

import numpy as np
import pandas as pd
import pytest

from unbraid import Responses, stats
from unbraid.errors import InputError

IDS = [f"s{i}" for i in range(60)]


@pytest.fixture
def trials():
    rng = np.random.default_rng(0)
    return rng.normal(size=(60, 5)) + 0.3 * rng.normal(size=(3, 60, 5))


def turned(values, kind, rows, columns):
    """Return one repeat with its rows and columns in another order."""
    ids, units, values = (
        np.array(IDS)[rows],
        np.array(list("abcde"))[columns],
        values[rows][:, columns],
    )
    if kind == "responses":
        return Responses(values, stimuli=ids, units=units)
    if kind == "numbered":  # as pandas numbers rows by itself
        return pd.DataFrame(values, index=rows, columns=units)
    if kind == "frame":
        return pd.DataFrame(values, index=ids, columns=units)
    import xarray

    coords = {"stimulus": ids, "unit": units}
    return xarray.DataArray(values, dims=("stimulus", "unit"), coords=coords)


@pytest.mark.parametrize("kind", ["frame", "numbered", "responses", "xarray"])
def test_rows_and_columns_are_matched(trials, kind):
    rng, in_order = np.random.default_rng(1), np.arange(60)
    given = [turned(trials[0], kind, in_order, np.arange(5))]
    given += [turned(one, kind, rng.permutation(60), rng.permutation(5)) for one in trials[1:]]
    expected = stats.noise_ceiling(trials)
    np.testing.assert_array_equal(stats.noise_ceiling(given).reliability, expected.reliability)
    if kind != "numbered":
        order = rng.permutation(60)
        x = Responses(trials.mean(0)[order], stimuli=np.array(IDS)[order], repeats=given)
        np.testing.assert_array_equal(x.repeats, trials[:, order])


def test_a_missing_trial_is_nan(trials):
    frame = pd.DataFrame(trials[1], index=IDS)
    given = [pd.DataFrame(trials[0], index=IDS), frame.iloc[::-1].iloc[:-1].reindex(IDS[::-1])]
    expected = trials[:2].copy()
    expected[1, 0] = np.nan
    np.testing.assert_array_equal(
        stats.noise_ceiling(given).reliability, stats.noise_ceiling(expected).reliability
    )


def test_what_cannot_be_matched_is_refused(trials):
    first = pd.DataFrame(trials[0], index=IDS)
    with pytest.raises(InputError, match="repeats must all have stimulus ids, or none of them"):
        stats.noise_ceiling([first, trials[1]])
    with pytest.raises(InputError, match=r"repeats\[1\] must have the stimulus ids of the others"):
        stats.noise_ceiling([first, first.rename(index={"s3": "t3"})])
    with pytest.raises(InputError, match=r"repeats\[1\] must have the unit ids of the others"):
        stats.noise_ceiling([first.add_prefix("a"), first.add_prefix("b")])
    with pytest.raises(
        InputError, match=r"repeats\[1\]: stimuli must be unique|name each row once"
    ):
        stats.noise_ceiling([first, first.rename(index={"s3": "s4"})])
