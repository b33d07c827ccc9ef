"""Whether units stand for something: the truth where it is known, judges where it is not."""

from unbraid.interpret.recovery import (
    best_correlations,
    dictionary_mcc,
    feature_correlations,
    matched_mean,
    mcc,
)

__all__ = [
    "best_correlations",
    "dictionary_mcc",
    "feature_correlations",
    "matched_mean",
    "mcc",
]
