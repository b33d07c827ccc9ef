"""The third step: how interpretable units, codes and baselines are."""

from unbraid._answers import Verdict
from unbraid.evaluation._config import EvaluateConfig
from unbraid.evaluation._evaluate import evaluate
from unbraid.evaluation._evaluation import Evaluation
from unbraid.evaluation._save import KIND
from unbraid.evaluation._side_score import BaselineContrast, SideScore, title_of
from unbraid.evaluation._thumbnails import thumbnails
from unbraid.evaluation.human_test import human_trials, write_test

__all__ = [
    "KIND",
    "BaselineContrast",
    "EvaluateConfig",
    "Evaluation",
    "SideScore",
    "Verdict",
    "evaluate",
    "human_trials",
    "thumbnails",
    "title_of",
    "write_test",
]
