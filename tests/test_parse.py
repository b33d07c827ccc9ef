"""Choices are read from text, and nothing is run."""

import pytest

from unbraid._config import Config
from unbraid._parse import choice_of, parse_choice
from unbraid.errors import InputError


class Apple(Config):
    """An apple."""

    weight: float = 1.0
    """In grams."""


class Basket(Config):
    """What holds an apple."""

    of: Apple = Apple()
    """Its content."""


KINDS = {"Apple": Apple, "Basket": Basket}


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("Apple", Apple()),
        ("apple", Apple()),
        (" Apple(weight=3) ", Apple(weight=3)),
        ("Basket(of=Apple(weight=-2.5))", Basket(of=Apple(weight=-2.5))),
        ("Basket(of=Apple)", Basket()),
    ],
)
def test_reads_what_python_would(text, choice):
    assert parse_choice(text, KINDS) == choice


def test_describe_and_back():
    choice = Apple(weight=7)
    assert choice_of(choice.describe(), KINDS) == choice


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Aple", "did you mean 'Apple'"),
        ("Apple(wait=3)", "Apple has no option 'wait'"),
        ("Apple(3)", "is written Name"),
        ("Apple(**x)", "is written Name"),
        ("Apple(weight=open('f'))", "is written Name"),
        ("Apple(weight=a.b)", "must be a number, string, list or choice"),
        ("__import__('os').system('true')", "is written Name"),
        ("Apple(", "is written Name"),
        ("", "is written Name"),
        ("(" * 500, "is written Name"),
        ("x" * 100_000, "Unknown choice"),
        ("Apple(weight=1, weight=2)", "Option 'weight' is given twice"),
        ("Apple(weight=" + "-" * 3000 + "1)", "is written Name|must be a number"),
        (f"Apple(weight={'9' * 5000})", "is written Name|weight"),
        (f"Apple(weight={[0] * 100_000})", "weight"),
        ("Apple(\udcff=1)", "is written Name"),
    ],
)
def test_each_mistake_is_one_line(text, message):
    with pytest.raises(InputError, match=message) as caught:
        parse_choice(text, KINDS)
    assert len(str(caught.value)) < 500
