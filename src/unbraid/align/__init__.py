"""How alike two systems answer: one metric a file, each ``align.<metric>(x, y) -> Score``."""

from unbraid.align import streamed
from unbraid.align._axis_test import AxisTest, axis_test
from unbraid.align._bands import VariancePartition, variance_partition
from unbraid.align._best_of import Selection, best_of
from unbraid.align._canonical import cca, pwcca, svcca
from unbraid.align._catalogue import METRICS, Metric
from unbraid.align._cka import cka, cka_debiased
from unbraid.align._difference import difference
from unbraid.align._distances import shape_distance, soft_matching_distance
from unbraid.align._jaccard import jaccard
from unbraid.align._kernel_cka import kernel_cka
from unbraid.align._max_pairwise import max_pairwise
from unbraid.align._neighbours import cknna, mutual_knn
from unbraid.align._nuisance import without_nuisance
from unbraid.align._one_to_one import one_to_one
from unbraid.align._pls import pls
from unbraid.align._procrustes import procrustes
from unbraid.align._ridge import ridge, ridge_r2
from unbraid.align._rsa import rsa
from unbraid.align._score import Score
from unbraid.align._semi_matching import semi_matching
from unbraid.align._shared_pairs import SharedPairs, shared_pairs
from unbraid.align._soft_matching import soft_matching
from unbraid.align._subjects import SubjectCeiling, rsa_ceiling, subject_ceiling
from unbraid.align._weighted_rsa import weighted_rsa

__all__ = [
    "METRICS",
    "AxisTest",
    "Metric",
    "Score",
    "Selection",
    "SharedPairs",
    "SubjectCeiling",
    "VariancePartition",
    "axis_test",
    "best_of",
    "cca",
    "cka",
    "cka_debiased",
    "cknna",
    "difference",
    "jaccard",
    "kernel_cka",
    "max_pairwise",
    "mutual_knn",
    "one_to_one",
    "pls",
    "procrustes",
    "pwcca",
    "ridge",
    "ridge_r2",
    "rsa",
    "rsa_ceiling",
    "semi_matching",
    "shape_distance",
    "shared_pairs",
    "soft_matching",
    "soft_matching_distance",
    "streamed",
    "subject_ceiling",
    "svcca",
    "variance_partition",
    "weighted_rsa",
    "without_nuisance",
]
