"""Every public name says what it takes, returns and shows: numpydoc's validator reads them all."""

import dataclasses
import inspect
from importlib import import_module

import pydantic
import pytest
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate

import unbraid
from unbraid._config import Config
from unbraid._documented import documented_answer, documented_choice

# What numpydoc can find fault with and we ask of ourselves. Not asked: SA01 and ES01 (a See Also
# and an extended summary everywhere), SS05 (it takes nouns that end in s for verbs), RT04 and RT05
# (how a sentence of Returns begins and ends), GL01 (text begins on the first line, as ruff wants).
REQUIRED = {
    "GL03": "no double blank lines",
    "GL06": "no unknown section",
    "GL07": "sections in numpydoc's order",
    "GL08": "a docstring",
    "SS01": "a summary",
    "SS03": "the summary ends with a period",
    "SS06": "the summary fits in one line",
    "PR01": "all parameters are documented",
    "PR02": "no unknown parameter is documented",
    "PR03": "in the order of the signature",
    "PR04": "with a type",
    "PR06": "types are called as Python calls them",
    "PR07": "with what they mean",
    "PR10": "with a space before the colon of the type",
    "RT01": "a Returns section",
    "RT02": "one returned value has a type and no name",
    "RT03": "what is returned has a meaning",
    "YD01": "a Yields section",
    "EX01": "an example (of a function)",
}
FRONT = {
    "comparison": ["compare", "Comparison", "CompareConfig"],
    "evaluation": ["evaluate", "Evaluation", "EvaluateConfig"],
    "runs": ["load_run"],
    "errors": ["InputError", "UnbraidError"],
}  # what `unbraid` itself promises beside its rooms
DONE = [*unbraid._ROOMS, *FRONT]


def public(room):
    """Return the public functions and classes of a room, each where it is promised."""
    module = import_module(f"unbraid.{room}")
    names = FRONT.get(room) or module.__all__
    found = {f"{module.__name__}.{name}": getattr(module, name) for name in names}
    kinds = (inspect.isfunction, inspect.isclass)
    return {path: thing for path, thing in found.items() if any(is_a(thing) for is_a in kinds)}


def faults(path, thing):
    """Return what is missing in one docstring.

    A class is read in two ways. What its user makes has all of a function's ``Parameters``. An
    answer is never made by its user: it has ``Attributes``, and they are all of its fields.
    """
    errors = validate(get_doc_object(thing))["errors"]
    found = {code: said for code, said in errors if code in REQUIRED}
    if "\n    As in ``" in (inspect.getdoc(thing) or ""):  # parameters explained where they began
        found.pop("PR04", None)
    if inspect.isclass(thing):
        found.pop("EX01", None)
        if getattr(thing, "_is_protocol", False):  # which nobody makes
            found.pop("PR01", None)
        if "\nAttributes\n---" in (inspect.getdoc(thing) or "") and dataclasses.is_dataclass(thing):
            found.pop("PR01", None)
            if missing := fields(thing) - set(listed(thing)):
                found["fields"] = f"without a meaning: {sorted(missing)}"
    return [f"{path} {code}: {said}" for code, said in found.items()]


def fields(kind):
    """Return the names of a dataclass's fields that anybody may read."""
    return {field.name for field in dataclasses.fields(kind) if not field.name.startswith("_")}


def listed(kind):
    """Return the names under ``Attributes``: lines that are not indented, before a colon."""
    section = inspect.cleandoc(kind.__doc__).split("\nAttributes\n")[1].split("\n\n")
    lines = [line for line in "\n".join(section).splitlines() if " : " in line and line[0] != " "]
    return [name.strip() for line in lines for name in line.split(" : ")[0].split(",")]


@pytest.mark.parametrize("room", DONE)
def test_the_reference_is_complete(room):
    assert [line for path, thing in public(room).items() for line in faults(path, thing)] == []


def test_no_name_of_the_front_door_is_forgotten():
    promised = {name for name, home in unbraid._HOMES.items() if home not in unbraid._ROOMS}
    assert promised <= {name for names in FRONT.values() for name in names}
    assert set(DONE) <= {*unbraid._ROOMS, *FRONT}


def test_a_configuration_says_its_options_and_their_defaults():
    class Choice(Config):
        """A choice.

        Notes
        -----
        A note.
        """

        n: int = pydantic.Field(default=3, ge=1)
        """How many"""
        word: str | None = None
        """Which word; none: any."""

    assert Choice.__doc__ == inspect.cleandoc(
        """A choice.

        Parameters
        ----------
        n : int, at least 1, default 3
            How many.
        word : str, optional
            Which word; none: any.

        Notes
        -----
        A note.
        """
    )


@documented_answer
@dataclasses.dataclass
class Answer:
    """An answer."""

    value: float | None = None
    """Mean."""
    silent: int = 0


@documented_choice
@dataclasses.dataclass
class Told:
    """Text of its own.

    Parameters
    ----------
    value : float
        As it is.
    """

    value: float = 0.0
    """Not this."""


def test_a_dataclass_says_what_its_fields_are():
    section = "Attributes\n----------\nvalue : float or None\n    Mean."
    assert Answer.__doc__ == f"An answer.\n\n{section}"
    assert Answer().__doc__ == Answer.__doc__
    assert Told.__doc__.endswith("    As it is.")


def test_a_field_without_a_meaning_is_found():
    assert fields(Answer) - set(listed(Answer)) == {"silent"}


def bare(x):
    return x


def poor(x):
    """Return the same."""
    return x


@pytest.mark.parametrize("thing, wanted", [(bare, {"GL08:"}), (poor, {"PR01:", "RT01:", "EX01:"})])
def test_a_fault_is_found(thing, wanted):
    assert {line.split()[1] for line in faults("here", thing)} == wanted
