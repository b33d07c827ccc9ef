"""The bound is reckoned with the truth where it is known, else with what the codes really use."""

from types import SimpleNamespace

import numpy as np
import pytest

from unbraid.comparison.verdict._warn import (
    bound,
    warnings_of,
    warnings_of_joining,
    warnings_of_scores,
)
from unbraid.responses import Codes


def lifted(values, fvu=0.1, dead=0.0, told=()):
    dictionary = SimpleNamespace(evidence=SimpleNamespace(warnings=told))
    codes = Codes(np.asarray(values, dtype=float))
    return SimpleNamespace(codes=codes, fvu=fvu, dead=dead, dictionary=dictionary)


def test_codes_that_are_not_zero_count_as_active():
    few = np.kron(np.eye(10), np.ones((20, 2)))  # two of twenty latents at a time
    assert bound([lifted(few)], None)[1:] == (20, pytest.approx(2))
    unequal = few * np.linspace(0.01, 1, 20)  # of any size: what is noise, fit has made zero
    assert bound([lifted(unequal)], None)[2] == pytest.approx(2)


def test_the_bound_of_the_truth_comes_first():
    units, n_features, active = bound([lifted(np.eye(3))], (1000, 10.0))
    assert (units, n_features, active) == (pytest.approx(46.05, abs=0.01), 1000, 10.0)


def test_each_weakness_is_said():
    weak = lifted(np.eye(3), fvu=0.8, dead=0.5, told=("50 stimuli are few.",))
    lines = warnings_of("x", [weak], 5, (46.0, 1000, 10.0))
    words = ("K ln", "80%", "50%", "x: 50 stimuli are few.")
    assert [word in line for word, line in zip(words, lines, strict=True)] == [True] * 4
    assert warnings_of("x", [lifted(np.eye(3))], 50, (46.0, 1000, 10.0)) == []
    (line,) = warnings_of("x", [lifted(np.eye(3))], 50, (1.0, 20, 8.0))
    assert "8.0 of 20 features are active at a time" in line


def score(target="codes", systems="x->y", metric="ridge", seed=0, **others):
    known = {"source": "codes", "coverage": 1.0, "value": 0.9, "warnings": ()}
    return SimpleNamespace(**known | others, target=target, systems=systems, metric=metric,
                           seed=seed)  # fmt: skip


def test_a_warning_of_several_scores_is_said_once_with_all_its_places():
    edge = "alpha stands at the edge for {}% of targets."
    scores = [
        score(warnings=(edge.format(33),)),
        score(systems="y->x", warnings=(edge.format(45),)),
        score(target="base", warnings=(edge.format(6.2),)),
        score(metric="pls", warnings=(edge.format(33),)),
        score(metric="pls", target="base", warnings=(edge.format(1),)),
        score(metric="cca", warnings=("gone.",)),
        score(source="random_dictionary", warnings=(edge.format(1),)),
        score(seed=1, warnings=("another",)),
        score(systems="x->x", seed=1, value=0.2),
        score(systems="x->x", seed=2, value=0.3),
    ]
    first, second, third = warnings_of_scores(scores)
    assert first == (
        "ridge codes->codes (x->y): alpha stands at the edge for 33% of targets. Likewise ridge "
        "codes->codes (y->x), ridge codes->base (x->y), pls codes->codes (x->y), and 1 more."
    )
    assert second == "cca codes->codes (x->y): gone."
    assert third.startswith("x: dictionaries of two seeds agree only to 0.20")


@pytest.mark.parametrize(
    ("units", "needed", "said"),
    [
        ((6, 6), (9.2, 9.2), 1),
        ((6, 12), (9.2, 9.2), 0),
        ((3, 3), (9.2, 9.2), 0),
        ((5, 5), (0, 9), 0),
    ],
)
def test_joining_is_named_where_only_both_together_have_enough(rng, units, needed, said):
    lines = warnings_of_joining([rng.normal(size=(300, p)) for p in units], needed)
    assert len(lines) == said
    assert all("unbraid.joint" in line for line in lines)


def test_a_system_and_its_rotation_are_no_more_units_together(rng):
    x = rng.normal(size=(300, 6))
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    assert warnings_of_joining([x, x @ turn], (9.2, 9.2)) == []
    assert warnings_of_joining([x, x + 0.05 * rng.normal(size=(300, 6))], (9.2, 9.2)) == []
