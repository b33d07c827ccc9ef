"""The door: what passes, what is widened, and the line that each mistake gets."""

import io
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import unbraid as ub
from unbraid import _validate
from unbraid._validate import as_floats, as_matrix, as_rng, check_finite
from unbraid.errors import InputError, UnbraidError


def test_one_seed_gives_one_stream():
    assert as_rng(3).integers(1000) == as_rng(np.int64(3)).integers(1000)
    generator = np.random.default_rng(0)
    assert as_rng(generator) is generator
    assert isinstance(as_rng(None), np.random.Generator)


@pytest.mark.parametrize("rng", [-1, 1.5, "0", True, np.random.RandomState(0)])
def test_no_other_seeds(rng):
    with pytest.raises(InputError, match="rng must be a non-negative integer, a numpy Generator"):
        as_rng(rng)


def test_global_state_is_untouched():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    as_rng(0).normal(size=3)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize(
    "given_dtype, kept",
    [
        ("f8", "f8"),
        ("f4", "f4"),
        ("f2", "f4"),
        (">f4", "f4"),
        (">f8", "f8"),
        ("i4", "f8"),
        ("u1", "f8"),
        ("?", "f8"),
        (np.longdouble, "f8"),
    ],
)
def test_precision(given_dtype, kept):
    array = as_floats(np.ones((2, 3), given_dtype), "x")
    assert array.dtype == np.dtype(kept)
    assert array.dtype.isnative


def test_floats_share_memory_and_input_is_not_changed(rng):
    x = rng.normal(size=(3, 2))
    assert as_floats(x, "x") is x


@pytest.mark.parametrize(
    "values, match",
    [
        ([["a", "b"]], "x must hold real numbers, got dtype <U1"),
        ([[1j, 2.0]], "got dtype complex128"),
        ([[None, 1.0]], "got dtype object"),
        ([[1.0, 2.0], [3.0]], "x must be a rectangular array, got rows of different lengths"),
        (np.array(["2020-01-01"], "M8[D]"), "must hold real numbers"),
        (np.ma.masked_invalid([[1.0, np.nan]]), "x has masked entries. Drop or fill them"),
    ],
)
def test_not_numbers(values, match):
    with pytest.raises(InputError, match=match):
        as_floats(values, "x")


def test_a_mask_that_hides_nothing_is_dropped():
    array = as_floats(np.ma.masked_array([[1.0, 2.0]]), "x")
    assert type(array) is np.ndarray


def test_matrices_become_arrays():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        assert type(as_matrix(np.matrix([[1.0, 2.0]]), "x")) is np.ndarray


def test_what_cannot_become_an_array_is_named():
    class Odd:
        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("on another device")

    with pytest.raises(InputError, match="x must be an array, got Odd: on another device"):
        as_floats(Odd(), "x")


def test_tensors(rng):
    import torch

    x = rng.normal(size=(4, 3)).astype(np.float32)
    tensor = torch.from_numpy(x).requires_grad_()
    np.testing.assert_array_equal(as_matrix(tensor, "x"), x)
    np.testing.assert_array_equal(
        as_matrix(tensor.to(torch.bfloat16), "x"), tensor.detach().to(torch.bfloat16).float()
    )
    with pytest.raises(InputError, match="must be a dense tensor, got layout torch.sparse_coo"):
        as_matrix(tensor.detach().to_sparse(), "x")


@pytest.mark.parametrize(
    "shape, match",
    [
        ((3,), r"got \(3,\). Use x.reshape\(-1, 1\)"),
        ((), r"got \(\)"),
        ((2, 3, 4), r"Use x.reshape\(len\(x\), -1\) to flatten"),
        ((0, 3), "at least one stimulus and one unit"),
        ((3, 0), "at least one stimulus and one unit"),
    ],
)
def test_shape(shape, match):
    with pytest.raises(InputError, match=match):
        as_matrix(np.zeros(shape), "x")


@given(hnp.arrays(float, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)), st.data())
def test_every_non_finite_value_is_found(array, data):
    array = np.nan_to_num(array, nan=0, posinf=0, neginf=0)
    check_finite(array, "x")
    bad = data.draw(hnp.arrays(bool, array.shape))
    array[bad] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    if not bad.any():
        return
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    with pytest.raises(InputError, match="must be finite") as caught:
        check_finite(array, "x")
    assert f"got {bad.sum()} NaN" in str(caught.value)
    assert f"at index {first}" in str(caught.value)


