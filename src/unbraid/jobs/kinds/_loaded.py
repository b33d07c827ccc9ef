"""Responses that jobs read: each file once, while a process has room for it."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from unbraid.jobs._inputs import File, check_unchanged

if TYPE_CHECKING:
    from unbraid.responses import Responses

_KEPT = 2**29  # bytes of responses that a process keeps for its next jobs
_loaded: OrderedDict[str, Responses] = OrderedDict()


def load(file: File) -> Responses:
    """Load a system, checked to hold what it held; kept for the next jobs of this process.

    Raises
    ------
    InputError
        It changed since the sweep was planned.
    """
    from unbraid import responses

    key = json.dumps([file.path, file.sha256, file.options], sort_keys=True)
    check_unchanged(file)
    if key in _loaded:
        _loaded.move_to_end(key)
        return _loaded[key]
    found = responses.load(file.path, **file.options)
    _loaded[key] = found
    while len(_loaded) > 1 and sum(map(_size, _loaded.values())) > _KEPT:
        _loaded.popitem(last=False)
    return found


def _size(held: Responses) -> int:
    values: Any = held.values
    return int(values.data.nbytes if held.is_sparse else values.nbytes)
