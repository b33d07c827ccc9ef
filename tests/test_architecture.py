"""Imports only go down and in no circle, the names promised exist, and the door stays light."""

import ast
import importlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import unbraid

SOURCE = Path(unbraid.__file__).parent
_spec = importlib.util.spec_from_file_location(
    "house", Path(__file__).parent.parent / "scripts" / "house.py"
)
house = importlib.util.module_from_spec(_spec)
sys.modules["house"] = house  # dataclasses look their module up
_spec.loader.exec_module(house)

# Lower rooms first; rooms of one level are neighbours and never import each other.
LEVELS = [
    {"errors"},
    {
        "_validate",
        "_asking",
        "_config",
        "_documented",
        "_parse",
        "_progress",
        "_kernels",
        "_severity",
        "_terminal",
        "_folders",
        "_state",
        "_notebook",
        "_optional",
        "_torch",
    },
    {"responses"},
    {"stats", "_answers"},
    {"align", "sparse", "interpret", "theory", "worlds", "report"},
    {"comparison", "evaluation", "sharing"},
    {"studies", "example", "plot", "runs"},
    {"jobs", "doctor"},
    {"cli"},
    {"__main__"},
]
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
ROOMS = sorted(
    path.stem
    for path in SOURCE.iterdir()
    if path.stem in LEVEL or (path.suffix == ".py" and path.stem != "__init__") or path.is_dir()
    if path.name != "__pycache__"
)


IMPORTS = house.all_imports(SOURCE)
FILES = frozenset(house.files_of(SOURCE))

# What may be imported in a function: nobody who does not use it should wait for it, or need it.
LATE = {
    "PIL": "optional: pictures",
    "distributed": "optional: dask",
    "h5py": "optional: HDF5",
    "jinja2": "pages alone need it",
    "pandas": "optional: tables",
    "pyarrow": "optional: Parquet",
    "resource": "not there on Windows",
    "rich": "progress alone needs it",
    "scipy": "its optimize, special, stats, io and integrate are slow to import",
    "sklearn": "slow to import",
    "submitit": "optional: Slurm",
    "threadpoolctl": "optional",
    "importlib": "the version alone needs it",
    "unbraid._torch": "torch",
    "unbraid._kernels": "compiled by numba",
    "unbraid.align.matching.solvers._dense_search": "compiled by numba",
    "unbraid.align.matching.solvers._sparse_matched": "compiled by numba",
    "unbraid.align.matching.solvers._sparse_plans": "compiled by numba",
    "unbraid.align.matching.solvers._sparse_weighted": "compiled by numba",
    "unbraid.worlds._toy_kernel": "compiled by numba",
    "unbraid.sparse.autoencoders._dense_net": "made of torch",
    "unbraid.sparse.autoencoders._device_topk_net": "made of torch",
    "unbraid.sparse.inference._encoder_on_device": "made of torch",
    "unbraid.sparse.training._device_descent": "made of torch",
    "unbraid.sparse.autoencoders._published_loop": "made of torch",
    "unbraid.sparse.crosscoders._universal_net": "made of torch",
    "unbraid.responses.networks.architectures": "made of torch",
    "unbraid.sparse.estimator": "scikit-learn",
}
# a command, or a kind of job, imports what it needs when it runs
FRONT = ("unbraid.cli", "unbraid.__main__", "unbraid.jobs.kinds")


def room_of(module):
    """Return the room of a module; the package's own door is none."""
    return module.split(".")[1] if module.startswith("unbraid.") else None


def violations(imports):
    """Name each import that does not go down."""
    return [
        f"{one.file}:{one.line} -> {one.module}"
        for one in imports
        if (room := room_of(one.file)) != (other := room_of(one.module))
        and room in LEVEL
        and other in LEVEL
        and LEVEL[other] >= LEVEL[room]
        and not (room in LEVELS[1] and other in LEVELS[1])
    ]


def late(imports):
    """Name each import in a function of something that is not on the list."""
    return [
        f"{one.file}:{one.line} -> {one.module}"
        for one in imports
        if one.late and not one.file.startswith(FRONT) and not _allowed(one.module)
    ]


