"""What a saved comparison holds: every field, bit for bit, except the codes of controls."""

from __future__ import annotations

from typing import Any

from unbraid import _state
from unbraid._answers import Verdict, config_codec
from unbraid.align import Score
from unbraid.comparison._config import CompareConfig
from unbraid.comparison.lift._lift import Lifted
from unbraid.comparison.scores._answer import Change
from unbraid.comparison.verdict._predict import Prediction
from unbraid.responses import Codes
from unbraid.sparse import Correspondence, Dictionary, Encoder, Evidence, LatentKinds, Method
from unbraid.sparse._method import rebuilt
from unbraid.sparse.inference._prior import Prior

KIND = "comparison"


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


LAYOUT = _state.Layout(
    (
        Score,
        Change,
        Verdict,
        Prediction,
        Lifted,
        Dictionary,
        Encoder,
        Evidence,
        Prior,
        Correspondence,
        LatentKinds,
    ),  # fmt: skip
    (
        _state.Codec(Codes, _of_codes, _codes),
        config_codec(CompareConfig),
        _state.Codec(Method, lambda method: method.describe(), rebuilt),
    ),
    {"Lifted": frozenset({"controls"})},
)
"""The classes that a saved comparison may hold; no other is ever created from a file."""
