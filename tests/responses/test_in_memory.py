"""Ids that objects in memory carry: an index, coordinates, columns; rows are matched by them."""

import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

import unbraid as ub
from unbraid.errors import InputError
from unbraid.responses import Responses, as_responses, common, from_trials, pair

N = 60


@pytest.fixture
def systems():
    """Two systems that share four variables, as arrays; and the rows in another order."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(N, 4))
    x, y = (z @ rng.normal(size=(4, 6)) + 0.3 * rng.normal(size=(N, 6)) for _ in "xy")
    return x, y, rng.permutation(N)


def named(values, prefix="img"):
    return pd.DataFrame(values, index=[f"{prefix}{i:03d}" for i in range(len(values))])


def ridge(x, y, **options):
    return ub.align.ridge(x, y, permutations=0, resamples=0, **options).value


# --- pandas


@pytest.mark.parametrize("make", [pd.DataFrame, named], ids=["numbered", "named"])
def test_rows_of_frames_are_matched_by_their_index(systems, make):
    x, y, order = systems
    dx, dy = make(x), make(y)
    assert ridge(dx, dy.iloc[order]) == ridge(dx, dy) == ridge(x, y)
    a, b = pair(dx.iloc[order], dy)
    np.testing.assert_array_equal(a.values, x[order])
    np.testing.assert_array_equal(b.values, y[order])
    assert ridge(dx, make(y[order])) < ridge(dx, dy) - 0.3  # the check can fail


@pytest.mark.parametrize("make", [pd.DataFrame, named], ids=["numbered", "named"])
def test_frames_of_other_rows_are_not_paired(systems, make):
    x, y, _ = systems
    dx, dy = make(x), make(y)
    with pytest.raises(InputError, match="of which 20 are shared. Keep those"):
        pair(dx.iloc[:40], dy.iloc[20:])
    a, b = common(dx.iloc[:40], dy.iloc[20:])
    np.testing.assert_array_equal(a.values, x[20:40])
    np.testing.assert_array_equal(b.values, y[20:40])
    with pytest.raises(InputError, match="share no stimulus id"):
        pair(dx.iloc[:30], dy.iloc[30:])


def test_the_index_that_pandas_makes_is_no_id(systems):
    x, y, _ = systems
    assert as_responses(pd.DataFrame(x)).stimuli is None
    assert list(as_responses(pd.DataFrame(x)[3:]).stimuli[:2]) == ["3", "4"]
    assert list(as_responses(pd.DataFrame(x).rename_axis("image")).stimuli[:2]) == ["0", "1"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pair(pd.DataFrame(x), y)  # neither side has ids
        pair(pd.DataFrame(x), pd.DataFrame(y))
        pair(x, pd.DataFrame(y))
    with pytest.warns(RuntimeWarning, match="Only one of x and y has stimulus ids"):
        pair(x, named(y))
    with pytest.warns(RuntimeWarning, match="Only one of x and y has stimulus ids"):
        pair(pd.DataFrame(x), named(y))


@pytest.mark.parametrize("start", [0, 1])
def test_numbers_in_another_order_need_numbers_beside_them(systems, start):
    x, y, order = systems
    moved = pd.DataFrame(y[order], index=order + start)
    for a, b, who in ((x, moved, "y"), (moved, x, "x")):
        with pytest.raises(InputError, match=f"{who} numbers its rows in another order"):
            pair(a, b)
    with pytest.warns(RuntimeWarning, match="Only one of x and y"):
        pair(x, Responses(y, stimuli=np.arange(start, N + start)))


@pytest.mark.parametrize(
    "index, ids",
    [
        (["001", "1e5"], ["001", "1e5"]),
        (pd.Index([7, 3]), ["7", "3"]),
        (pd.CategoricalIndex(["b", "a"]), ["b", "a"]),
        (pd.DatetimeIndex(["2020-01-01", "2020-02-01"]), ["2020-01-01", "2020-02-01"]),
        (
            pd.DatetimeIndex(["2020-01-01", "2020-02-01 00:00:01.5"]),
            ["2020-01-01 00:00:00.000", "2020-02-01 00:00:01.500"],
        ),
        (
            pd.DatetimeIndex(["2020-01-01", "2020-02-01"], tz="UTC"),
            ["2020-01-01 00:00:00+00:00", "2020-02-01 00:00:00+00:00"],
        ),
        (pd.Index([2.0, 1.0]), ["2", "1"]),
    ],
)
def test_index_of_every_kind(index, ids, tmp_path):
    frame = pd.DataFrame({"u": [1.0, 2.0], "v": [3.0, 4.0]}, index=index)
    assert list(as_responses(frame).stimuli) == ids
    if index is not None and not isinstance(index, list) and index.dtype.kind == "f":
        return  # a CSV says 2.0, which is another text
    frame.to_csv(tmp_path / "x.csv")
    a, b = pair(frame, ub.load(tmp_path / "x.csv"))
    np.testing.assert_array_equal(a.values, b.values)


@pytest.mark.parametrize(
    "index, match",
    [
        (
            ["a", "a"],
            "the index of x must name each row once, got 'a' twice.*from_trials.x, x.index",
        ),
        (["a", None], "must be strings or whole numbers, got"),
        ([0.5, 1.0], "must be strings or whole numbers, got dtype float64"),
        ([True, False], "must be strings or whole numbers, got"),
        (pd.DatetimeIndex(["2020-01-01", None]), "got NaT"),
        (
            pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["who", "k"]),
            "several levels .who",
        ),
    ],
)
def test_index_refused(index, match):
    with pytest.raises(InputError, match=match) as caught:
        as_responses(pd.DataFrame(np.eye(2), index=index), "x")
    assert "\n" not in str(caught.value)


def test_columns_are_units():
    frame = pd.DataFrame(np.eye(2), columns=["u", "v"])
    assert list(as_responses(frame).units) == ["u", "v"]
    assert as_responses(pd.DataFrame(np.eye(2))).units is None
    levels = pd.MultiIndex.from_product([["V1"], ["a", "b"]])
    assert list(as_responses(pd.DataFrame(np.eye(2), columns=levels)).units) == ["V1/a", "V1/b"]
    with pytest.raises(InputError, match="units must be unique, got 1 duplicate.*its own name"):
        as_responses(pd.DataFrame(np.eye(2), columns=["u", "u"]))


def test_types_of_columns():
    frame = pd.DataFrame({"a": [1, 2], "b": [True, False], "c": [0.5, 1.5]})
    np.testing.assert_array_equal(as_responses(frame).values, [[1, 1, 0.5], [2, 0, 1.5]])
    assert as_responses(pd.DataFrame(np.eye(2, dtype="f4"))).values.dtype == np.float32
    nullable = pd.DataFrame({"a": pd.array([1, 2], "Int64"), "b": pd.array([1, None], "Float32")})
    with pytest.raises(InputError, match="x must be finite, got 1 NaN"):
        as_responses(nullable)
    np.testing.assert_array_equal(as_responses(nullable[["a"]]).values, [[1], [2]])
    with pytest.raises(InputError, match="its column 'name' holds .*x.set_index.'name'"):
        as_responses(pd.DataFrame({"name": ["p", "q"], "u": [1.0, 2.0]}))
    with pytest.raises(InputError, match="got a Series; use x.to_frame"):
        as_responses(pd.Series([1.0, 2.0]))


def test_ids_given_beside_a_frame(systems):
    x, _, order = systems
    frame, ids = named(x), pd.Series([f"z{i}" for i in range(N)], index=named(x).index)
    moved = Responses(frame, stimuli=ids.iloc[order])  # matched by the index of both
    np.testing.assert_array_equal(moved.stimuli, ids.to_numpy())
    assert list(Responses(frame, stimuli=ids.tolist()).stimuli) == ids.tolist()
    with pytest.raises(InputError, match="its index has no 'img000'"):
        Responses(frame, stimuli=ids.iloc[1:])


def test_trials_of_a_frame():
    frame = pd.DataFrame({"u": [1.0, 5.0, 3.0]}, index=["t1", "t2", "t3"])
    shown = pd.Series({"t3": "cat", "t2": "dog", "t1": "cat"})
    x = from_trials(frame, shown)
    assert (list(x.stimuli), list(x.units), x.values.ravel().tolist()) == (
        ["cat", "dog"],
        ["u"],
        [2.0, 5.0],
    )


def test_other_tables():
    import polars

    x = as_responses(polars.DataFrame({"u": [1.0, 2.0], "v": [3, 4]}))
    assert list(x.units) == ["u", "v"]
    with pytest.raises(InputError, match="its column 'name' does not"):
        as_responses(polars.DataFrame({"name": ["p", "q"], "u": [1.0, 2.0]}))


def test_tables_of_arrow():
    import pyarrow

    x = as_responses(pyarrow.table({"u": [1.0, 2.0], "v": [3, 4]}))
    np.testing.assert_array_equal(x.values, [[1, 3], [2, 4]])
    assert list(x.units) == ["u", "v"]
    with pytest.raises(InputError, match="its column 'name' does not"):
        as_responses(pyarrow.table({"name": ["p", "q"], "u": [1.0, 2.0]}))


# --- xarray


def assembly(values, dims=("presentation", "neuroid"), **coords):
    import xarray

    return xarray.DataArray(values, dims=dims, coords=coords)


def test_assemblies_bring_their_coordinates(systems):
    x, y, order = systems
    ids = np.array([f"img{i}" for i in range(N)])
    names = [f"n{i}" for i in range(x.shape[1])]
    a = assembly(x, stimulus_id=("presentation", ids), neuroid_id=("neuroid", names))
    b = assembly(y.T, ("neuroid", "presentation"), stimulus_id=("presentation", ids))
    moved = b.isel(presentation=order)
    assert ridge(a, moved) == ridge(a, b) == ridge(x, y)
    assert list(as_responses(a).units) == names
    stacked = a.set_index(presentation=["stimulus_id"])
    assert ridge(stacked, moved) == ridge(x, y)


def test_presentations_of_one_stimulus_are_repeats():
    a = assembly([[1.0], [5.0], [3.0]], stimulus_id=("presentation", ["p", "q", "p"]))
    x = as_responses(a)
    assert (list(x.stimuli), x.values.ravel().tolist(), x.repeats.shape) == (
        ["p", "q"],
        [2.0, 5.0],
        (2, 2, 1),
    )


def test_dimensions_of_other_names(systems):
    x = systems[0]
    ids = [f"{i}.png" for i in range(N)]
    assert list(as_responses(assembly(x, ("file", "cell"), file=ids)).stimuli) == ids
    assert list(as_responses(assembly(x.T, ("neuroid", "file"), file=ids)).stimuli) == ids
    assert as_responses(assembly(x, ("dim_0", "dim_1"))).stimuli is None
    with pytest.raises(InputError, match="x: dimension 'foo' is not known; rename it"):
        as_responses(assembly(x[:, :, None], ("presentation", "neuroid", "foo")))
    with pytest.raises(InputError, match=r"got a Dataset; take one of its variables, x\['NAME'\]"):
        as_responses(assembly(x).to_dataset(name="rates"))


def test_several_layers_are_no_one_system(systems):
    layers = ["conv4"] * 3 + ["conv5"] * 3
    both = assembly(systems[0], layer=("neuroid", layers))
    with pytest.raises(InputError, match=r"layer conv4, conv5: choose, x\[x.layer == 'conv4'\]"):
        as_responses(both)
    assert as_responses(both[:, both.layer == "conv5"]).shape == (N, 3)


def test_neither_pandas_nor_xarray_is_imported_for_arrays():
    code = (
        "import sys, numpy as np, unbraid as ub\n"
        "x = ub.responses.as_responses(np.eye(3)); ub.responses.pair(x, [[1], [2], [3]])\n"
        "print([m for m in ('pandas', 'xarray', 'pyarrow', 'polars') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
