"""What is declared is used, and what is used is declared."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import unbraid

SOURCE = Path(unbraid.__file__).parent
ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
HOMES = {"dask": "dask", "duckdb": "duckdb", "huggingface_hub": "huggingface-hub", "ot": "pot",
         "submitit": "submitit", "timm": "timm", "torchvision": "torchvision",
         "transformers": "transformers", "distributed": "distributed"}  # fmt: skip
ASKING = ("need", "import_module")
BY_OTHERS = {"h5netcdf"}  # by which xarray opens netCDF
AWAITED = {"dask", "distributed", "duckdb", "matplotlib", "submitit", "timm", "torchvision"}


def normal(name):
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", name)[0]).lower()


def declared(lines):
    """Return what requirement lines name, our own extras aside."""
    return {normal(line) for line in lines} - {"unbraid"}


def used(source):
    """Return the packages that a module imports, or asks for by name."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
            "need",
            "import_module",
        ):
            first = node.args[0]
            names = [first.value] if isinstance(first, ast.Constant) else []
        yield from {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"unbraid"}


def distributions():
    """Return every distribution that the package uses."""
    homes = packages_distributions()
    names = {name for file in SOURCE.rglob("*.py") for name in used(file.read_text())}
    return {normal(HOMES.get(name) or homes[name][0]) for name in names}


CORE = declared(PROJECT["dependencies"])
EXTRAS = {
    name: declared(lines)
    for name, lines in PROJECT["optional-dependencies"].items()
    if name not in ("dev", "docs")
}


def test_what_is_used_is_declared():
    assert distributions() - CORE - set.union(*EXTRAS.values()) == set()


def test_what_is_declared_is_used():
    assert CORE - distributions() == set()
    assert set.union(*EXTRAS.values()) - distributions() <= AWAITED | BY_OTHERS


def test_extras_are_not_in_the_core():
    assert CORE & set.union(*EXTRAS.values()) == set()
    assert CORE & {"torch", "pot", "matplotlib"} == set()


def test_the_search_for_what_is_used_sees_each_way_to_import():
    source = "import a.b\nfrom c.d import e\nneed('f.g', 'x', 'y')\nimport os\nimport unbraid.stats"
    assert set(used(source)) == {"a", "c", "f"}


@pytest.mark.parametrize("name", ["torch", "ot"])
def test_a_missing_package_is_said_where_it_is_imported(name):
    """``import torch`` would raise a bare ModuleNotFoundError: `unbraid._torch` says what to do."""
    plain = re.compile(rf"^ *(import|from) {name}\b", flags=re.M)
    found = [
        str(file.relative_to(SOURCE))
        for file in SOURCE.rglob("*.py")
        if file.name != "_torch.py"
        if plain.search(re.sub(r"if TYPE_CHECKING:\n( +.*\n)+", "", file.read_text()))
    ]
    assert found == []
