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


HELD = (
    "Comparison", "Dictionary", "Evaluation", "Joint", "Method", "Responses", "Results", "Score",
    "Store", "UnitScores",
)  # fmt: skip
# classes that users hold: their methods say what they take and return
INSIDE = {
    "Comparison": {"check_scored", "with_warnings"}, "Joint": {"with_warnings"},
    "Dictionary": {"transformed", "centred", "with_evidence"},
}  # fmt: skip
# methods of these that the library itself calls
SUMMARY = {"GL03", "GL06", "GL07", "GL08", "SS01", "SS03", "SS06", "PR02"}


def methods(kind):
    """Yield name, what holds the docstring, and whether it is a property, of a class's own."""
    for name, thing in vars(kind).items():
        inner = getattr(thing, "__func__", getattr(thing, "fget", getattr(thing, "func", thing)))
        if not name.startswith("_") and inspect.isfunction(inner):
            yield name, inner, not (inspect.isfunction(thing) or hasattr(thing, "__func__"))


def faults_of_methods(path, kind):
    """Return what is missing in the docstrings of a class's methods and properties.

    Every one has a summary. Methods of classes that users hold have their parameters and what
    they return; without parameters a summary that begins with "Return" is enough, and so is a
    reference to the function that a method calls (see ``...``).
    """
    found = []
    for name, inner, is_property in methods(kind):
        text = inspect.getdoc(inner) or ""
        asked = SUMMARY
        inside = name in INSIDE.get(kind.__name__, ())
        if kind.__name__ in HELD and not is_property and not inside and "see ``" not in text:
            asked = set(REQUIRED) - {"EX01"}
            if len(inspect.signature(inner).parameters) == 1 and text.startswith("Return"):
                asked = asked - {"RT01"}
        errors = validate(get_doc_object(inner))["errors"]
        found += [f"{path}.{name} {code}: {said}" for code, said in errors if code in asked]
    return found


@pytest.mark.parametrize("room", DONE)
def test_the_reference_of_methods_is_complete(room):
    kinds = {path: thing for path, thing in public(room).items() if inspect.isclass(thing)}
    found = [line for path, kind in kinds.items() for line in faults_of_methods(path, kind)]
    assert found == []


def test_the_classes_that_users_hold_are_read():
    kinds = {
        thing.__name__: thing
        for room in DONE
        for thing in public(room).values()
        if inspect.isclass(thing)
    }
    assert set(HELD) <= set(kinds)
    for name, inside in INSIDE.items():
        assert inside <= {method for method, *_ in methods(kinds[name])}


def test_a_fault_of_a_method_is_found():
    class Score:
        """A score."""

        def bare(self):
            return self

        def poor(self, x):
            """Return x."""
            return x

        @property
        def value(self):
            """No period"""
            return 0

    assert {line.split(":")[0] for line in faults_of_methods("s", Score)} == {
        "s.bare GL08", "s.poor PR01", "s.poor RT01", "s.value SS03",
    }  # fmt: skip


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
