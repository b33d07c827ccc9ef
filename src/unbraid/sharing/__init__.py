"""The second main job: one dictionary of several systems, and which features they share."""

from unbraid.sharing._beside import Beside
from unbraid.sharing._config import JointConfig, read_joint_config
from unbraid.sharing._evidence import Contrast, LeftOut
from unbraid.sharing._joint import Count, Joint
from unbraid.sharing._latents import Latents
from unbraid.sharing._load import load_joint
from unbraid.sharing._run import joint
from unbraid.sharing._save import check_joint_free
from unbraid.sharing._verdict import Bound, JointVerdict
from unbraid.sharing.page._page import joint_page

__all__ = [
    "Beside",
    "Bound",
    "Contrast",
    "Count",
    "Joint",
    "JointConfig",
    "JointVerdict",
    "Latents",
    "LeftOut",
    "check_joint_free",
    "joint",
    "joint_page",
    "load_joint",
    "read_joint_config",
]
