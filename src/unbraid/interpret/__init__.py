"""Whether units stand for something: the truth where it is known, judges where it is not."""

from unbraid.interpret.additivity import (
    Composed,
    Contrast,
    additivity,
    analogy,
    sign_flip_p,
)
from unbraid.interpret.recovery import (
    best_correlations,
    dictionary_mcc,
    feature_correlations,
    matched_mean,
    mcc,
)
from unbraid.interpret.retrieval import retrieval_ranks

__all__ = [
    "Composed",
    "Contrast",
    "additivity",
    "analogy",
    "best_correlations",
    "dictionary_mcc",
    "feature_correlations",
    "matched_mean",
    "mcc",
    "retrieval_ranks",
    "sign_flip_p",
]
