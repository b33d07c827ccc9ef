"""A saved joint dictionary, read."""

from __future__ import annotations

from pathlib import Path

from unbraid._answers import kind_of, unpacked
from unbraid.errors import InputError
from unbraid.sharing._joint import Joint
from unbraid.sharing._saved import KIND, LAYOUT


def load_joint(folder: str | Path) -> Joint:
    """Return the joint dictionary that ``Joint.save`` wrote; see ``load_run``."""
    path = Path(folder).expanduser()
    if kind_of(path) != KIND:
        raise InputError(f"{path} holds another kind of result; it is none of unbraid.joint.")
    answer: Joint = unpacked(Joint, path, LAYOUT, "join again")
    return answer
