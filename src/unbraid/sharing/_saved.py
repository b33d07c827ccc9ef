"""What a saved joint dictionary holds: every field, bit for bit."""

from __future__ import annotations

from unbraid import _state
from unbraid._answers import Verdict, codes_codec, config_codec
from unbraid.sharing._beside import Beside
from unbraid.sharing._config import JointConfig
from unbraid.sharing._evidence import Contrast, LeftOut
from unbraid.sharing._infer import Coder
from unbraid.sharing._latents import Count, Latents
from unbraid.sharing._stack import SystemScales
from unbraid.sharing._verdict import SystemBound
from unbraid.sparse import Encoder

KIND = "joint"

LAYOUT = _state.Layout(
    (Latents, Count, Contrast, LeftOut, Beside, SystemBound, Verdict, Coder, SystemScales, Encoder),
    (config_codec(JointConfig), codes_codec()),
)
"""The classes that a saved joint dictionary may hold; no other is ever created from a file."""
