"""What a dictionary learned from is never scored."""

import numpy as np
import pytest

from unbraid.comparison import CompareConfig
from unbraid.comparison._split import split
from unbraid.errors import InputError
from unbraid.responses import Responses


def responses(n, p, start=0):
    values = np.arange(start, start + n, dtype=float)[:, None] * np.ones(p)
    return Responses(values, stimuli=[f"s{i}" for i in range(start, start + n)])


def cut(x, y, rng, x_train=None, y_train=None, groups=None, **options):
    return split(x, y, x_train, y_train, groups, CompareConfig(method="topk", **options), rng)


@pytest.mark.parametrize("kind", ["shuffled", "contiguous"])
def test_every_stimulus_is_learned_from_or_scored_never_both(rng, kind):
    x, y = responses(101, 3), responses(101, 2)
    parts = cut(x, y.take(rng.permutation(101)), rng, fold_kind=kind, train_share=0.6)
    assert not set(parts.x_train.stimuli) & set(parts.x.stimuli)
    assert set(parts.x_train.stimuli) | set(parts.x.stimuli) == set(x.stimuli)
    assert len(parts.x_train) == 61
    np.testing.assert_array_equal(parts.x.stimuli, parts.y.stimuli)
    np.testing.assert_array_equal(parts.x.values[:, 0], parts.y.values[:, 0])
    np.testing.assert_array_equal(parts.rows, parts.x.values[:, 0])


def test_groups_stay_whole_on_one_side_and_in_one_fold(rng):
    groups = np.repeat(np.arange(20), 5)
    parts = cut(responses(100, 3), responses(100, 3), rng, groups=groups)
    learned = groups[parts.x_train.values[:, 0].astype(int)]
    assert not set(learned) & set(groups[parts.rows])
    for group in set(groups[parts.rows]):
        assert len(set(parts.folds[groups[parts.rows] == group])) == 1


def test_training_responses_of_their_own_leave_all_stimuli_to_be_scored(rng):
    train = responses(50, 3, start=1000)
    parts = cut(responses(40, 3), responses(40, 3), rng, x_train=train, y_train=train)
    assert len(parts.x) == 40


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x_train": responses(9, 3)}, "x_train and y_train go together"),
        (
            {"x_train": responses(9, 4), "y_train": responses(9, 3, 99)},
            "x_train must have the 3 units",
        ),
        (
            {"x_train": responses(9, 3, 35), "y_train": responses(9, 3, 99)},
            "must hold different stimuli, got 5 in both, e.g. 's35'",
        ),
        ({"groups": np.zeros(7)}, "groups must name the group of each of the 40"),
        ({"groups": np.zeros(40)}, "groups must leave some"),
        ({"train_share": 0.9}, "at least 10 alignment stimuli, got 4 of 40"),
    ],
)
def test_each_mistake_is_one_line(rng, options, message):
    with pytest.raises(InputError, match=message):
        cut(responses(40, 3), responses(40, 3), rng, **options)
