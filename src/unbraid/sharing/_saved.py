"""What a saved joint dictionary holds: every field, bit for bit."""

from __future__ import annotations

from unbraid import _state
from unbraid._answers import Verdict, codes_codec, config_codec
from unbraid.sharing._beside import Beside
from unbraid.sharing._config import JointConfig
from unbraid.sharing._verdict import SystemBound
from unbraid.sharing.evidence._evidence import Contrast, LeftOut
from unbraid.sharing.evidence._latents import Count, Latents
from unbraid.sharing.learning._infer import Coder
from unbraid.sharing.systems._stack import SystemScales
from unbraid.sparse import Encoder

KIND = "joint"

LAYOUT = _state.Layout(
    (Latents, Count, Contrast, LeftOut, Beside, SystemBound, Verdict, Coder, SystemScales, Encoder),
    (config_codec(JointConfig), codes_codec()),
)
"""The classes that a saved joint dictionary may hold; no other is ever created from a file."""
