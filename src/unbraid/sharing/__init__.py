"""The second main job: one dictionary of several systems, and which features they share.

In the order in which to read: `_run` (the steps), `systems` (rows matched, units scaled),
`learning` (one dictionary of all units), `evidence` (which latents are shared), `_beside` (what it
is compared with), `_verdict`, `_joint` (the answer) and `page`.
"""

from unbraid._answers import Verdict
from unbraid.sharing._beside import Beside
from unbraid.sharing._config import JointConfig
from unbraid.sharing._joint import Joint
from unbraid.sharing._load import load_joint
from unbraid.sharing._run import joint
from unbraid.sharing._saved import KIND
from unbraid.sharing._verdict import SystemBound
from unbraid.sharing.evidence._evidence import Contrast, LeftOut
from unbraid.sharing.evidence._latents import Count, Latents
from unbraid.sharing.page._page import joint_page

__all__ = [
    "KIND",
    "Beside",
    "SystemBound",
    "Contrast",
    "Count",
    "Joint",
    "JointConfig",
    "Latents",
    "LeftOut",
    "Verdict",
    "joint",
    "joint_page",
    "load_joint",
]
