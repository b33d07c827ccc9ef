"""Scales, words, pictures and colours."""

import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbraid.report import _palette as palette
from unbraid.report import _png
from unbraid.report._text import interval, number, shorten, significant, text_width, wrap
from unbraid.report.draw._scale import scale

finite = st.floats(-1e6, 1e6, allow_subnormal=False).filter(lambda v: v == 0 or abs(v) > 1e-6)


@given(values=st.lists(finite, min_size=1, max_size=8), zero=st.booleans(), tight=st.booleans())
def test_a_scale_is_monotone_and_holds_every_value(values, zero, tight):
    x = scale(values, 10, 300, zero=zero, tight=tight)
    places = [x(v) for v in sorted(values)]
    assert places == sorted(places)
    assert all(10 - 1e-6 <= place <= 300 + 1e-6 for place in places)
    assert all(10 - 1e-3 <= x(tick) <= 300 + 1e-3 for tick, _ in x.ticks)
    assert len({label for _, label in x.ticks}) == len(x.ticks) <= 12
    if not tight:
        assert len(x.ticks) >= 2


@given(values=st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=8))
def test_a_logarithmic_scale_gives_equal_room_to_equal_ratios(values):
    x = scale(values, 0, 300, log=True)
    assert all(-1e-6 <= x(v) <= 300 + 1e-6 for v in values)
    middle = math.sqrt(x.low * x.high)
    assert x(middle) == pytest.approx(150, abs=1e-6)
    assert 1 <= len(x.ticks) <= 14


def test_a_domain_is_widened_and_never_cuts_a_value_off():
    inside, outside = scale([0.2], 0, 1, domain=(0, 1)), scale([-0.3], 0, 1, domain=(0, 1))
    assert (inside.low, inside.high) == (0, 1)
    assert (outside.low, outside.high) == (-0.3, 1)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 1, ["0", "0.25", "0.50", "0.75", "1.00"]),
        (-0.5, 0.5, ["−0.50", "−0.25", "0", "0.25", "0.50"]),
        (0, 40_000, ["0", "10k", "20k", "30k", "40k"]),
        (0, 7, ["0", "2", "4", "6", "8"]),
    ],
)
def test_ticks_are_round_numbers(low, high, labels):
    assert [label for _, label in scale([low, high], 0, 300).ticks] == labels


def test_logarithmic_ticks_are_round_numbers():
    assert [t for _, t in scale([1, 1e6], 0, 300, log=True).ticks] == ["1", "100", "10k", "1M"]
    assert [t for _, t in scale([1e-8, 1e-4], 0, 150, log=True).ticks][0] == "10⁻⁸"


@pytest.mark.parametrize(("high", "ticks"), [(3, ["1", "2", "3"]), (11, ["5", "10"])])
def test_counts_have_ticks_at_whole_numbers(high, ticks):
    assert [t for _, t in scale([1, high], 0, 280, tight=True, whole=True).ticks] == ticks


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [
        (0.126, 2, "0.13"),
        (-0.126, 2, "−0.13"),
        (-0.0, 2, "0.00"),
        (0.0, 2, "0.00"),
        (-0.0004, 2, "0.00"),
        (-10.0, 0, "−10"),
        (1234.6, 0, "1,235"),
        (-2.5e12, 2, "−2.5e12"),
        (float("nan"), 2, "—"),
        (float("-inf"), 2, "—"),
    ],
)
def test_numbers_as_written(value, digits, said):
    assert number(value, digits) == said


def test_small_numbers_keep_their_leading_digits():
    said = [significant(v) for v in (-0.000123456, 0.5, 12345.6, float("nan"))]
    assert said == ["−0.000123", "0.5", "1.23e4", "—"]


def test_half_an_interval_is_none():
    assert interval(0.1, 0.2) == "[0.10, 0.20]"
    assert interval(0.1, float("nan")) == interval(float("-inf"), 0.2) == ""


@given(text=st.text(max_size=60), width=st.floats(30, 300), lines=st.integers(1, 3))
def test_wrapped_text_fits(text, width, lines):
    wrapped = wrap(text, width, 13, lines)
    assert 1 <= len(wrapped) <= lines
    assert all(text_width(line, 13) <= width + 1e-9 for line in wrapped)


def test_wrapping_loses_nothing_while_there_is_room():
    text = "codes of a dictionary that was never trained"
    assert " ".join(wrap(text, 120, 13, 9)) == text
    assert shorten("ab", 1, 13) == "a…"


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (5, 7, 4), (1, 1)])
def test_pictures_are_read_back_exactly(rng, shape):
    from matplotlib.image import imread

    image = rng.integers(0, 256, size=shape).astype(np.uint8)
    read = imread(io.BytesIO(_png.png(image)), format="png")
    found = np.round(read * 255).astype(np.uint8)
    np.testing.assert_array_equal(found.reshape(shape), image)
    assert _png.data_uri(image).startswith("data:image/png;base64,")


def test_a_view_of_a_larger_picture_is_written_as_seen(rng):
    image = rng.integers(0, 256, size=(6, 8)).astype(np.uint8)
    assert _png.png(image[::2, ::-1]) == _png.png(image[::2, ::-1].copy())


def luminance(colour):
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, two):
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_by_hand():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("colours", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
def test_words_and_marks_stand_out_from_the_paper(colours):
    words = ("ink", "soft", "muted", "before", "after", "control", "prediction", "ceiling")
    series = palette.SERIES
    for name in (*words, *series, "gain", "no-gain", "explained-by-control", "cannot-help"):
        assert contrast(colours[name], colours["paper"]) >= 4.5, name  # WCAG AA, text
    for name in ("null", "faint"):
        assert contrast(colours[name], colours["paper"]) >= 3, name  # WCAG AA, graphics
    for name in ("hot", "cold", "raised"):
        assert contrast(colours["ink"], colours[name]) >= 4.5, name


def test_both_themes_have_the_same_colours():
    assert palette.LIGHT.keys() == palette.DARK.keys()
