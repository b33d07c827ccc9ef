"""A comparison as it is saved: every field, bit for bit, but for the codes of controls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from unbraid import _state
from unbraid.align import Score
from unbraid.comparison._answer import Change, Verdict
from unbraid.comparison._config import CompareConfig
from unbraid.comparison._lift import Lifted
from unbraid.comparison._predict import Prediction
from unbraid.errors import InputError
from unbraid.responses import Codes
from unbraid.sparse import Dictionary, Encoder, Evidence, Method
from unbraid.sparse._method import rebuilt
from unbraid.sparse.inference._prior import Prior

KIND, FORMAT_VERSION = "comparison", 1
RESULT, ARRAYS = "result.json", "arrays.safetensors"


def packed(fields: dict[str, Any]) -> tuple[str, dict[str, np.ndarray]]:
    """Return the state that a comparison's fields are saved as, and its arrays by name."""
    plain, arrays = _state.pack(dict(fields), LAYOUT)
    return json.dumps({"version": FORMAT_VERSION, "fields": plain}, allow_nan=False), arrays


def read_arrays(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the state and the arrays of a run's file."""
    if not path.is_file():
        raise InputError(f"{path} is missing: the run is not whole. Compare again.")
    try:
        with safe_open(path, framework="numpy") as stream:
            told = stream.metadata() or {}
            arrays = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
        state = json.loads(told.get("state", "null"))
    except (SafetensorError, ValueError, OSError, RecursionError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path} is damaged or cut short: {reason}.") from None
    if not isinstance(state, dict):
        raise InputError(
            f"{path} was written before runs could be loaded; compare again to have such a run."
        )
    return state, arrays


def _of_codes(codes: Codes) -> dict[str, Any]:
    return {
        "data": codes.data,
        "indices": codes.indices,
        "indptr": codes.indptr,
        "shape": tuple(codes.shape),
        "stimuli": codes.stimuli,
        "gap": codes.gap,
        "made_by": codes.made_by,
        "taken": codes.taken,
    }


def _codes(fields: dict[str, Any]) -> Codes:
    parts = tuple(fields.pop(name) for name in ("data", "indices", "indptr"))
    made = Codes(parts, **fields)
    made.check_format(full_check=True)
    return made


def _config(described: dict[str, Any]) -> CompareConfig:
    return CompareConfig(**{name: value for name, value in described.items() if name != "name"})


LAYOUT = _state.Layout(
    (Score, Change, Verdict, Prediction, Lifted, Dictionary, Encoder, Evidence, Prior),
    (
        _state.Codec(Codes, _of_codes, _codes),
        _state.Codec(CompareConfig, lambda config: config.describe(), _config),
        _state.Codec(Method, lambda method: method.describe(), rebuilt),
    ),
    {"Lifted": frozenset({"controls"})},
)
"""What a saved comparison may hold; nothing else is ever made of a file."""
