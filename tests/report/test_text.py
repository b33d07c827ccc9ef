"""Numbers in sentences look like numbers in figures."""

import pytest

from unbraid.report._text import number, with_minus


@pytest.mark.parametrize("value", [-0.08, 0.08, -12.5, -0.001, 0.0])
def test_a_sentence_writes_numbers_as_figures_do(value):
    assert with_minus(f"from {value:.2f} to 1") == f"from {number(value)} to 1"


def test_hyphens_stay():
    text = "semi-matching of 2020-01-01, x-1, --set, [0.1-0.2]"
    assert with_minus(text) == text
