"""Responses: what they keep, refuse and hand out; rows are matched by id, never by luck."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from unbraid.errors import InputError
from unbraid.responses import Codes, Responses, as_responses, common, pair


def test_what_it_keeps(rng):
    x = Responses(rng.normal(size=(3, 2)).astype("f4"), stimuli=[3, 1, 2], units=["a", "b"])
    assert (len(x), x.shape, x.is_sparse) == (3, (3, 2), False)
    assert x.values.dtype == np.float32
    assert list(x.stimuli) == ["3", "1", "2"]
    assert repr(x) == "Responses(3 stimuli x 2 units)"
    assert repr(Responses(np.eye(2), repeats=np.ones((4, 2, 2)))).endswith("2 units, 4 repeats)")
    np.testing.assert_array_equal(np.asarray(x), x.values)
    assert np.asarray(x, dtype=float).dtype == float


def test_ids_of_many_kinds():
    eye = np.eye(2)
    for ids in (["1", "2"], [1, 2], np.array([1.0, 2.0]), np.array([b"1", b"2"]), ("1", 2)):
        assert list(Responses(eye, stimuli=ids).stimuli) == ["1", "2"]
    import pandas

    assert list(Responses(eye, stimuli=pandas.Index(["1", "2"])).stimuli) == ["1", "2"]


@pytest.mark.parametrize(
    "ids, match",
    [
        (["a"], "stimuli must be 2 ids, one per row or column, got 1 ids"),
        ("ab", r"got an array of shape \(\)"),
        ([["a"], ["b"]], r"got an array of shape \(2, 1\)"),
        (["a", "a"], "stimuli must be unique, got 1 duplicate.*e.g. 'a'"),
        ([1.5, 2.0], "must be strings or whole numbers, got dtype float64"),
        ([1.0, np.inf], "must be strings or whole numbers, got dtype float64"),
        (["a", None], "must be strings or whole numbers, got None"),
        ([("a", 1), "b"], "must be a flat list of ids"),
        (np.array([b"\xff", b"a"]), "bytes that are not UTF-8"),
        ([True, False], "must be strings or whole numbers, got dtype bool"),
    ],
)
def test_ids_refused(ids, match):
    with pytest.raises(InputError, match=match):
        Responses(np.eye(2), stimuli=ids)


@pytest.mark.parametrize(
    "repeats, match",
    [
        (np.ones((2, 2)), r"repeats must have shape \(n_repeats, 2, 2\), got \(2, 2\)"),
        (np.ones((3, 2, 3)), r"got \(3, 2, 3\)"),
        (np.full((1, 2, 2), np.inf), "must be finite or NaN"),
        ([[["a", "b"], ["c", "d"]]], "repeats must hold real numbers"),
    ],
)
def test_repeats_refused(repeats, match):
    with pytest.raises(InputError, match=match):
        Responses(np.eye(2), repeats=repeats)


def test_take_and_select(rng):
    values, repeats = rng.normal(size=(5, 2)), rng.normal(size=(3, 5, 2))
    x = Responses(values, stimuli=list("abcde"), units=["u", "v"], repeats=repeats)
    part = x.take([4, 0])
    assert list(part.stimuli) == ["e", "a"]
    np.testing.assert_array_equal(part.values, values[[4, 0]])
    np.testing.assert_array_equal(part.repeats, repeats[:, [4, 0]])
    np.testing.assert_array_equal(x.select(["e", "a"]).values, part.values)
    mask = np.array([True, False, False, True, False])
    assert list(x.take(mask).stimuli) == ["a", "d"]
    assert list(x.units) == list(part.units)


@pytest.mark.parametrize(
    "rows, match",
    [
        ([0, 9], r"rows must lie in 0\.\.2, got 0\.\.9"),
        ([True, False], "rows must be row numbers or a mask of length 3"),
        ([0.5], "rows must be row numbers"),
        (1, "rows must be row numbers"),
    ],
)
def test_rows_refused(rows, match):
    with pytest.raises(InputError, match=match):
        Responses(np.eye(3)).take(rows)


def test_select_refuses(rng):
    with pytest.raises(InputError, match=r"have no stimulus ids; use take\(rows\)"):
        Responses(np.eye(2)).select(["a"])
    with pytest.raises(InputError, match="1 of 2 stimulus ids are unknown, the first is 'z'"):
        Responses(np.eye(2), stimuli=["a", "b"]).select(["a", "z"])


def test_sparse_values(rng):
    dense = rng.normal(size=(4, 6)) * (rng.random((4, 6)) < 0.4)
    x = Responses(sp.csc_matrix(dense), stimuli=list("abcd"))
    assert x.is_sparse
    np.testing.assert_array_equal(x.toarray(), dense)
    np.testing.assert_array_equal(x.take([2, 1]).toarray(), dense[[2, 1]])
    bad = sp.csr_array(np.array([[1.0, np.nan]]))
    with pytest.raises(InputError, match="must be finite"):
        Responses(bad)


def test_errors_name_the_argument():
    with pytest.raises(InputError, match="^y must have shape"):
        as_responses(np.zeros(3), "y")
    x = Responses(np.eye(2))
    assert as_responses(x) is x


def test_columns_of_a_table_are_not_ids():
    import pandas

    table = pandas.DataFrame({"stimuli": [1.0, 1.0], "units": [2.0, 3.0]})
    assert as_responses(table).stimuli is None


@given(st.permutations(list("abcdefg")))
def test_pair_matches_rows_by_id(order):
    values = np.arange(14.0).reshape(7, 2)
    rows = ["abcdefg".index(i) for i in order]
    x = Responses(values, stimuli=list("abcdefg"))
    y = Responses(values[rows], stimuli=order)
    x2, y2 = pair(x, y)
    assert x2 is x
    np.testing.assert_array_equal(y2.values, values)
    np.testing.assert_array_equal(y2.stimuli, x.stimuli)


def test_pair_of_arrays_and_codes(rng):
    x, y = pair(rng.normal(size=(4, 2)), sp.csr_array(np.eye(4)))
    assert (x.shape, y.shape) == ((4, 2), (4, 4))
    assert y.is_sparse
    codes = Codes(np.eye(3), stimuli=["c", "a", "b"])
    a, b = pair(Responses(np.eye(3), stimuli=["a", "b", "c"]), codes)
    np.testing.assert_array_equal(b.toarray(), [[0, 1, 0], [0, 0, 1], [1, 0, 0]])


def test_pair_refuses_and_warns():
    with pytest.raises(InputError, match="got 2 and 3 without ids on both sides"):
        pair(np.eye(2), np.eye(3))
    with pytest.warns(RuntimeWarning, match="Only one of x and y has stimulus ids"):
        pair(Responses(np.eye(2), stimuli=["a", "b"]), np.eye(2))
    with pytest.raises(InputError, match="got 2 and 2 ids of which 1 are shared"):
        pair(Responses(np.eye(2), stimuli=["a", "b"]), Responses(np.eye(2), stimuli=["a", "c"]))
    with pytest.raises(InputError, match="got 2 and 3 ids of which 2 are shared"):
        pair(Responses(np.eye(2), stimuli=["a", "b"]), Responses(np.eye(3), stimuli=list("abc")))


def test_common():
    x = Responses(np.arange(3.0)[:, None], stimuli=["a", "b", "c"])
    y = Responses(np.arange(3.0)[:, None], stimuli=["d", "c", "b"])
    x2, y2 = common(x, y)
    assert list(x2.stimuli) == list(y2.stimuli) == ["b", "c"]
    np.testing.assert_array_equal(y2.values.ravel(), [2, 1])
    with pytest.raises(InputError, match="needs stimulus ids on both sides"):
        common(x, np.eye(3))
    with pytest.raises(InputError, match="share no stimulus id: x has e.g. 'a', y 'z'"):
        common(x, Responses(np.eye(1), stimuli=["z"]))


def test_codes(rng):
    dense = rng.normal(size=(5, 8)) * (rng.random((5, 8)) < 0.3)
    codes = Codes(dense, stimuli=list("abcde"), gap=0.5, made_by={"k": 2})
    assert repr(codes).startswith("Codes(5 stimuli x 8 latents, l0=")
    assert codes.l0 == pytest.approx((dense != 0).sum() / 5)
    np.testing.assert_array_equal(np.asarray(codes), dense)
    np.testing.assert_allclose(codes @ dense.T, dense @ dense.T, atol=1e-12)
    for result in (codes[:2], codes @ codes.T, codes * 2):  # other rows: ids would be a lie
        assert getattr(result, "stimuli", None) is None
    assert type(codes.values) is sp.csr_array
    assert np.shares_memory(codes.values.data, codes.data)
    for stack, dense_stack in ((sp.vstack, np.vstack), (sp.hstack, np.hstack)):
        np.testing.assert_array_equal(stack([codes, codes]).toarray(), dense_stack([dense] * 2))
    assert np.asarray(codes, dtype=object)[()] is codes
    assert np.isnan(Codes(dense).gap)
    with pytest.raises(InputError, match="stimuli must be 5 ids"):
        Codes(dense, stimuli=["a"])
