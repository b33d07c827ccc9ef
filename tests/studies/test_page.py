"""A study's page says what was found, and its folder is whole."""

import json
import re

import numpy as np
import pytest

from unbraid import studies
from unbraid.errors import InputError
from unbraid.studies import Claim, Figure, Series, StudyResult

RESULT = StudyResult(
    name="pears",
    question="Are pears green?",
    claims=[
        Claim(text="pears are green", holds=True, evidence="9 of 10"),
        Claim(text="pears are blue", holds=False, evidence="0 of 10"),
    ],
    table=[{"pear": "conference", "green": 0.9, "n": 10}, {"pear": "nashi", "green": np.nan}],
    figures=[
        Figure(
            kind=kind,
            title=kind,
            x_label="x",
            y_label="y",
            series=[
                Series(name="seen", x=[0.0, 1.0], y=[1.0, 2.0]),
                Series(name="foreseen", x=[0.0, 1.0], y=[1.0, 2.0], kind="theory"),
            ],
            caption="Pears.",
        )
        for kind in ("bar", "line", "histogram", "heatmap")
    ],
    settings={"name": "Pears", "seed": 3},
    notes=["Other orchards."],
    seconds=1.0,
)


def test_page_and_record_hold_every_claim_and_number(tmp_path):
    folder = studies.save(RESULT, tmp_path / "run")
    html = (folder / "report.html").read_text()
    for words in ("Are pears green?", "pears are blue", "0 of 10", "conference", "Other orchards"):
        assert words in html
    assert "1 of 2 claims hold; not: pears are blue." in html
    (answer,) = re.findall("<h1>(.*?)</h1>", html)
    assert answer == "Pears are green."  # the answer comes first, then how many hold
    record = json.loads((folder / "result.json").read_text())
    assert record["table"][1]["green"] is None
    assert json.loads((folder / "config.json").read_text()) == {"name": "Pears", "seed": 3}


def test_a_misspelled_study_gets_a_suggestion():
    with pytest.raises(InputError, match="did you mean 'toy'"):
        studies.choose("toi")


@pytest.mark.parametrize("name", sorted(studies.STUDIES))
def test_the_fast_version_is_really_reduced(name):
    choice = studies.choose(name).with_options(["fast=true"])
    assert choice.settled() != choice
    assert choice.with_options(["seed=7"]).settled().seed == 7
