"""A page cannot be declared with a missing or impossible fact; each message says what to do."""

import dataclasses

import numpy as np
import pytest

from unbraid import report as rp
from unbraid.errors import InputError

CAPTION = rp.Caption(finding="It is so.", n=10, seed=0)
NUMBER = rp.KeyNumber(label="a", value=0.5)


def row(**changes):
    return rp.ScoreRow(**{"label": "a", "value": 0.5, "kind": "after", **changes})


def verdict(**changes):
    facts = {"headline": "Yes.", "tone": "gain", "lead": "Because.", "numbers": [NUMBER]}
    return rp.VerdictBlock(**{**facts, **changes})


def series(**changes):
    return rp.Curve(**{"name": "a", "x": [1, 2], "y": [1, 2], **changes})


def table(rows, **column):
    return rp.Table(title="t", columns=[rp.Column(**{"name": "c", **column})], rows=rows)


def stimulus(image):
    return rp.Stimulus(id="s", image=image)


BAD = {
    "an interval upside down": (lambda: row(low=0.7, high=0.2), "low <= high"),
    "an estimate upside down": (lambda: rp.Estimate(value=1, low=2, high=1), "low <= high"),
    "a band upside down": (lambda: series(low=[2, 2], high=[1, 3]), "low <= high"),
    "an unknown kind": (lambda: row(kind="treated"), "must be one of before, after"),
    "an unknown tone": (lambda: verdict(tone="great"), "tone must be one of gain"),
    "text for a number": (lambda: row(value="high"), "must be a number"),
    "an empty label": (lambda: row(label=" "), "must not be empty"),
    "a label that is no text": (lambda: row(label=3), "must be a string"),
    "no key number": (lambda: verdict(numbers=[]), "1 to 4 key numbers, got 0"),
    "five key numbers": (lambda: verdict(numbers=[NUMBER] * 5), "1 to 4 key numbers, got 5"),
    "numbers of another class": (lambda: verdict(numbers=[0.3]), "must hold KeyNumber"),
    "a text for a list": (lambda: rp.Prose(paragraphs="one"), "must be a list"),
    "a number for a list": (lambda: rp.Prose(paragraphs=1), "must be a list"),
    "a negative sample": (lambda: rp.Caption(finding="f", n=-1, seed=0), "whole number >= 0"),
    "a caption without seed": (lambda: rp.Caption(finding="f", n=1, seed=None), "seed must be"),
    "a fractional seed": (lambda: rp.Caption(finding="f", n=1, seed=[0.5]), "whole number >= 0"),
    "unequal lengths": (lambda: series(y=[1, 2, 3]), "must have equal lengths"),
    "half a band": (lambda: series(low=[1, 1]), "must have equal lengths"),
    "an empty reason": (lambda: rp.Missing(""), "must not be empty"),
    "a short row": (lambda: table([()]), "must have 1 cells"),
    "a number in a text column": (lambda: table([(1.0,)]), "must be a string"),
    "a text in a number column": (lambda: table([("x",)], format="number"), "must be a number"),
    "an estimate elsewhere": (
        lambda: table([(rp.Estimate(value=1),)], format="number"),
        "needs format='estimate'",
    ),
    "an unknown format": (lambda: rp.Column(name="c", format="float"), "must be one of text"),
    "a float picture": (lambda: stimulus(np.zeros((2, 2))), "must be a uint8 array, got float64"),
    "a picture that is a list": (lambda: stimulus([[0]]), "must be a uint8 array, got list"),
    "a flat picture": (lambda: stimulus(np.zeros(4, np.uint8)), r"must have shape .* got \(4,\)"),
    "a picture of two channels": (
        lambda: stimulus(np.zeros((2, 2, 2), np.uint8)),
        r"got \(2, 2, 2\)",
    ),
    "bins that do not increase": (
        lambda: rp.Histogram(title="h", edges=[0, 0], series=[], x_label="x", caption=CAPTION),
        "edges must increase",
    ),
    "counts of another size": (
        lambda: rp.Histogram(
            title="h", edges=[0, 1], series=[rp.Counts(name="a", counts=[1, 2])], x_label="x",
            caption=CAPTION,
        ),
        "must have 1 counts",
    ),
    "negative counts": (lambda: rp.Counts(name="a", counts=[-1]), "must be >= 0"),
    "a ragged matrix": (
        lambda: rp.Heatmap(
            title="m", row_labels=["a"], column_labels=["b", "c"], values=[[1]], caption=CAPTION
        ),
        r"must have shape \(1, 2\)",
    ),
    "bars of another size": (
        lambda: rp.BarFigure(
            title="b", categories=["a"], series=[rp.Bars(name="s", values=[])], x_label="x",
            caption=CAPTION,
        ),
        "must have 1 values",
    ),
    "an empty domain": (
        lambda: rp.MetricGroup(title="m", rows=[], domain=(1, 1)), "low < high"
    ),
    "three columns": (
        lambda: rp.BeforeAfterFigure(title="f", groups=[], caption=CAPTION, columns=3),
        "columns must be 1, 2 or None",
    ),
    "a block of no kind": (lambda: rp.Section(title="s", blocks=["text"]), "Section.blocks must"),
    "a page without verdict": (
        lambda: rp.Page(title="p", verdict=None, provenance=None), "must hold VerdictBlock"
    ),
    "a page that is a dict": (lambda: rp.render({"title": "t"}), "takes a report.Page, got dict"),
    "a table as a figure": (lambda: rp.figure_svg(table([])), "takes a drawn figure .* got Table"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_an_impossible_fact_is_refused_in_one_line(name):
    make, message = BAD[name]
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


FIGURES = [rp.BeforeAfterFigure, rp.CurveFigure, rp.Histogram, rp.Heatmap, rp.BarFigure]


@pytest.mark.parametrize("figure", [*FIGURES, rp.MatchedUnits])
def test_no_figure_without_a_caption(figure):
    caption = {field.name: field for field in dataclasses.fields(figure)}["caption"]
    assert caption.default is dataclasses.MISSING
    assert caption.default_factory is dataclasses.MISSING


@pytest.mark.parametrize("missing", ["finding", "n", "seed"])
def test_no_caption_without_finding_sample_and_seed(missing):
    facts = {"finding": "f", "n": 1, "seed": 0}
    del facts[missing]
    with pytest.raises(TypeError, match=missing):
        rp.Caption(**facts)


@pytest.mark.parametrize(
    ("n", "seed", "said"),
    [
        (1200, 0, "n = 1,200 stimuli · seed 0"),
        (3, (0, 1), "n = 3 stimuli · seeds 0, 1"),
        (0, (), "n = 0 (theory, no data) · seed: none, nothing random"),
    ],
)
def test_the_caption_says_sample_and_seed(n, seed, said):
    assert rp.Caption(finding="f", n=n, seed=seed).facts == said


def test_lists_become_tuples_so_that_nobody_changes_a_declared_page():
    paragraphs = ["one"]
    prose = rp.Prose(paragraphs=paragraphs)
    paragraphs.append("two")
    assert prose.paragraphs == ("one",)
    with pytest.raises(dataclasses.FrozenInstanceError):
        prose.paragraphs = ()


@pytest.mark.parametrize("name", rp.__all__)
def test_every_public_class_says_what_it_is(name):
    thing = getattr(rp, name)
    if dataclasses.is_dataclass(thing):
        assert thing.__dataclass_params__.frozen
        assert not thing.__doc__.startswith(f"{name}(")  # what dataclasses write by themselves
