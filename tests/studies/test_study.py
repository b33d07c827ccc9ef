"""What all studies share: names, the table of them, numbers over seeds."""

import shlex

import numpy as np
import pytest

from unbraid import studies
from unbraid.errors import InputError
from unbraid.studies._across import across


@pytest.mark.parametrize("name", sorted(studies.STUDIES))
def test_every_study_says_what_it_asks_and_has_a_fast_version(name):
    kind = studies.STUDIES[name]
    assert kind.name == name
    assert kind.question.endswith("?")
    assert kind(fast=True).settled() != kind()
    assert set(kind.reduced) <= set(kind.model_fields)


def test_interval_covers_the_mean_about_as_often_as_it_says(rng):
    hits = 0
    for _ in range(500):
        found = across(rng.normal(1.0, 2.0, size=5))
        hits += found.low <= 1.0 <= found.high
    assert 0.92 < hits / 500 < 0.98


def test_one_seed_has_no_interval_and_agreement_needs_nearness():
    one = across([0.3])
    assert np.isnan(one.low)
    assert "one seed" in str(one)
    assert one.agrees_with(0.34)
    assert not one.agrees_with(0.4)
    assert across([0.2, 0.4, 0.6]).agrees_with(0.5)


def test_an_interval_ends_where_the_number_cannot_go():
    found = across([0.98, 1.0, 0.9], most=1)
    assert found.high == 1
    assert found.row == {"mean": found.mean, "low": found.low, "high": 1, "seeds": 3}
    assert across([0.98, 1.0, 0.9]).high > 1


def test_the_command_makes_the_same_numbers_again():
    asked = ["ratios=[1.0, 2.0]", "fast=true", "seeds=1", "n_stimuli=50"]
    study = studies.choose("bound").with_options(asked)
    result = studies.run(study)
    verb, name, *options = shlex.split(result.command)[1:]
    assert (verb, name, options[0]) == ("study", "bound", "--fast")
    overrides = [text for text in options if "=" in text]
    again = studies.choose(name).with_options(["fast=true", *overrides])
    assert again == study
    assert studies.choose("toy").command == "unbraid study toy"
    own = studies.choose("analogy").with_options(["data=/a/b"])
    assert own.command == "unbraid study analogy --data DATA"
    placed = studies.DnnBrain(betas="a b", images=None, subject=2)
    assert placed.command == "unbraid study dnn-brain --set betas=BETAS --set 'subject=2'"


def test_verdict_names_what_fails():
    claims = [
        studies.Claim(text="water is wet", holds=True, evidence="1"),
        studies.Claim(text="fire is cold", holds=False, evidence="0"),
    ]
    result = studies.StudyResult(
        name="x", question="?", claims=claims, table=[], figures=[], settings={"nan": np.nan}
    )
    assert result.verdict == "1 of 2 claims hold; not: fire is cold."
    assert result.record()["settings"]["nan"] is None


def test_a_name_is_no_study():
    with pytest.raises(InputError, match=r"got 'toy'; studies\.choose\('toy'\) finds one"):
        studies.run("toy")
