"""Imports only go down, the names promised exist, and the door stays light."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import unbraid

SOURCE = Path(unbraid.__file__).parent

# Lower rooms first; rooms of one level are neighbours and never import each other.
LEVELS = [
    {"errors"},
    {
        "_validate",
        "_asking",
        "_config",
        "_parse",
        "_progress",
        "_kernels",
        "_severity",
        "_terminal",
        "_folders",
        "_optional",
        "_torch",
    },
    {"responses"},
    {"stats"},
    {"align", "sparse", "interpret", "theory", "worlds", "report"},
    {"comparison"},
    {"studies"},
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


def imported_rooms(tree):
    """Yield the rooms of `unbraid` that a module's imports name."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
            if node.module == "unbraid":
                names = [f"unbraid.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "unbraid" and len(parts) > 1:
                yield parts[1]


def violations(room, imported):
    """Name each import of `room` that does not go down."""
    return [
        f"{room} -> {other}"
        for other in imported
        if other != room and other in LEVEL and LEVEL[other] >= LEVEL[room]
        if not (room in LEVELS[1] and other in LEVELS[1])
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_imports_only_go_down(room):
    assert room in LEVEL, f"{room} is a new room: give it a level in this test"
    path = SOURCE / room
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    found = [
        f"{file.name}: {violation}"
        for file in files
        for violation in violations(room, imported_rooms(ast.parse(file.read_text())))
    ]
    assert found == []


def test_the_check_of_imports_can_fail():
    source = "from unbraid.report import render\nfrom unbraid import sparse\nimport unbraid.stats"
    imported = list(imported_rooms(ast.parse(source)))
    assert violations("align", imported) == ["align -> report", "align -> sparse"]


@pytest.mark.parametrize("name", sorted(unbraid.__all__))
def test_promised_names_exist(name):
    assert getattr(unbraid, name) is not None


@pytest.mark.parametrize("room", [r for r in ROOMS if (SOURCE / r).is_dir() and r != "_kernels"])
def test_table_of_contents_of_each_room_is_true(room):
    module = importlib.import_module(f"unbraid.{room}")
    assert sorted(set(module.__all__)) == sorted(module.__all__)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize("statement", ["import unbraid", "import unbraid.cli"])
def test_the_door_leaves_heavy_libraries_alone(statement):
    heavy = "torch ot sklearn pandas matplotlib numba torchvision transformers"
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
