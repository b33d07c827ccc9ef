"""Sizes and habits that keep the house readable."""

import ast
import re
from pathlib import Path

import pytest

import unbraid

SOURCE = Path(unbraid.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))


def by_name(file):
    """Name a file in the package."""
    return str(file.relative_to(SOURCE))


NAMES = [by_name(file) for file in FILES]


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_a_file_holds_one_thing(file):
    assert len(file.read_text().splitlines()) <= 300, "is there a second room inside?"


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_arguments_are_not_checked_by_assert(file):
    asserts = [n.lineno for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.Assert)]
    assert asserts == [], "raise InputError: assertions vanish under -O"


@pytest.mark.parametrize("file", [f for f in FILES if "_kernels" not in f.parts], ids=by_name)
def test_few_positional_parameters(file):
    """A compiled loop takes its arrays one by one."""
    crowded = [
        node.name
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if len(node.args.posonlyargs + node.args.args) > 7
    ]
    assert crowded == [], "carry options in an object, or make them keyword-only"


def test_no_drawer_for_everything():
    drawers = {"utils", "helpers", "misc", "common"}
    assert [file for file in NAMES if Path(file).stem.strip("_") in drawers] == []


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_no_f_is_missing_before_a_string(file):
    assert unfilled(file.read_text()) <= {"{task.description}"}  # which rich fills


def unfilled(text):
    """Return what stands in braces in strings as if a value were to be filled in."""
    nodes = (n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant))
    texts = [value for value in nodes if isinstance(value, str)]
    return {found for each in texts for found in re.findall(r"{[a-z_]+[.][a-z_.]+}", each)}


def test_a_missing_f_is_found():
    assert unfilled('print("a {x.shape}" f"{y.z}", "{name}", "{1: 2}")') == {"{x.shape}"}
