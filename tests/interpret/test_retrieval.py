"""Ranks of the right candidate, by hand and by chance."""

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.interpret import retrieval_ranks


def test_ranks_by_hand():
    candidates = np.array([[1.0, 0], [1, 1], [0, 1], [-1, 0]])
    queries = np.array([[2.0, 0.1], [0, 3]])
    assert retrieval_ranks(queries, candidates, [0, 1]).tolist() == [1, 2]
    assert retrieval_ranks(queries, candidates, [3, 1], excluded=[0, 2]).tolist() == [3, 1]


def test_equal_candidates_share_their_ranks():
    candidates = np.array([[1.0, 0], [2, 0], [3, 0], [0, 1]])
    assert retrieval_ranks([[1.0, 0]], candidates, [1]).tolist() == [2]
    assert retrieval_ranks([[0.0, 0]], candidates, [3]).tolist() == [2.5]


def test_noise_finds_its_target_by_chance(rng):
    ranks = retrieval_ranks(
        rng.normal(size=(2000, 5)), rng.normal(size=(9, 5)), rng.integers(9, size=2000)
    )
    assert ranks.mean() == pytest.approx(5, abs=0.25)  # 4 standard errors
    assert set(ranks) == set(range(1, 10))


def test_errors(rng):
    x = rng.normal(size=(3, 4))
    with pytest.raises(InputError, match="must live in the same units, got 4 and 2"):
        retrieval_ranks(x, x[:, :2], [0, 1, 2])
    with pytest.raises(InputError, match="targets must hold 3 rows of the 3 candidates"):
        retrieval_ranks(x, x, [0, 1, 3])
    with pytest.raises(InputError, match="excluded must hold 3 rows"):
        retrieval_ranks(x, x, [0, 1, 2], excluded=[0.0, 1.0, 2.0])
    with pytest.raises(InputError, match="excluded must name other candidates"):
        retrieval_ranks(x, x, [0, 1, 2], excluded=[1, 1, 0])
