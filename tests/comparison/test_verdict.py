"""The verdict follows the intervals, and a control can overturn it."""

from dataclasses import replace

import pytest

from unbraid.comparison.scores._answer import Change
from unbraid.comparison.verdict._grounds import Grounds
from unbraid.comparison.verdict._verdict import verdict

CONTROLS = ("random_dictionary", "random_expansion", "shuffled_latents")


def change(metric, name, before, after, half=0.05):
    value = after - before
    return Change(
        name=name,
        metric=metric,
        before=before,
        after=after,
        value=value,
        low=value - half,
        high=value + half,
    )


def changes(metric, target, before, after, controls):
    """Return the changes of one metric, codes scored against `target`."""
    found = [change(metric, f"codes->{target} - base->base", before, after)]
    for control, score in zip(CONTROLS, controls, strict=True):
        found.append(change(metric, f"codes->{target} - {control}->{target}", score, after))
    return found


@pytest.mark.parametrize(
    ("before", "after", "controls", "beyond", "tone", "words"),
    [
        (0.4, 0.8, (0.3, 0.5, 0.0), False, "gain", "best control, a random expansion"),
        (0.4, 0.8, (0.3, 0.78, 0.0), False, "explained by a control", "expansion alone"),
        (0.4, 0.8, (0.3, 0.95, 0.0), False, "explained by a control", "reaches 0.95"),
        (0.4, 0.8, (0.0, 0.0, 0.79), False, "explained by a control", "density alone"),
        (0.4, 0.42, (0.1, 0.1, 0.0), False, "no gain", "not a reliable gain"),
        (0.4, 0.42, (0.1, 0.1, 0.0), True, "cannot help", "fewer units"),
        (0.4, 0.2, (0.1, 0.1, 0.0), False, "no gain", "lowers"),
        (0.4, 0.2, (0.1, 0.1, 0.0), True, "cannot help", "fewer units"),
        (0.4, 0.8, (0.3, 0.5, 0.0), True, "gain", "though there are fewer units"),
    ],
)
def test_verdict(before, after, controls, beyond, tone, words):
    found = changes("semi_matching", "codes", before, after, controls)
    answer = verdict(("semi_matching",), found, Grounds(beyond_bound=beyond))
    assert answer.tone == tone
    assert words in answer.sentence


def test_regression_is_judged_beside_the_headline():
    found = changes("semi_matching", "codes", 0.4, 0.8, (0.1, 0.1, 0.0))
    found += changes("ridge", "base", 0.5, 0.6, (0.3, 0.62, 0.0))
    answer = verdict(("semi_matching", "ridge"), found, Grounds())
    assert answer.tone == "gain"
    assert "explained by expansion alone" in answer.reasons[0]


def test_both_sides_expanded_at_random_can_overturn_a_gain():
    found = changes("semi_matching", "codes", 0.4, 0.8, (0.1, 0.1, 0.0))
    name = "codes->codes - random_expansion->random_expansion"
    found.append(change("semi_matching", name, 0.81, 0.8))
    assert verdict(("semi_matching",), found, Grounds()).tone == "explained by a control"


def test_a_difference_that_two_decimals_do_not_show_is_none():
    found = changes("semi_matching", "codes", 0.9991, 0.9981, (0.1, 0.1, 0.0))
    found[0] = change("semi_matching", "codes->codes - base->base", 0.9991, 0.9981, half=0.0005)
    answer = verdict(("semi_matching",), found, Grounds())
    assert answer.tone == "no gain"
    assert answer.sentence.startswith("Unbraiding leaves alignment at 1.00 (semi-matching, -0.00")


@pytest.mark.parametrize(
    ("control", "tone", "words"),
    [
        (0.83, "no gain", "not reliably beyond an untrained dictionary, which reaches 0.83"),
        (0.93, "explained by a control", "explained by expansion alone"),
    ],
)
def test_a_control_explains_what_it_makes_itself_not_what_it_is_unsure_of(control, tone, words):
    found = changes("semi_matching", "codes", 0.84, 0.99, (0.2, 0.1, 0.0))
    name = "codes->codes - random_dictionary->codes"
    found[1] = change("semi_matching", name, control, 0.99, half=0.3)
    answer = verdict(("semi_matching",), found, Grounds())
    assert answer.tone == tone
    assert words in answer.sentence


def test_a_rotation_is_said_to_make_its_share():
    found = changes("semi_matching", "codes", 0.45, 0.81, (0.2, 0.3, 0.0))
    found.append(change("semi_matching", "codes->codes - rotation->rotation", 0.63, 0.81))
    answer = verdict(("semi_matching",), found, Grounds())
    assert answer.tone == "gain"
    assert "of which 0.18 is rotation of the units alone" in answer.sentence
    assert "a rotation of the units (independent components), reaches 0.63" in answer.sentence


@pytest.mark.parametrize("half", [0.001, 0.1])
def test_a_control_that_makes_nine_tenths_explains_the_gain_exceeded_or_not(half):
    found = changes("semi_matching", "codes", 0.4, 1.0, (0.2, 0.3, 0.0))
    found.append(change("semi_matching", "codes->codes - rotation->codes", 0.95, 1.0, half=half))
    answer = verdict(("semi_matching",), found, Grounds())
    assert answer.tone == "explained by a control"
    assert "explained by rotation alone" in answer.sentence


