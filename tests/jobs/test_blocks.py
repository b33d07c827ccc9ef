"""A sweep's blocks stand for the jobs that one would write by hand."""

import itertools

import pytest

from unbraid.errors import InputError
from unbraid.jobs._expand import expand


def test_blocks_multiply_in_the_order_of_reading():
    blocks = {
        "base": {"seed": 3, "method": "auto"},
        "grid": {"a": [1, 2], "b": ["u", "v"]},
        "zip": {"x": ["x1", "x2"], "y": ["y1", "y2"]},
        "list": [{"method": "PCA"}, {}],
    }
    found = expand(blocks)
    by_hand = [
        {"seed": 3, "method": method, "x": f"x{i}", "y": f"y{i}", "a": a, "b": b}
        for method, i, a, b in itertools.product(("PCA", "auto"), (1, 2), (1, 2), "uv")
    ]
    assert found == by_hand


def test_no_blocks_are_one_job():
    assert expand({}) == [{}]
    assert expand({"base": {"seed": 1}, "grid": None}) == [{"seed": 1}]


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        ({"grid": {"a": 3}}, "grid: a must be a list"),
        ({"grid": {"a": []}}, "grid: a must be a list of one or more"),
        ({"zip": {"a": [1], "b": [1, 2]}}, "one length, got a 1, b 2"),
        ({"list": {"a": 1}}, "list must hold one or more sets"),
        ({"list": [3]}, "'option: value' lines, got 3"),
        ({"base": [1]}, "base must hold"),
        ({"base": {1: 2}}, "base must hold"),
        ({"base": {"a": 1}, "grid": {"a": [1]}}, "'a' is given in base and in grid"),
        ({"base": {"a": 1}, "zip": {"a": [1]}}, "'a' is given in base and in zip"),
        ({"grid": {"a": [1]}, "zip": {"a": [1]}}, "'a' is given in grid and in zip"),
        ({"grid": {"a": [1]}, "list": [{"a": 1}, {}]}, "'a' is given in grid and in list"),
        ({"base": {"a": 1}, "list": [{"a": 1}, {"a": 2}]}, "in base and in every item of list"),
        ({"grid": {"a": list(range(1001)), "b": list(range(1000))}}, "stands for 1e\\+06 jobs"),
    ],
)
def test_what_would_not_count_is_refused(blocks, said):
    with pytest.raises(InputError, match=said):
        expand(blocks)
