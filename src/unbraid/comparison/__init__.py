"""The main job: two systems before and after unbraiding, beside the controls.

`_compare` reads as the steps: options (`_config`), order of the stimuli (`_order`), cost (`_cost`),
split (`_split`), `dictionaries` and `controls`, `scores` and differences, conclusion (`verdict`).
`_comparison` is the answer; `_saved` and `_load` keep and read it; `page` and `browser` show it.
"""

from unbraid._answers import Verdict, beside_of, check_free
from unbraid.comparison._compare import compare
from unbraid.comparison._comparison import Comparison
from unbraid.comparison._config import CompareConfig
from unbraid.comparison._load import load_comparison
from unbraid.comparison.browser._browser import browser_files
from unbraid.comparison.page._figures import best_control, score_figure
from unbraid.comparison.page._page import page
from unbraid.comparison.scores._answer import Change
from unbraid.comparison.scores._seed_means import mean_over_seeds

__all__ = [
    "Change",
    "CompareConfig",
    "Comparison",
    "Verdict",
    "beside_of",
    "best_control",
    "browser_files",
    "check_free",
    "compare",
    "load_comparison",
    "mean_over_seeds",
    "page",
    "score_figure",
]
