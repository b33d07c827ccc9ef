"""Numbers that tune behaviour say why they are what they are, and have one value each."""

import importlib.util
import sys
from pathlib import Path

_spec = importlib.util.spec_from_file_location(
    "house", Path(__file__).parent.parent / "scripts" / "house.py"
)
house = importlib.util.module_from_spec(_spec)
sys.modules["house"] = house  # dataclasses look their module up
_spec.loader.exec_module(house)

TEXTS = {name: file.read_text() for name, file in house.files_of(house.SOURCE).items()}


def test_every_constant_has_a_reason():
    bare = [
        f"{module}:{one.line} {one.name} = {one.value}"
        for module, text in TEXTS.items()
        for one in house.constants_of(text)
        if not one.explained
    ]
    assert bare == [], "say beside them why they have these values"


def test_a_name_has_one_value_in_a_room():
    assert house.two_values(TEXTS) == {}


def test_the_checks_can_fail():
    text = '''
_BARE = 3
_BESIDE, _PAIR = 4, 2.5  # beside
# above
_ABOVE = 2**20

_BELOW = {8: 1}
"""Below."""
_TEXT = "#"
_HASH = 5 if "#" else 6
lower = 3
'''
    found = {one.name: (one.value, one.explained) for one in house.constants_of(text)}
    assert found == {
        "_BARE": ("3", False),
        "_BESIDE": ("4", True),
        "_PAIR": ("2.5", True),
        "_ABOVE": ("2 ** 20", True),
        "_BELOW": ("{8: 1}", True),
    }
    texts = {"p.a.x": "_ROWS = 3", "p.a.y.z": "_ROWS = 4", "p.b": "_ROWS = 5"}
    assert house.two_values(texts) == {"p.a _ROWS": ["p.a.x = 3", "p.a.y.z = 4"]}
    assert house.two_values({"p.a.x": "_ROWS, _M = 3, 4", "p.a.y": "_ROWS = 3"}) == {}