def test_a_wide_expansion_is_named_with_its_width():
    found = changes("ridge", "base", 0.5, 0.9, (0.3, 0.6, 0.0))
    found += changes("semi_matching", "codes", 0.4, 0.8, (0.1, 0.1, 0.0))
    wide = change("ridge", "codes->base - wide_expansion->base", 0.88, 0.9)
    found.append(replace(wide, width=1024))
    (reason,) = verdict(("semi_matching", "ridge"), found, Grounds()).reasons
    assert "expansion alone: a random expansion of 1,024 units reaches 0.88" in reason


@pytest.mark.parametrize(
    ("unexplained", "tone"),
    [((0.2, 0.3), "gain"), ((0.75, 0.2), "no gain"), ((0.2, 0.75), "no gain"),
     ((float("nan"), 0.2), "gain")],
)  # fmt: skip
def test_a_gain_of_codes_that_explain_little_is_none_of_the_systems(unexplained, tone):
    found = changes("semi_matching", "codes", 0.4, 0.8, (0.1, 0.1, 0.0))
    answer = verdict(("semi_matching",), found, Grounds(unexplained=unexplained))
    assert answer.tone == tone
    said = "of codes that leave 75% of the variance unexplained" in answer.sentence
    assert said == (tone == "no gain")


def test_prediction_rests_on_the_codes_of_the_source_alone():
    found = changes("semi_matching", "codes", 0.4, 0.8, (0.1, 0.1, 0.0))
    found += changes("ridge", "base", 0.5, 0.7, (0.1, 0.1, 0.0))
    answer = verdict(("semi_matching", "ridge"), found, Grounds(unexplained=(0.1, 0.75)))
    assert "75%" in answer.sentence
    assert "75%" not in answer.reasons[0]


@pytest.mark.parametrize(
    ("grounds", "words"),
    [
        (
            {"unexplained": (0.62, 0.1), "agreement": (0.9, 0.95)},
            "leave 62% of the variance of new",
        ),
        (
            {"unpredicted": (0.1, 0.7), "agreement": (0.9, 0.9)},
            "leave 70% of the variance of units",
        ),
        ({"agreement": (0.9, 0.6)}, "two seeds of one system agree only to 0.60"),
        ({"agreement": (0.9, 0.9)}, None),
        ({}, "One seed cannot tell"),
    ],
)
def test_a_loss_names_the_dictionaries_where_something_speaks_for_it(grounds, words):
    found = changes("semi_matching", "codes", 0.8, 0.5, (0.1, 0.1, 0.0))
    sentence = verdict(("semi_matching",), found, Grounds(**grounds)).sentence
    assert sentence.startswith("Unbraiding lowers alignment from 0.80 to 0.50")
    if words is None:
        assert sentence.endswith("-0.25]).")
    else:
        assert words in sentence
        assert ("The dictionaries are the cause" in sentence) == words.startswith(("leave", "two"))


def test_units_that_predict_what_codes_do_not_speak_for_the_dictionaries():
    found = changes("semi_matching", "codes", 0.8, 0.5, (0.1, 0.1, 0.0))
    found += changes("ridge", "base", 0.9, 0.6, (0.1, 0.1, 0.0))
    known = Grounds(agreement=(0.9, 0.9))
    sentence = verdict(("semi_matching", "ridge"), found, known).sentence
    assert "codes predict the other system's units to 0.60, units to 0.90" in sentence


@pytest.mark.parametrize(
    "low, high, words",
    [
        (-0.0049, 0.0049, "leaves"),
        (-0.0049, 0.0051, "not a reliable gain"),
        (-0.0051, 0.0049, "not a reliable gain"),
        (0.001, 0.0049, "leaves"),
        (-0.0049, -0.001, "leaves"),
        (-0.0060, -0.0051, "lowers"),
    ],
)
def test_a_difference_counts_from_the_second_decimal_on(low, high, words):
    """0.005 is where two decimals begin to show it, on either side of zero."""
    found = changes("semi_matching", "codes", 0.5, 0.5, (0.1, 0.1, 0.0))
    middle = (low + high) / 2
    found[0] = replace(found[0], after=0.5 + middle, value=middle, low=low, high=high)
    answer = verdict(("semi_matching",), found, Grounds())
    assert answer.tone == "no gain"
    assert words in answer.sentence


def test_how_near_the_best_control_comes_is_said():
    from unbraid.comparison.page._page import _how_near

    words = "They share more than their units show; no control explains it."
    assert _how_near(words, 0.4, 0.8, 0.5) == words
    assert "a control makes 75% of that gain" in _how_near(words, 0.4, 0.8, 0.7)
    found = changes("semi_matching", "codes", 0.4, 0.8, (0.3, 0.74, 0.0))
    answer = verdict(("semi_matching",), found, Grounds())
    assert answer.tone == "gain" and "reaches 0.74, 85% of the gain" in answer.sentence
