"""The bound is reckoned with the truth where it is known, else with what the codes really use."""

from types import SimpleNamespace

import numpy as np
import pytest

from unbraid.comparison._warn import bound, warnings_of
from unbraid.responses import Codes


def lifted(values):
    return SimpleNamespace(codes=Codes(np.asarray(values, dtype=float)), fvu=0.1, dead=0.0)


def test_faint_entries_do_not_count_as_active():
    few = np.kron(np.eye(10), np.ones((20, 2)))  # two of twenty latents at a time
    faint = few + 0.001
    assert bound([lifted(few)], None)[1:] == (20, pytest.approx(2))
    assert bound([lifted(faint)], None)[2] == pytest.approx(2, rel=0.05)


def test_the_bound_of_the_truth_comes_first():
    units, n_features, active = bound([lifted(np.eye(3))], (1000, 10.0))
    assert (units, n_features, active) == (pytest.approx(46.05, abs=0.01), 1000, 10.0)


def test_each_weakness_is_said():
    weak = SimpleNamespace(codes=Codes(np.eye(3)), fvu=0.8, dead=0.5)
    lines = warnings_of("x", [weak], 5, (46.0, 1000, 10.0))
    assert [word in line for word, line in zip(("K ln", "80%", "50%"), lines, strict=True)] == [
        True,
        True,
        True,
    ]
    assert warnings_of("x", [lifted(np.eye(3))], 50, (46.0, 1000, 10.0)) == []
