"""What a saved comparison holds: every field, bit for bit, except the codes of controls."""

from __future__ import annotations

from unbraid import _state
from unbraid._answers import Verdict, codes_codec, config_codec
from unbraid.align import Score
from unbraid.comparison._config import CompareConfig
from unbraid.comparison.dictionaries._system import Lifted
from unbraid.comparison.scores._answer import Change
from unbraid.comparison.streamed._answer import Streamed
from unbraid.comparison.verdict._predict import Prediction
from unbraid.interpret import UnitScores
from unbraid.sparse import Correspondence, Dictionary, Encoder, Evidence, LatentKinds, Method
from unbraid.sparse._method import rebuilt
from unbraid.sparse.inference._prior import Prior

KIND = "comparison"


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
        UnitScores,
        Streamed,
    ),  # fmt: skip
    (
        codes_codec(),
        config_codec(CompareConfig),
        _state.Codec(Method, lambda method: method.describe(), rebuilt),
    ),
    {"Lifted": frozenset({"controls"})},
)
"""The classes that a saved comparison may hold; no other is ever created from a file."""
