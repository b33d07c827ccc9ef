"""Responses from an array of a file whose axes are named, or stand in another order."""

from __future__ import annotations

from typing import Any

from unbraid.responses._formats.meaning._axes import arranged, naming
from unbraid.responses._formats.meaning._dimensions import labels_of
from unbraid.responses._formats.meaning._wanted import Wanted
from unbraid.responses.labelled._responses import Responses


def arrange(array: Any, axes: str | None, where: str, **options: Any) -> Responses:
    """Return responses from an array with named axes; errors name the file."""
    with naming(where, array, axes):
        return Responses(**vars(arranged(array, axes, **options)))


def of_array(where: str, array: Any, wanted: Wanted) -> Responses:
    """Return the responses that an array with named dimensions holds; errors name the file."""
    labels = labels_of(where, array, wanted)
    with naming(where, labels.values, "named"):
        return Responses(**vars(labels))
