"""The main job: two systems before and after unbraiding, beside the controls."""

from unbraid.comparison._answer import Change, Verdict
from unbraid.comparison._compare import compare
from unbraid.comparison._comparison import Comparison
from unbraid.comparison._config import CompareConfig, read_config
from unbraid.comparison._load import load_comparison
from unbraid.comparison._save import beside_of, check_free, write_run
from unbraid.comparison.page._figures import score_figure
from unbraid.comparison.page._page import page

__all__ = [
    "Change",
    "CompareConfig",
    "Comparison",
    "Verdict",
    "beside_of",
    "check_free",
    "compare",
    "load_comparison",
    "page",
    "read_config",
    "score_figure",
    "write_run",
]
