"""Closed forms and bounds: numbers in, numbers out.

Encodings ``a`` and ``b`` are arrays (n_features, n_units): the direction of each feature is a row,
and the responses are ``features @ a``.
"""

from unbraid.theory.additivity import additive_cosine, additive_from_parts, parts_cosine
from unbraid.theory.bound import (
    KNOWN_MODELS,
    KnownModel,
    boundary_table,
    features_possible,
    max_active,
    units_needed,
)
from unbraid.theory.capacity import (
    separable_fraction,
    separation_probability,
    units_to_separate,
)
from unbraid.theory.chance import (
    expected_maximum,
    expected_semi_matching,
    in_sample_bias,
    mixture_correlation,
    recovered_score,
)
from unbraid.theory.cka import (
    expected_cka,
    expected_cka_orthonormal,
    linear_cka,
    participation_ratio,
)
from unbraid.theory.geometry import cca, procrustes
from unbraid.theory.matching import (
    one_to_one,
    semi_matching,
    soft_matching,
    unit_correlations,
    unit_cosines,
)
from unbraid.theory.overlap import (
    Inversion,
    expected_overlap_cka,
    expected_overlap_r2,
    inversion,
)
from unbraid.theory.prediction import PREDICTABLE, predict
from unbraid.theory.regression import expected_r2, r2, r2_per_unit, ridge
from unbraid.theory.rsa import bernoulli_cumulants, expected_rsa, rsa

__all__ = [
    "KNOWN_MODELS",
    "PREDICTABLE",
    "Inversion",
    "KnownModel",
    "additive_cosine",
    "additive_from_parts",
    "bernoulli_cumulants",
    "boundary_table",
    "cca",
    "expected_cka",
    "expected_cka_orthonormal",
    "expected_maximum",
    "expected_overlap_cka",
    "expected_overlap_r2",
    "expected_r2",
    "expected_rsa",
    "expected_semi_matching",
    "features_possible",
    "in_sample_bias",
    "inversion",
    "linear_cka",
    "max_active",
    "mixture_correlation",
    "one_to_one",
    "participation_ratio",
    "parts_cosine",
    "predict",
    "procrustes",
    "r2",
    "r2_per_unit",
    "recovered_score",
    "ridge",
    "rsa",
    "semi_matching",
    "separable_fraction",
    "separation_probability",
    "soft_matching",
    "unit_correlations",
    "unit_cosines",
    "units_needed",
    "units_to_separate",
]