def _allowed(module):
    return module == "unbraid" or any(module == m or module.startswith(f"{m}.") for m in LATE)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_only_go_down(room):
    assert room in LEVEL, f"{room} is a new room: give it a level in this test"
    assert violations([one for one in IMPORTS if room_of(one.file) == room]) == []


def test_no_file_imports_itself_by_way_of_others():
    assert house.circles(IMPORTS, FILES) == []


def test_imports_stand_at_the_top_of_a_file():
    assert late(IMPORTS) == [], "import at the top, or give the reason in LATE"


def test_the_list_of_late_imports_is_in_use():
    used = {one.module for one in IMPORTS if one.late}
    idle = [m for m in LATE if not any(u == m or u.startswith(f"{m}.") for u in used)]
    assert idle == []


def read(name, text, package=False):
    return list(house.imports_of(name, text, FILES, package=package))


def test_the_check_of_imports_can_fail():
    source = """
from unbraid.report import render
from ..sparse import fit
import unbraid.stats

def f():
    from ... import comparison
    import scipy.stats, requests
"""
    found = read("unbraid.align.geometry._x", source.replace("from ..sparse", "from ...sparse"))
    assert [one.module for one in found] == [
        "unbraid.report", "unbraid.sparse", "unbraid.stats", "unbraid.comparison", "scipy.stats",
        "requests",
    ]  # fmt: skip
    assert violations(found) == [
        "unbraid.align.geometry._x:2 -> unbraid.report",
        "unbraid.align.geometry._x:3 -> unbraid.sparse",
        "unbraid.align.geometry._x:7 -> unbraid.comparison",
    ]
    assert late(found) == [
        "unbraid.align.geometry._x:7 -> unbraid.comparison",
        "unbraid.align.geometry._x:8 -> requests",
    ]
    assert [one.module for one in read("unbraid.align", "from . import _score", True)] == [
        "unbraid.align._score"
    ]
    types = "if TYPE_CHECKING:\n    from unbraid.report import render"
    assert read("unbraid.align._x", types) == []


def test_the_check_of_circles_can_fail():
    a = "def f():\n    from unbraid.align._scale import b"
    b = "from unbraid.align import _dense"
    c = "from . import _score"
    found = [
        *read("unbraid.align._score", a), *read("unbraid.align._scale", b),
        *read("unbraid.align._dense", c), *read("unbraid.align._order", c),
    ]  # fmt: skip
    circle = ["unbraid.align._dense", "unbraid.align._scale", "unbraid.align._score"]
    assert house.circles(found, FILES) == [circle]
    assert house.circles(found[1:], FILES) == []


@pytest.mark.parametrize("name", sorted(unbraid.__all__))
def test_promised_names_exist(name):
    assert getattr(unbraid, name) is not None


@pytest.mark.parametrize("room", [r for r in ROOMS if (SOURCE / r).is_dir() and r != "_kernels"])
def test_table_of_contents_of_each_room_is_true(room):
    module = importlib.import_module(f"unbraid.{room}")
    assert sorted(set(module.__all__)) == sorted(module.__all__)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_rooms_name_files_that_they_have():
    lost = [
        f"{path.parent.relative_to(SOURCE)}: {name}"
        for path in SOURCE.rglob("__init__.py")
        for name in re.findall(r"`(_\w+)`", ast.get_docstring(ast.parse(path.read_text())) or "")
        if not ((path.parent / name).is_dir() or (path.parent / f"{name}.py").is_file())
    ]
    assert lost == []


@pytest.mark.parametrize("statement", ["import unbraid", "import unbraid.cli"])
def test_the_door_leaves_heavy_libraries_alone(statement):
    heavy = "torch ot sklearn pandas matplotlib numba torchvision transformers scipy pydantic"
    code = f"{statement}; import sys; print(*[m for m in {heavy.split()!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_nothing_is_unpickled():
    banned = (
        "import pickle",
        "allow_pickle=True",
        "weights_only=False",
        "yaml.load(",
        "joblib.load",
    )
    found = [
        f"{file.relative_to(SOURCE)}: {word}"
        for file in SOURCE.rglob("*.py")
        for word in banned
        if word in file.read_text()
    ]
    assert found == []