def test_blocks_agree_with_the_whole(rng, monkeypatch):
    monkeypatch.setattr(_validate, "_NUMBERS_PER_CHECK", 7)
    x = rng.normal(size=(50, 3))
    x[31, 2] = x[44, 0] = np.inf
    with pytest.raises(InputError, match=r"got 2 NaN .* at index \(31, 2\)"):
        check_finite(x, "x")


def test_errors_are_value_errors_of_one_family():
    assert issubclass(InputError, UnbraidError)
    assert issubclass(InputError, ValueError)


def test_messages_have_a_bounded_length():
    long = str(InputError("x" * 10_000_000))
    assert len(long) < 5_000 and " ... " in long
    assert str(InputError("short")) == "short"


@pytest.mark.parametrize("name", ["x.npy", Path("x.npy"), b"x.npy"])
def test_the_name_of_a_file_is_no_array(name, rng):
    y = rng.normal(size=(20, 3))
    read = r"got the text 'x.npy'. If it names a file, read that first: unbraid.load\('x.npy'\)"
    for called, call in [
        ("x", lambda: ub.align.ridge(name, y)), ("y", lambda: ub.align.cka(y, name)),
        ("x", lambda: ub.compare(name, y)),
        ("x", lambda: ub.fit(name, ub.TopK(n_latents=4, k=2))),
        ("values", lambda: ub.Responses(name)), ("a", lambda: ub.joint({"a": name, "b": y})),
        ("x", lambda: ub.stats.serial_dependence(name)),
        ("repeats", lambda: ub.stats.noise_ceiling(name)),
    ]:  # fmt: skip
        with pytest.raises(InputError, match=f"{called} must hold real numbers, {read}"):
            call()
    with pytest.raises(InputError, match=r"groups must be.*open\('x.npy'\)"):
        ub.stats.grouped_folds(name, 5)


def test_what_are_no_real_numbers():
    for values, remedy in [
        (np.ones((3, 2)) * 1j, r"Take its real part \(x.real\)"),
        (np.arange(6).astype("M8[D]").reshape(3, 2), "Dates and durations are no responses"),
        ({"a": 1}, r"got a dict. Give an array of shape"),
        (None, r"got a NoneType. Give an array of shape"),
        (io.BytesIO(), r"got a BytesIO. Give an array of shape"),  # it has `detach`, as tensors
        (np.array([["a"]]), r"Convert it with x.astype\(float\)"),
    ]:
        with pytest.raises(InputError, match=f"x must hold real numbers, .*{remedy}"):
            as_floats(values, "x")


@pytest.mark.parametrize(
    "groups",
    [[1.0, np.nan, 2.0] * 10, np.array(["2020", "NaT", "2021"] * 10, "M8[Y]"), [None] * 30],
)
def test_no_group_is_missing(groups, rng):
    """NaN was a group of its own, of stimuli that have nothing in common."""
    count = 30 if groups[0] is None else 10
    with pytest.raises(InputError, match=f"a group for each stimulus, got {count} missing"):
        ub.stats.grouped_folds(groups, 2)
    with pytest.raises(InputError, match=f"a group for each stimulus, got {count} missing"):
        ub.compare(*rng.normal(size=(2, 30, 3)), groups=groups)


def test_serial_dependence_takes_what_metrics_take(rng):
    x = rng.normal(size=(100, 4)).cumsum(axis=0)
    for same in (x.tolist(), ub.Responses(x), pd.DataFrame(x), sp.csr_array(x)):
        assert ub.stats.serial_dependence(same).found
    with pytest.raises(InputError, match=r"x must have shape \(n_stimuli, n_units\), got \(100,\)"):
        ub.stats.serial_dependence(x[:, 0])


def test_two_systems_are_one_mapping(rng):
    x, y = rng.normal(size=(2, 80, 3))
    with pytest.raises(InputError, match=r"joint\(\{'a': x, 'b': y\}\).*got ndarray as its second"):
        ub.joint(x, y)
    with pytest.raises(InputError, match=r"joint\(\{'a': x, 'b': y\}\)"):
        ub.joint(x, y, seeds=1)
